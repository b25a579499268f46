"""One module for each kind of event: what it leads to.

Belongs here: telemetry and configuration (intake), agents' answers, timers, commands of people, tickets, and a start of
the orchestrator (recovery). Does not belong here: anything that two kinds of event share; that has a room below.
"""
