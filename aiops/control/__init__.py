"""The control plane's pure heart: one orchestrator, its state, lifecycle, channels, timers, ledger and audit chain.

Belongs here: everything that decides between an event and its effects. ``handle(event)`` gives the documents, timers
and effects that follow; whoever runs it writes them to the journal first and lets effects happen afterwards. Does not
belong here: clocks, sockets, files, databases (the shell), judgement of agents (``aiops.agents``).
"""
