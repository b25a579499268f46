"""Kafka clients behind ``aiops.ports``: consumers of the data plane, the producer, topics.

Belongs here: every use of ``kafka`` and ``confluent_kafka`` but the embedded broker. Does not belong here: the meaning
of records. One contract suite tests both consumers.
"""
