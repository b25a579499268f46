"""Runs the pure core: leadership and commits, effects and their answers, the gate before each step, virtual time.

Production, replays and the simulator run the same code: ``leadership`` (claim, recover, decide, commit, begin),
``dispatcher`` with ``answers`` (an effect, its port, the event that answers it), ``conversation`` (with the agents) and
``gate`` (whether a step may begin, and its outcome). None of them blocks: production drives them on threads
(``aiops.adapters``), replays and simulations in virtual time (``in_process``, ``virtual_ports``, ``agenda``).

Belongs here: every rule about effects, and the journal in memory. Does not belong here: threads, clocks, sockets,
databases, files and logs.
"""
