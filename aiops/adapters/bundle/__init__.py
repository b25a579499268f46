"""Loaders of the configuration bundle: the folder with settings, services, runbooks, policies and calendars.

Belongs here: reading the files and telling which one is wrong, with its line. Does not belong here: what they mean
(``remediations``, ``aiops.settings``, ``aiops.model``).
"""
