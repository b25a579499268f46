"""Incidents: opening, moving, joining and closing them, and paging people about them.

Belongs here: the only code that changes what belongs to which incident, escalation, and incidents of the runtime
itself. Does not belong here: what a diagnosis or a plan means for an incident.
"""
