"""Telemetry of the simulated world: metrics, logs and spans as arrays, and their OTLP encodings.

Belongs here: names, units, noise, sampling and encoding. Does not belong here: anything that changes the world.
"""
