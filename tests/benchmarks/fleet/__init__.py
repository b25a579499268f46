"""Simulated fleets against one slot: ``python -m tests.benchmarks.fleet PART``."""
