"""The actions that the product may take on a fleet, and their bounds.

Belongs here: primitives, runbooks, sagas, policy, change windows, the blast-radius budget, breakers, verification. All
of it is pure: callers pass time and facts in. Does not belong here: execution (executors are in ``aiops.adapters``),
the choice of the incident to work on (the agents), the graph (impact comes in as plain data).
"""
