"""Scenarios: faults, approvers, and the expected diagnosis and actions. The shipped ones are YAML files in this folder.

Belongs here: reading and checking scenarios. Does not belong here: running (`simulations.running`) and grading them
(`simulations.scorecards`).
"""
