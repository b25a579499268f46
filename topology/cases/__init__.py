"""Cases: one incident cut out for diagnosis, read from a folder and turned into episodes.

Belongs here: the case format and the robust shift of each series at the onset. Does not belong here: on-line
detection (``detectors``), which does not use this package.
"""
