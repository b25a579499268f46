"""Internals of the monitoring agent: one slot's state and how records pass through it.

Belongs here: routing between slots, the account, the order of work within a slot, snapshots, readings. Does not belong
here: formats (``detectors.wire``), scores (``detectors.bank``), anything that reads a clock or a socket.
"""
