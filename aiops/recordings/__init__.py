"""Recordings: telemetry and control events as they went over the wire, in files, and converters of public data sets.

Belongs here: reading and writing the format, and one converter per data set. Does not belong here: driving the runtime
with a recording (``aiops.apps``) and judging what it found (``tests.benchmarks.replay``).
"""
