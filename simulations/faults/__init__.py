"""Faults: one class each, found by name through the registry.

A fault sets knobs of the world while it lasts, and defines the actions that repair it. It never uses the random streams
of other faults, arrivals or actions.
"""
