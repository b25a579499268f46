"""Running plans: drives their sagas, applies their outcomes, and handles reports of executors and of the budget.

Does not belong here: the state machine of the saga, the budget and the rules of the breakers (``remediations``).
"""
