"""Recordings: telemetry and control events as they went over the wire, in files; and what makes them of data sets.

What belongs here: reading and writing the format, and one converter a data set. What does not: driving the runtime with
a recording (``aiops.bootstrap.replaying``), and judging what it found (``tests.benchmarks.replay``).
"""
