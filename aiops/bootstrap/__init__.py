"""The composition root: the only room that knows all others.

Belongs here: reading the settings, making each part of the runtime with its real neighbours, starting and stopping
them together. Does not belong here: anything that decides, or talks to the outside itself.
"""
