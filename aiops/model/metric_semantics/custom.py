"""Custom rows: the validated text of ``metrics.yaml`` as a small table.

    shop.cart.abandoned: {role: errors, worse: up}
    shop.*.queue.depth: {role: queue, full: 10000}

A key is a metric's name in any spelling; ``*`` stands for any characters. A field that a row leaves out keeps its value
without the row. A name takes precedence over patterns, an earlier pattern over a later one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aiops.model.errors import PermanentError
from aiops.model.metric_semantics.names import Spelling, key_of, spellings
from aiops.model.metric_semantics.semantics import MetricPart, MetricRole, MetricSubject, Worse
from aiops.model.yaml_text import StrictLoader

FILE: Final = "metrics.yaml"
REMEDY: Final = "fields are role, worse, unit, full, part, about; see docs/metrics.md"
_WAYS = {"up": Worse.UP, "down": Worse.DOWN, "neither": Worse.NEITHER}
_PUNCTUATION = re.compile(r"[^a-z0-9*]+")


def _unquoted(unit: object) -> object:
    """A unit as text: YAML reads ``unit: 1`` without quotes as a number."""
    return "1" if type(unit) is int and unit == 1 else unit


_Symbol = Annotated[str, Field(min_length=1), BeforeValidator(_unquoted)]


class _Fields(BaseModel):
    """The fields of one row in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: MetricRole | None = None
    worse: Literal["up", "down", "neither"] | None = None
    unit: _Symbol | None = None
    full: Annotated[float | None, Field(allow_inf_nan=False, strict=True)] = None
    part: MetricPart | None = None
    about: MetricSubject | None = None


@dataclass(frozen=True, slots=True)
class CustomRow:
    """A custom row; None: the row does not state the field."""

    source: str
    """File and line."""
    role: MetricRole | None = None
    worse: Worse | None = None
    unit: str | None = None
    full: float | None = None
    """Value in ``unit`` if that is stated, else in the sender's unit."""
    part: MetricPart | None = None
    about: MetricSubject | None = None


@dataclass(frozen=True, slots=True)
class CustomRows:
    """All rows of a file."""

    names: Mapping[str, CustomRow] = field(default_factory=dict)
    """Rows by folded name."""
    patterns: tuple[tuple[str, CustomRow], ...] = ()
    """Folded patterns with ``*``, in the order of the file."""

    def __len__(self) -> int:
        return len(self.names) + len(self.patterns)

    def find(self, key: str) -> tuple[CustomRow, Spelling] | None:
        """The row for a folded name, and the spelling of the name under which it was found."""
        if not len(self):
            return None
        read = tuple(spellings(key))
        for spelling in read:
            if spelling.key in self.names:
                return self.names[spelling.key], spelling
        for pattern, row in self.patterns:
            for spelling in read:
                if fnmatchcase(spelling.key, pattern):
                    return row, spelling
        return None


def parse_rows(text: str, place: str = FILE) -> CustomRows:
    """The rows of a file.

    Raises:
        PermanentError: the text is not a table of rows, or rows are invalid. The message has one line per row with
            file, line, name, problem and remedy.
    """
    names: dict[str, CustomRow] = {}
    problems: list[str] = []
    for name, fields, line in _entries(text, place):
        where = f"{place}:{line}"
        try:
            row = _row(name, fields, where)
        except PermanentError as error:
            problems.append(str(error))
            continue
        key = _folded(name)
        if key in names:
            problems.append(f"{where}: {name}: is listed twice, first in {names[key].source}; keep one of the two")
        names.setdefault(key, row)
    if problems:
        raise PermanentError("\n".join(problems))
    patterns = tuple((key, row) for key, row in names.items() if "*" in key)
    return CustomRows({key: row for key, row in names.items() if "*" not in key}, patterns)


def _entries(text: str, place: str) -> list[tuple[str, Any, int]]:
    """Name, fields and line of each row, including duplicate rows."""
    try:
        loader = StrictLoader(text)
        node = loader.get_single_node()
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, yaml.MappingNode):
            raise PermanentError(f"{place}: expected rows 'name: {{role: …}}', found a list or a text; {REMEDY}")
        return [
            (
                key.value if isinstance(key, yaml.ScalarNode) else "",
                loader.construct_object(value, deep=True),
                key.start_mark.line + 1,
            )
            for key, value in node.value
        ]
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f":{mark.line + 1}"
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "nested too deeply"
        raise PermanentError(f"{place}{line}: not YAML: {why}; put names with * and units with % in quotes") from error


def _row(name: str, fields: Any, where: str) -> CustomRow:
    if not key_of(name):
        raise PermanentError(f"{where}: {name!r} names no metric; write its name, or a pattern with letters and *")
    if not isinstance(fields, dict) or all(value is None for value in fields.values()):
        raise PermanentError(f"{where}: {name}: says nothing; {REMEDY}")
    try:
        held = _Fields.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise PermanentError(f"{where}: {name}: {at}: {first['msg']}; {REMEDY}") from error
    way = None if held.worse is None else _WAYS[held.worse]
    return CustomRow(where, held.role, way, held.unit, held.full, held.part, held.about)


def _folded(name: str) -> str:
    return _PUNCTUATION.sub("_", name.lower()).strip("_")
