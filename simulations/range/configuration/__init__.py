"""Configuration files of the estate's programs, as text.

Belongs here: one module a program. Does not belong here: writing the files and starting the programs
(`aiops.apps.range`).
"""
