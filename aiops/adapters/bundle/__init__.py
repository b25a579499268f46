"""Loaders of the config bundle: the folder with settings, services, runbooks, policies and calendars.

Belongs here: reading the files and reporting an invalid one with its line. Does not belong here: their meaning
(``remediations``, ``aiops.settings``, ``aiops.model``).
"""
