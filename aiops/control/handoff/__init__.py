"""Handoffs between agents: who may send what to whom, sending, retrying, and the reviews by oversight.

Does not belong here: what an agent's answer leads to (``aiops.control.events.answers``).
"""
