"""The runtime over HTTP: pages, the API, incoming webhooks; and the one implementation of people's commands.

Belongs here: FastAPI, templates, the validation of commands before they are written to the inbox. Does not belong here:
what a command does (``aiops.control.events.commands``), and pages to people on call (``aiops.model.pages``,
``aiops.agents.paging``, ``aiops.adapters.paging``).
"""
