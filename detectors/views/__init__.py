"""The views of the bank: each measures in its own way how far a point is outside its series' usual range.

Belongs here: plain functions over numbers, one view a file, that the bank's compiled loop calls for every point. Each
gives a *ratio*: 1 is the edge of the usual range, 2 is twice as far. Does not belong here: state, time keeping,
episodes (``detectors.bank``), models that take microseconds a point (``detectors.model_tier``).

``protocol.py`` says what a view defines. A built-in view is listed in ``aiops.plugins`` and switched on by
``data.views``. The views whose state is in the bank's row are called in ``detectors.bank.judging``.
"""
