"""The range: an estate of real services on one machine, planned from a seed.

Belongs here: everything that can be computed without a process, a clock or a file: the plan, the configuration of each
program, the load's shape, the inventory. Does not belong here: starting programs and writing files
(`aiops.apps.range`).
"""
