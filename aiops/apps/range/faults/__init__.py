"""Makes the faults of `simulations.range.faults` happen in a running estate, and undoes them.

Belongs here: one class for each way of making a fault happen, and the run of one fault. Does not belong here: which
kinds there are and what is true about them.
"""
