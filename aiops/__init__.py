"""A self-healing operations runtime: telemetry in, trouble found, healed inside bounds or escalated.

Rooms, lowest first: ``model``, ``settings``, ``ports``, ``agents``, ``control``, ``shell`` and ``console``,
``bootstrap``, ``cli``. This package itself holds nothing.
"""
