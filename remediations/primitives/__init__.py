"""Primitives, the actions on a target, one file each, such as restart, scale, roll back, drain and set aside.

A primitive defines the eligible targets, the preconditions at the time of the effect, the bounds of its parameters, the
share of capacity at risk, its undo and its postcondition. It returns actions; executors run them. Does not belong here:
input or output, the choice of a primitive (runbooks), permission (policy). ``aiops.plugins`` lists the built-ins.
"""
