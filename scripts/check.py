"""Runs all checks of the code, also after a failed one, and lists the failed checks at the end."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
BIN: Final = Path(sys.executable).parent
CODE: Final = ("aiops", "detectors", "topology", "remediations", "simulations", "tests", "scripts")

CHECKS: Final = {
    "ruff": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy", *CODE],
    "layers": ["lint-imports"],
}


def main() -> None:
    """Exit code 1 if a check failed."""
    failed = []
    for name, (program, *arguments) in CHECKS.items():
        print(f"== {name}: {program} {' '.join(arguments)}", flush=True)
        begun = time.monotonic()
        if subprocess.call([BIN / program, *arguments], cwd=ROOT) != 0:
            failed.append(name)
        print(f"   {time.monotonic() - begun:.1f} s", flush=True)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
