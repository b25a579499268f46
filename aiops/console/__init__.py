"""What people see and say over HTTP: pages, the API, incoming webhooks; and the one implementation of their commands.

Belongs here: FastAPI, HTML, the validation of commands before they are written to the inbox. Does not belong here:
what a command does (``aiops.control.events.commands``), and anything that goes out by itself (``aiops.adapters``).
"""
