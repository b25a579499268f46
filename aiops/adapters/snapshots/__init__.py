"""Stores of slot snapshots: one format and one order of chains, over a folder or over an object store.

Does not belong here: what a snapshot contains (``aiops.agents.monitor.snapshots``) and when it is taken
(``aiops.adapters.shard``).
"""
