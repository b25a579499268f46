"""The specialised agents: monitoring, analysis, routing, resolution, oversight, triage. Pure, one file each.

An agent is a plain class with ``handle(handoff, view) -> handoffs``: message in, messages out. It reads no clock,
socket, file or global variable. A restart loses nothing, because agents keep no state except caches; only monitoring
keeps state, and its slots have snapshots. The code that wraps an agent (Ray, the simulator, a test) is elsewhere.
"""
