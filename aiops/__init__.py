"""A self-healing operations runtime: it detects incidents in telemetry and repairs them within bounds or escalates.

Rooms, lowest first: ``model``, ``settings``, ``ports``, ``plugins``, ``agents``, ``control``, ``driver``,
``recordings``, then ``adapters``, ``console`` and ``contracts``, then ``apps``, ``bootstrap``, ``cli``. This file holds
nothing.
"""
