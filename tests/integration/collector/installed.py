"""The Collector and the instrumented services of the tests, built and installed once into a cache keyed by their locks.

The cache is ``AIOPS_TEST_CACHE``, by default ``~/.cache/aiops-tests``. Building takes about 75 s on two cores,
installing about 10 s; afterwards both are found at once.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.servers import missing, need

HERE: Final = Path(__file__).resolve().parent
DISTRIBUTION: Final = HERE / "distribution"
SERVICE: Final = HERE / "service"
BUILD_SECONDS: Final = 900.0


def collector() -> Path:
    """The Collector's program. A missing Go or module ends the test: skipped on a laptop, failed in CI."""
    return cached("collector", sorted(DISTRIBUTION.glob("*.go")) + sorted(DISTRIBUTION.glob("go.*")), build) / "otelcol"


def packages() -> Path:
    """The folder with a web framework and OpenTelemetry's instrumentation, for PYTHONPATH."""
    return cached(f"service-{sys.version_info[0]}.{sys.version_info[1]}", [SERVICE / "requirements.lock"], install)


def cached(name: str, sources: list[Path], make: Callable[[Path], None]) -> Path:
    """The folder that ``make`` filled from these sources; made anew when a source changed."""
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    home = Path(os.environ.get("AIOPS_TEST_CACHE", "~/.cache/aiops-tests")).expanduser()
    folder = home / f"{name}-{digest}"
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        # Complete or not there: a build that was stopped leaves a temporary folder only.
        with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=home) as made:
            whole = Path(made) / "whole"
            whole.mkdir()
            make(whole)
            whole.rename(folder)
    return folder


def build(folder: Path) -> None:
    """Compile the Collector; go.sum is the lock of its modules."""
    go = need("go", "install Go 1.24 or newer")
    run([go, "build", "-mod=readonly", "-trimpath", "-o", folder / "otelcol", "."], DISTRIBUTION, {"GOFLAGS": ""})


def install(folder: Path) -> None:
    """Install what the lock names, beside nothing else."""
    pip: list[str | Path] = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--target", folder]
    run([*pip, "-r", SERVICE / "requirements.lock"], SERVICE, {})


def run(command: list[str | Path], folder: Path, environment: Mapping[str, str]) -> None:
    """Run a command to its end; a failure ends the test with what it said."""
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if ended.returncode != 0:
        missing(f"what `{' '.join(map(str, command))}` makes", (ended.stdout + ended.stderr)[-2000:])
