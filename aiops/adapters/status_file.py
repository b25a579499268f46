"""The status file: the last status of every part, for commands without access to the cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aiops.adapters.atomic_files import replace_file
from aiops.model.errors import PermanentError

STATUS = "status.json"


def write_status(folder: Path, status: dict[str, Any]) -> None:
    """Replace the status file atomically."""
    replace_file(folder / STATUS, [json.dumps(status).encode()])


def read_status(folder: Path) -> dict[str, Any] | None:
    """The last status; None: the runtime never ran here.

    Raises:
        PermanentError: the file cannot be read or is not a status.
    """
    path = folder / STATUS
    try:
        status = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise PermanentError(f"{path} cannot be read: {error}; `aiops up` writes it anew") from error
    if not _whole(status):
        raise PermanentError(f"{path} is no status of the runtime; `aiops up` writes it anew")
    whole: dict[str, Any] = status
    return whole


def _whole(status: Any) -> bool:
    """Whether the status has the parts that every reader needs, with the right types."""
    if not isinstance(status, dict):
        return False
    at, shards, control = (status.get(name) for name in ("at", "shards", "orchestration"))
    parts = [control, *shards] if isinstance(shards, list) else [None]
    return isinstance(at, int) and all(isinstance(part, dict) for part in parts)
