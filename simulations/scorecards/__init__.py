"""How a run went: graded against the truth, summed up over seeds, shown as a table, JSON or a page with a timeline.

What belongs here: judging and showing. What does not: anything that could change a run.
"""
