"""What the product may do to a fleet, and under which bounds.

Belongs here: primitives, runbooks, sagas, policy, change windows, the blast-radius budget, breakers, verification; all
of it pure, with time and facts handed in. Does not belong here: carrying anything out (executors are in the shell),
deciding which incident is worked on (the agents), the graph (impact comes in as plain data).
"""
