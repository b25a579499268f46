"""Runs the pure core: the gate before each effect, the dispatcher of effects, recovery, and the in-process loop.

The same code runs in production, in a replay and in the simulator. Belongs here: what decides whether an effect may
begin, what turns effects into calls of ports, and the journal in memory. Does not belong here: threads, sockets,
databases and files (``aiops.adapters``).
"""
