"""The state of the control plane: documents, the store that holds them, and one event's transaction.

Belongs here: document types, the lifecycle table, timers, invariants, the inbox rows, the views for agents. Does
not belong here: rules about a single kind of event.
"""
