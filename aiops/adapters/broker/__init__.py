"""The embedded broker: a real single-node Apache Kafka, run from Python packages alone.

What belongs here gets Kafka's files (verified against kafka.lock), writes its configuration, and starts, stops and
watches its process. What does not: topics and records, which are the business of the streams adapters, and any broker
that somebody else runs (AIOPS_KAFKA=host:port).
"""
