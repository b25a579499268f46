"""The estate (what exists), the kernel (how requests flow through it) and the world (time, faults, actions, truth).

What belongs here: state that the fleet itself has. What does not: how it is measured
(`simulations.telemetry`) and what goes wrong with it (`simulations.faults`).
"""
