"""Executors: what carries out orders on real targets, and the gate every order passes immediately before its effect.

Belongs here: one file a way of acting (HTTP, script). Does not belong here: any decision whether to act.
"""
