"""The Collector and the packages of the instrumented services: those of `aiops range install`, built once.

The cache is ``AIOPS_TEST_CACHE``, by default that of `aiops range`. Building takes about 75 s on two cores, installing
about 10 s; afterwards both are found at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from aiops.apps.range.build_cache import home
from aiops.apps.range.install import make, parts
from aiops.model.errors import PermanentError
from tests.servers import missing, need

HERE: Final = Path(__file__).resolve().parent
SERVICE: Final = HERE / "service"


def collector() -> Path:
    """The Collector's program. A missing Go or module ends the test: skipped on a laptop, failed in CI."""
    return built("collector") / "otelcol"


def packages() -> Path:
    """The folder with a web framework and OpenTelemetry's instrumentation, for PYTHONPATH."""
    return built(f"python-packages-{sys.version_info[0]}.{sys.version_info[1]}")


def built(name: str) -> Path:
    """A part of the range, made if it is not there."""
    part = parts()[name]
    for program in part.needs:
        need(program, f"{name} is built with it")
    try:
        return make(part, place())
    except PermanentError as error:
        missing(name, str(error))


def place() -> Path:
    """The cache of the tests."""
    chosen = os.environ.get("AIOPS_TEST_CACHE")
    return Path(chosen).expanduser() if chosen else home()
