"""The text of Cedar policies: what each policy is called and names, and what is wrong with a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cedarpy

from remediations.windows import Problem


@dataclass(frozen=True, slots=True)
class PolicyText:
    """Annotations of one policy."""

    id: str
    reason: str
    items: frozenset[str] = frozenset()
    """Items that the policy names."""


def texts_of(policies: str) -> dict[str, PolicyText]:
    """Annotations of each policy, by Cedar's id; ``ValueError`` if the text does not parse."""
    parsed = json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"]
    notes = {name: policy.get("annotations", {}) for name, policy in parsed.items()}
    return {
        name: PolicyText(note.get("id", ""), note.get("reason", note.get("id", "")), frozenset(_items(parsed[name])))
        for name, note in notes.items()
    }


def _items(part: Any) -> Iterator[str]:
    """Ids of all items that a part of a parsed policy names."""
    if isinstance(part, dict):
        if part.get("type") == "Item" and isinstance(part.get("id"), str):
            yield part["id"]
        for inner in part.values():
            yield from _items(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _items(inner)


def declared(schema: str, actions: Iterable[str]) -> str:
    """Declarations of the actions that a schema does not name; empty if the schema uses other type names."""
    missing = sorted(action for action in set(actions) if f'"{action}"' not in schema)
    if not missing:
        return ""
    names = ", ".join(json.dumps(action) for action in missing)
    text = f"\naction {names} in [act] appliesTo {{ principal: [Role], resource: [Item], context: Circumstances }};\n"
    try:
        cedarpy.Schema.from_str(schema + text)
    except ValueError:
        return ""
    return text


def file_name(path: str) -> str:
    """Name of a file without its folder."""
    return path.rpartition("/")[2]


def problems_of(folder: str, schema: str, files: Mapping[str, str]) -> list[Problem]:
    """Problems of each file, with their lines."""
    try:
        cedarpy.Schema.from_str(schema)
    except ValueError as error:
        return [Problem(f"{folder}/*.cedarschema", 1, str(error))]
    found: list[Problem] = []
    seen: dict[str, str] = {}
    for file, text in files.items():
        try:
            words = texts_of(text)
        except ValueError as error:
            found.append(Problem(file, 1, str(error)))
            continue
        for word in words.values():
            if not word.id:
                found.append(Problem(file, 1, "a policy has no @id"))
            elif word.id in seen:
                where = file_name(seen[word.id])
                found.append(Problem(file, _line(text, word.id), f"@id {word.id} is in {where} already"))
            seen[word.id] = file
        for wrong in cedarpy.validate_policies(text, schema).errors:
            name = words[wrong.policy_id].id if wrong.policy_id in words else ""
            found.append(Problem(file, _line(text, name), wrong.error))
    return found


def _line(text: str, name: str) -> int:
    before, found, _ = text.partition(f'@id("{name}")')
    return before.count("\n") + 1 if found else 1
