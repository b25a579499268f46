"""Diagnoses of an incident: when analysis is asked, what a second diagnosis changes, and merging incidents.

Does not belong here: finding the cause (``aiops.agents.analysis`` and ``topology``).
"""
