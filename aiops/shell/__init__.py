"""Adapters: the only place where Ray, Kafka, databases and other people's systems are named.

What belongs here performs effects or reads the outside, implements a Protocol of aiops.ports, and translates its
library's errors once. What does not: decisions. An adapter that chooses is a core in the wrong room.
"""
