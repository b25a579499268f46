"""The clocks of senders: progress in event time, clock skew and cadence of each resource that sends telemetry.

Belongs here: compiled loops over arrays of senders. Does not belong here: who a sender is, and what is told of it.
"""
