"""Applications: the demonstration, doctor, replays, detection in tables, diagnosis of cases.

Belongs here: the steps of one application over adapters, the driver and simulations. The caller passes in the runtime
that the application needs (``aiops.bootstrap`` makes one). Does not belong here: reading the command line and printing
(``aiops.cli``).
"""
