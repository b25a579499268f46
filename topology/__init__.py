"""What needs what, and what follows from it: the graph of items, impact, root-cause ranking, suspects, correlation.

Belongs here: everything that is computed from items, edges and the times at which entities became unwell. Does not
belong here: how trouble is noticed, what is done about it, any clock or socket, any file but a case. This room
imports nothing itself.
"""
