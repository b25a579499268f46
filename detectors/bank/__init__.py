"""The vectorised bank: all series of a slot, scored and learned in one compiled loop over each batch.

Belongs here: the layout of a series' state, the loop, episodes per series, the memory of recent values, snapshots. Does
not belong here: the formulas of the views (``detectors.views``), entities, records, the ledger.
"""
