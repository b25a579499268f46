"""Runs one part: ``churn`` or ``skew``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from tests.benchmarks.fleet import churn, skew

PARTS: Mapping[str, Callable[[Sequence[str]], int]] = {"churn": churn.main, "skew": skew.main}


def main(arguments: Sequence[str]) -> int:
    """The part's exit code; 2 where there is no such part."""
    if not arguments or arguments[0] not in PARTS:
        sys.stderr.write(f"usage: python -m tests.benchmarks.fleet {{{','.join(PARTS)}}} [options]\n")
        return 2
    return PARTS[arguments[0]](arguments[1:])


sys.exit(main(sys.argv[1:]))
