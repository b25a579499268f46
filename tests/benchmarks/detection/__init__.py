"""How well detectors find what they are told to find: ``python -m tests.benchmarks.detection --help``.

Belongs here: the sets and their truth, the figures, the methods that stand beside the product, and the table.
Does not belong here: the product's own detection, which is run as `aiops detect` runs it (``product``).

A detector is any callable of ``protocol.Detector``: it gets rows in order, the first of them known as normal, and gives
two columns per entity. The harness runs it anew on prefixes of its input to see that no score depends on a later row.

Seeds below 1,000,000 are for choosing settings and for calibrating; reported figures use seeds from 1,000,000 on.
"""
