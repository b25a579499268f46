"""Adapters: the only place where Ray, Kafka, databases, files and other people's systems are named.

Belongs here: code that performs effects or reads the outside through a Protocol of ``aiops.ports``, and translates its
library's errors once. Does not belong here: decisions.
"""
