"""What a metric means: one table from a metric's name to its role, direction, unit and limit.

Belongs here: the types of semantics, the table as data (one module per family), the matcher by words for names that the
table lacks, and the custom rows. Does not belong here: thresholds, scores and decisions about a metric. Custom rows
arrive as text; an adapter reads their file.
"""
