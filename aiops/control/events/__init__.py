"""One module for each kind of event: the decision that it leads to.

Belongs here: telemetry and configuration (intake), agents' answers, timers, commands of people, tickets, and a start of
the orchestrator (recovery). Does not belong here: code that two kinds of event share; it belongs in a lower package.
"""
