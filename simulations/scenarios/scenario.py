"""Scenarios in YAML: schema and checks. Errors name file, line and field."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiops.model.errors import PermanentError
from aiops.model.times import parse as parse_time
from aiops.model.yaml_text import line_of, read_yaml
from simulations.faults.registry import FaultError, check, make
from simulations.running.simulation import Coming, Plot
from simulations.world.estate import SHOP, Estate
from simulations.world.estate import load as load_estate
from simulations.world.world import DEFAULT_START

FOLDER = Path(__file__).parent
"""Folder of the shipped scenarios."""


class ScenarioError(PermanentError):
    """A scenario is missing or malformed; the text names file, line and field."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectedEnding(StrEnum):
    """Expected ending of a run's incidents."""

    HEALED = "healed unattended"
    APPROVED = "healed after approval"
    ESCALATED = "escalated"
    CLEARED = "cleared by itself"
    NOTHING = "nothing"
    """No incident at all."""


class FaultSpec(_Spec):
    """A fault of the registry and when it begins."""

    name: str
    after: int = Field(default=0, ge=0)
    """Seconds after the history."""
    settings: dict[str, Any] = Field(default_factory=dict)


class Approvals(_Spec):
    """Behaviour of the people who approve plans."""

    after: float | None = Field(default=120.0, ge=0)
    """Seconds until they answer; null: they never answer."""


class Expected(_Spec):
    """Expected diagnosis, endings and actions."""

    roots: tuple[str, ...] = ()
    """Correct root causes; empty: there is no fault to find."""
    kinds: tuple[str, ...] = ()
    """Correct kinds of fault; empty: any."""
    endings: tuple[ExpectedEnding, ...] = Field(min_length=1)
    """Accepted endings, best first."""
    actions: tuple[str, ...] = ()
    """Expected actions as ``primitive target``; any other action is unexpected."""
    forbidden: tuple[str, ...] = ()
    """Harmful actions as ``primitive target``; ``*`` stands for any target."""


class Scenario(_Spec):
    """Faults in an estate, and the expected reaction."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    about: str = ""
    estate: str = "shop"
    """A shipped estate, or the path of a file beside the scenario."""
    start: str | None = None
    """RFC 3339; None: Monday 2026-03-02 09:00 UTC."""
    history: int = Field(default=1800, ge=0, le=86_400)
    duration: int = Field(default=1800, ge=60, le=7 * 86_400)
    faults: tuple[FaultSpec, ...] = ()
    approvals: Approvals = Approvals()
    expected: Expected

    def plot(self, folder: Path = FOLDER) -> Plot:
        """The course of a run of this scenario; ``folder`` is the folder of its file."""
        made = [Coming(make(spec.name, spec.settings), spec.after) for spec in self.faults]
        return Plot(
            estate=self.built(folder),
            faults=tuple(made),
            history=self.history,
            duration=self.duration,
            approval_seconds=self.approvals.after,
            start=DEFAULT_START if self.start is None else parse_time(self.start),
        )

    def built(self, folder: Path = FOLDER) -> Estate:
        """The scenario's estate; ``folder`` is the folder of its file."""
        return load_estate(SHOP.parent / f"{self.estate}.yaml" if self.estate.isalnum() else folder / self.estate)


def shipped() -> dict[str, Path]:
    """Files of the shipped scenarios by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def titles() -> dict[str, str]:
    """Titles of the shipped scenarios by name, read without checking the scenarios."""
    return {name: str(yaml.safe_load(path.read_text(encoding="utf-8"))["title"]) for name, path in shipped().items()}


def find(name: str) -> Scenario:
    """The shipped scenario of this name, or the scenario in the file of this path.

    Raises:
        ScenarioError: there is none, or its file is malformed.
    """
    known = shipped()
    if name in known:
        return load(known[name])
    if name.endswith((".yaml", ".yml")):
        return load(Path(name))
    raise ScenarioError(f"no scenario {name!r}; known: {', '.join(known)}; or give the path of a .yaml file")


def load(path: Path) -> Scenario:
    """The scenario in a file; ``ScenarioError`` if it is unreadable or malformed."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Scenario:
    """The scenario in a text, with its estate and faults checked. ``path`` is its file, for errors and its folder."""
    try:
        values = read_yaml(text)
        scenario = Scenario.model_validate(values)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f":{mark.line + 1}"
        raise ScenarioError(f"{path}{line}: is not YAML: {getattr(error, 'problem', error)}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "scenario"
        raise ScenarioError(f"{path}:{line_of(text, first['loc']) or 1}: {place}: {first['msg']}") from error
    if scenario.start is not None and parse_time(scenario.start) < 0:
        raise ScenarioError(f"{path}:{line_of(text, ('start',)) or 1}: start: {scenario.start!r} is no RFC 3339 time")
    estate = scenario.built(path.parent)
    for number, spec in enumerate(scenario.faults):
        try:
            check(make(spec.name, spec.settings), estate)
        except FaultError as error:
            raise ScenarioError(f"{path}:{line_of(text, ('faults', number)) or 1}: {error}") from error
    return scenario
