"""Scenarios: what goes wrong, who is there, and what should be found and done. The shipped ones are YAML files here.

What belongs here: reading and checking them. What does not: running (`simulations.running`) and judging them
(`simulations.scorecards`).
"""
