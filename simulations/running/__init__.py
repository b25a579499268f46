"""Runs of a world under a virtual clock with a healer: the product, a naive rule, or none.

Belongs here: the loop, and the world's side of the product's ports. Does not belong here: the events of a run
(`simulations.scenarios`) and its grading (`simulations.scorecards`).
"""
