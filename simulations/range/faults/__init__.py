"""Faults of an estate: their kinds, where each can happen, and the truth that is written before each happens.

Belongs here: everything that can be computed from the plan. Does not belong here: what makes a fault happen
(`aiops.apps.range.faults`).
"""
