"""An engine for a ``SeriesBank`` that judges a point by how rarely a healthy series shows as much.

Belongs here: the views as plain functions over numbers, one a file (``level``, ``novelty``, ``roughness``, ``flat``,
``season``), the tail that makes each of them a probability (``tail``), their sum (``evidence``), what is learned, and
the compiled loop. Does not belong here: intake, ring, snapshots and silence, which ``detectors.bank`` has for both
engines.

`aiops detect` runs this engine. Shards run the one of ``detectors.bank``.
"""
