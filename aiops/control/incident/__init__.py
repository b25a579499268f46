"""Incidents: opening, moving, joining and closing them, and paging people about them.

Belongs here: the only code that changes the membership of incidents; escalation; incidents of the runtime itself. Does
not belong here: the consequences of a diagnosis or a plan for an incident.
"""
