"""Contract suites: rules for every extension of a kind, as plain functions that any test runner can call.

Belongs here: one module per kind with ``RULES``: functions of the extension that raise ``BrokenContractError``. They
depend on the product alone, and a plug-in's own tests can run them. Does not belong here: tests of one
implementation.
"""
