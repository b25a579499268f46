"""The specialised agents: monitoring, analysis, routing, resolution, oversight, triage. Pure, one file each.

An agent is a plain class with ``handle(handoff, view) -> handoffs``: message in, messages out. It reads no clock, no
socket, no file and no global, and keeps no state that a restart may not lose (monitoring apart, whose slots have
snapshots). What wraps it (Ray, the simulator, a test) is elsewhere.
"""
