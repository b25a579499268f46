"""``services/*.yaml`` of the bundle: items, owners, tiers, objectives and dependencies, for estates without a CMDB.

Each file is a list of items: the fields of ``aiops.model.entities.Item`` and ``needs: [{target, kind}]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from aiops.model.entities import Edge, EdgeKind, Item, Objective
from aiops.model.errors import PermanentError
from aiops.model.yaml_text import read_yaml


class _Entry(BaseModel):
    # The model's configuration applies to the dataclasses in its fields too.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    item: Item


def services(folder: Path, domain: str) -> list[tuple[Item, tuple[Edge, ...]]]:
    """Items with their edges, in the order of files and lists; none when the folder is missing.

    Raises:
        PermanentError: a file is invalid; the message names file, line and field.
    """
    return [found for file in sorted(folder.glob("*.yaml")) for found in _read(file, domain)]


def objectives(folder: Path, domain: str) -> dict[str, tuple[Objective, ...]]:
    """Objectives by entity."""
    return {item.id: item.objectives for item, _ in services(folder, domain) if item.objectives}


def _read(file: Path, domain: str) -> Iterator[tuple[Item, tuple[Edge, ...]]]:
    try:
        text = file.read_text(encoding="utf-8")
        entries = read_yaml(text)
        nodes = getattr(yaml.compose(text), "value", ())
    except OSError as error:
        raise PermanentError(f"{file}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise PermanentError(f"{file}: not YAML: {error}") from error
    if not entries:
        return
    if not isinstance(entries, list):
        raise PermanentError(f"{file}: expected a list of items, found {type(entries).__name__}")
    for entry, node in zip(entries, nodes, strict=True):
        line = node.start_mark.line + 1
        if not isinstance(entry, dict):
            raise PermanentError(f"{file}:{line}: expected an item with an id, found {entry!r}")
        yield _item(dict(entry), f"{file}:{line}", domain)


def _item(entry: dict[str, Any], place: str, domain: str) -> tuple[Item, tuple[Edge, ...]]:
    needs = entry.pop("needs", None) or []
    try:
        item = replace(_Entry(item=entry).item, domain=domain)
        edges = tuple(Edge(item.id, str(need["target"]), EdgeKind(need.get("kind", "calls")), "cmdb") for need in needs)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise PermanentError(f"{place}: {'.'.join(map(str, first['loc'][1:]))}: {first['msg']}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PermanentError(f"{place}: needs: each wants a target and a kind of {', '.join(EdgeKind)}") from error
    return item, edges
