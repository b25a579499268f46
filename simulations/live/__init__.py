"""The simulated world in real time: it publishes telemetry through a producer and takes actions over HTTP.

Belongs here: pace, records and the endpoint. Does not belong here: Kafka (the caller passes the producer in) and the
behaviour of the world (`simulations.world`).
"""
