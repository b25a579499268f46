"""Bytes to arrays: the first stage of the data plane.

Belongs here: decoding of telemetry records (OTLP protobuf and JSON, Arrow, the keyed topic) to parallel arrays, the
table that gives each series its number, and the counting of what cannot be used. Does not belong here: polling,
scoring, or any decision about the values. Records come from outside: each may be broken, hostile or huge, and none
may stop the shard. ``formats.py`` defines what a format is; ``aiops.plugins`` lists the built-in formats.
"""
