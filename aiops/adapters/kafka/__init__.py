"""Kafka clients behind our ports: consumers of the data plane, the producer, topics.

Belongs here: every use of ``kafka`` and ``confluent_kafka`` but the embedded broker. Does not belong here: what records
mean. Both consumers stand under one contract suite.
"""
