"""The example package without installing it, and a bundle that uses it: for tests in this process."""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

import yaml

from aiops.adapters.bundle.loading import SHIPPED, approve_runbooks
from aiops.plugins import Extension, ExtensionKind, Plugins

FOLDER = Path(__file__).parent / "example"
RUNBOOK = {
    "id": "recycle-it",
    "title": "Put new instances in the place of those that misbehave",
    "when": {"item_kinds": ["service"]},
    "steps": [{"id": "recycle", "primitive": "recycle", "timeout_seconds": 10.0, "settle_seconds": 2.0}],
    "expected": "The queue is as long as it was.",
    "verify_window_seconds": 4.0,
    "verify_deadline_seconds": 60.0,
    "rank": 1,
}
PERMIT = """
@id("recycle-unattended")
@reason("an instance at a time")
permit (principal == Role::"resolution", action == Action::"recycle", resource);
"""


def example() -> Plugins:
    """The table as it is where the package is installed."""
    source = str(FOLDER / "src")
    if source not in sys.path:
        sys.path.insert(0, source)
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    return Plugins.of(
        Extension(kind, name, place, project["name"], project["version"])
        for kind in ExtensionKind
        for name, place in project["entry-points"][kind.value].items()
    )


def bundle_with_recycle(folder: Path) -> Path:
    """The shipped bundle with a runbook and a permit for the example's primitive, and without other runbooks."""
    bundle = folder / "bundle"
    shutil.copytree(SHIPPED, bundle)
    for file in (bundle / "runbooks").glob("*.yaml"):
        file.unlink()
    (bundle / "runbooks" / "recycle-it.yaml").write_text(yaml.safe_dump(RUNBOOK))
    approve_runbooks(bundle / "runbooks")
    (bundle / "policies" / "recycle.cedar").write_text(PERMIT)
    return bundle


def lines(begin: int, values: dict[tuple[str, str], list[float]]) -> list[bytes]:
    """Records of the example's format: a second a record, from ``begin`` (s)."""
    count = max(map(len, values.values()))
    return [
        "\n".join(f"{begin + k} {entity} {metric} {row[k]}" for (entity, metric), row in values.items()).encode()
        for k in range(count)
    ]
