"""The composition root: the only package that imports all others.

Belongs here: making each part of the runtime with its real dependencies, and starting and stopping them together.
Does not belong here: decisions, and direct access to external systems.
"""
