"""Diagnoses of an incident: when to request one, what a second diagnosis changes, and merging incidents.

Does not belong here: finding the cause (``aiops.agents.analysis`` and ``topology``).
"""
