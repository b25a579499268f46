"""Witnesses: what the evidence says for or against each candidate cause, one belief a class.

Belongs here: witnesses, what they share, and their sentences. Does not belong here: how much each witness counts
(``topology.rankers.weighed``), how evidence is measured (``topology.evidence``).
"""
