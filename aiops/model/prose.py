"""Text for people. No decision reads it: the facts for decisions are in separate typed fields."""

from __future__ import annotations

from typing import NewType

Prose = NewType("Prose", str)
"""A sentence or a part of one. Code may show, store and join it, but must not compare, search or parse it."""

NOTHING = Prose("")
