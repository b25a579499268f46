"""Replaces what identifies a person, a machine or a single request in a log line, before the line goes anywhere."""

from __future__ import annotations

import re
from functools import lru_cache

MOST_CHARS = 1000
"""What is read of a line; templates live in its beginning."""
MOST_TOKENS = 48

_PARTS = {
    "email": r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    "uuid": r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b",
    "secret": r"(?i:\b(?:bearer|token|password|passwd|secret|api[_-]?key|authorization)[ =:]+)\S+",
    "time": r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?",
    "mac": r"\b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b",
    "ip": r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b|(?<![\w:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:])",
    "hex": r"\b0[xX][0-9a-fA-F]+\b|\b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{8,}\b",
    "id": r"\b(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{12,}\b",
    "num": r"(?<![A-Za-z])[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?|(?<=[A-Za-z])\d+",
}
_PATTERN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PARTS.items()), re.ASCII)
_CONTROL = dict.fromkeys([*range(32), 127], " ")


def _replacement(match: re.Match[str]) -> str:
    return f"<{match.lastgroup}>"


@lru_cache(maxsize=16_384)
def mask(line: str) -> str:
    """The line's beginning with mail addresses, ids, addresses, secrets, times and numbers replaced by their kind.

    >>> mask("user ann@example.org from 10.0.0.7:443 took 12.5 ms")
    'user <email> from <ip> took <num> ms'
    """
    text = _PATTERN.sub(_replacement, line[:MOST_CHARS].translate(_CONTROL))
    return " ".join(text.split()[:MOST_TOKENS])
