"""The command line from outside, as a person has it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.runtime.harness import Running


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as a program reads it."""
        return json.loads(self.out)


def aiops(running: Running, *words: str | Path) -> Answer:
    """Run a command against the running system in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "aiops.cli.main", *map(str, words), "--config", str(running.folder / "aiops.yaml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)
