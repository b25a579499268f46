"""The vocabulary that every room speaks: plain frozen values, their enums, their errors and their codec.

Belongs here: what is passed between rooms or written to the journal. Does not belong here: behaviour that decides
anything, input or output, settings. This room imports nothing of the product.

Times are integers, nanoseconds since 1970 UTC, named ``at`` or ``…_at``; durations are named with their unit. Every
value that leaves a process carries ``domain``, so that tenants need no new keys.
"""
