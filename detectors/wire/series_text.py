"""Attributes of a series as text: a JSON object, sorted by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from json.encoder import encode_basestring


def attributes_text(attributes: Sequence[tuple[str, str]]) -> str:
    """Attributes as the text of a JSON object; empty where there are none."""
    if not attributes:
        return ""
    return "{" + ",".join([f"{encode_basestring(key)}:{encode_basestring(value)}" for key, value in attributes]) + "}"


def parse_attributes(text: str) -> tuple[tuple[str, str], ...]:
    """Sorted attributes from the text of a JSON object with values of text.

    Raises:
        ValueError: when it is none.
    """
    if not text:
        return ()
    pairs = json.loads(text)
    if not isinstance(pairs, dict):
        raise ValueError("attributes must be a JSON object")  # noqa: TRY004 (it is the text that is wrong)
    return tuple(sorted((key, value if isinstance(value, str) else json.dumps(value)) for key, value in pairs.items()))
