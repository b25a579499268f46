"""Commands: each reads arguments, calls one thing in a lower room, and prints for people or as JSON.

What belongs here is wording, tables and exit codes. What does not: logic that another program might want.
"""
