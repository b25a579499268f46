"""Tells the person at the terminal what a command's output does not hold."""

from __future__ import annotations

import sys


def warn(text: str) -> None:
    """A line on standard error, so that output for programs stays whole."""
    sys.stderr.write(f"aiops: warning: {text}\n")
