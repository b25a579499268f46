"""Settings of an estate for tests of texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiops.topic_names import Topics
from simulations.range.generation import generate
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import Programs, RunSettings, Users

PLAN = generate(7)
FOLDER = RunFolder(Path("/state/range/7"), Path("/tmp/aiops-range-0-7"))
PROGRAMS = Programs(*(f"/programs/{name}" for name in Programs.__dataclass_fields__))


def run(**changes: Any) -> RunSettings:
    """Settings with some changed."""
    content: dict[str, Any] = {
        "short": str(FOLDER.short),
        "kafka": "127.0.0.1:9092",
        "topics": Topics(),
        "programs": PROGRAMS,
        "users": Users(),
        "host": "machine",
        "product": "/product",
        "interpreter": "/python",
    }
    return RunSettings(**(content | changes))
