"""Commands. Each parses arguments, calls one function of a lower layer, and prints text or JSON.

Belongs here: wording, tables and exit codes. Does not belong here: logic that another program could use.
"""
