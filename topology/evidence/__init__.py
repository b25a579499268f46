"""Evidence about an incident from recorded tables: metrics, spans, logs, alerts; and when the trouble began.

Belongs here: summaries of series, robust and without a cap, and the onset. Does not belong here: what the figures say
about a cause (``topology.testimony``), the case format (``topology.cases``).
"""
