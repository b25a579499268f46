"""The status file: what every part last said of itself, for commands that do not reach the cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aiops.model.errors import PermanentError

STATUS = "status.json"


def write_status(folder: Path, status: dict[str, Any]) -> None:
    """Replace the status file as a whole."""
    beside = folder / (STATUS + ".writing")
    beside.write_text(json.dumps(status))
    beside.replace(folder / STATUS)


def read_status(folder: Path) -> dict[str, Any] | None:
    """The last status written; None: the runtime never ran here."""
    path = folder / STATUS
    try:
        status = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise PermanentError(f"{path} cannot be read: {error}; `aiops up` writes it anew") from error
    if not isinstance(status, dict) or not {"at", "shards", "orchestration"} <= status.keys():
        raise PermanentError(f"{path} is no status of the runtime; `aiops up` writes it anew")
    return status
