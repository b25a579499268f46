"""The range on this machine: installing its programs, starting an estate, its load, and its end.

Belongs here: processes, files and clocks of the range. Does not belong here: what can be computed from the plan
(`simulations.range`).
"""
