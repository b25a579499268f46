"""Warnings of commands."""

from __future__ import annotations

import sys


def warn(text: str) -> None:
    """Write one line to standard error. Standard output stays parsable for programs."""
    sys.stderr.write(f"aiops: warning: {text}\n")
