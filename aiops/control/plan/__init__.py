"""Plans under way: driving their sagas, learning from their outcomes, and what executors and the budget report.

Does not belong here: the saga's own state machine, the budget and the breakers' rules (``remediations``).
"""
