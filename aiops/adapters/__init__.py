"""Adapters: the only package that uses Ray, Kafka, databases, files and external systems.

Belongs here: code that performs effects or reads external data behind a Protocol of ``aiops.ports``, and translates its
library's errors. Does not belong here: decisions.
"""
