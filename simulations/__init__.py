"""The fake world: a seeded fleet with faults, telemetry and actions, and what is built on it (scenarios, scorecards).

What belongs here: anything that stands in for reality. What does not: anything the runtime needs in production.
The rooms of the product never import from here; tests, benchmarks and the `simulate` and `demo` commands do.
"""
