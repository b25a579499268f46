"""The control plane's pure core: one orchestrator, which turns an event into a decision.

Belongs here: everything that decides between an event and its effects. ``Orchestrator.handle(event)`` returns the
documents, timers and effects that follow. The driver writes them to the journal before it begins an effect. Does not
belong here: clocks, sockets, files, databases (``aiops.adapters``), the judgement of agents (``aiops.agents``).

Rooms, lowest first; a room imports only from rooms before it: ``state``, ``record``, ``incident``, ``handoff``,
``diagnosis``, ``plan``, ``events``, and ``orchestrator`` above all of them.
"""
