"""The estate (what exists), the kernel (how requests flow through it) and the world (time, faults, actions, truth).

Belongs here: the state of the fleet itself. Does not belong here: its measurement (`simulations.telemetry`) and its
faults (`simulations.faults`).
"""
