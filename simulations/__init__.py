"""The simulator: a seeded fleet with faults, telemetry and actions, and the scenarios and scorecards built on it.

Belongs here: everything that simulates the environment of the product. Does not belong here: anything that the runtime
needs in production. Only tests, benchmarks and the `simulate` and `demo` commands import this package.
"""
