"""Baselines, one published method a module, each with its source and formula.

Belongs here: what the product is compared with. Does not belong here: anything that the product imports, or that
imports the product's analysis.
"""
