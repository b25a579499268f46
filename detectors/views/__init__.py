"""The cheap views: each looks at one series in its own way and says how far a point is from what is usual.

Belongs here: plain functions over numbers, one view a file, that the bank's compiled loop calls for every point. Each
gives a *ratio*: 1 is the edge of what the series does by itself, 2 is twice as far. Does not belong here: state, time
keeping, episodes (``detectors.bank``), models that cost microseconds (``detectors.river_tier``).
"""
