"""Contract suites: what every extension of a kind must do, as plain functions that any test runner can call.

Belongs here: one module a kind with ``RULES``, functions of the extension that raise ``BrokenContractError``. They need
nothing but the product itself, so that a plug-in's own tests can run them. Does not belong here: tests of one
implementation.
"""
