"""What runs an application: the demonstration, doctor, replays, detection in tables, diagnosis of cases.

Belongs here: the steps of one application over adapters, the driver and simulations. Whoever composes an application
hands in the runtime that it needs (``aiops.bootstrap``). Does not belong here: reading the command line, printing
(``aiops.cli``).
"""
