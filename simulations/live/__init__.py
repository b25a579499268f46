"""The same world in real time: it publishes to topics through a producer that it is given, and takes actions over HTTP.

What belongs here: pace, records and the endpoint. What does not: Kafka (whoever starts it hands the producer in) and
whatever the world does (`simulations.world`).
"""
