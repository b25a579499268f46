"""The data types that all packages share: plain frozen values, their enums, their errors and their codec.

Belongs here: values that are passed between packages or written to the journal. Does not belong here: decisions, input
or output, settings. This package imports no other package of the product.

Times are integers, nanoseconds since 1970 UTC, named ``at`` or ``…_at``; durations are named with their unit. Every
value that leaves a process carries ``domain``, the tenant's name.
"""
