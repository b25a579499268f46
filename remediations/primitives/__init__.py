"""The things that can be done to a target, one file each: restart, scale, roll back, shed load, fail over, clear cache.

A primitive says who is eligible, which preconditions must hold at the moment of the effect, what its parameters may
be, what it puts at risk, how it is undone, and how its success shows. It returns actions; executors carry them out.
Does not belong here: input or output, the choice of a primitive (runbooks), permission (policy).
"""
