"""What a metric means: one table from a metric's name to its role, direction, unit and limit.

Belongs here: the types of that answer, the table as data (one module a family), the matcher by words for names that the
table does not have, and the rows that people add. Does not belong here: thresholds, scores, and anything that decides
what to do about a metric. Rows of people come as text; whoever reads their file is an adapter.
"""
