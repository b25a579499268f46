"""Scorecards: runs graded against the truth, summarised over seeds, shown as a table, JSON or a page with a timeline.

Belongs here: grading and display. Does not belong here: anything that could change a run.
"""
