"""Recordings: files of telemetry and control events in their wire formats, and converters of public data sets.

Belongs here: reading and writing the format, and one converter per data set. Does not belong here: driving the runtime
with a recording (``aiops.apps``) and grading the results (``tests.benchmarks.replay``).
"""
