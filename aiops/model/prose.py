"""Text for people. Nothing is decided by it: what a decision needs stands beside it in a field of its own type."""

from __future__ import annotations

from typing import NewType

Prose = NewType("Prose", str)
"""A sentence or a part of one. It may be shown, stored and joined, and never compared, searched or parsed."""

NOTHING = Prose("")
