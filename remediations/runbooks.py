"""Runbooks: YAML files with a condition and the steps (primitives, in order) that fix the matching incident.

Only approved files are loaded: ``approved.yaml`` beside the runbooks lists the SHA-256 of every approved file. A file
that is malformed, changed or not listed is left out and reported in ``problems`` with its line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aiops.model.errors import PermanentError
from aiops.model.plans import Parameter
from aiops.model.situations import Situation
from aiops.model.yaml_text import line_of, read_yaml
from remediations.primitives.protocol import Primitive
from remediations.primitives.shipped import shipped
from remediations.windows import Problem

_PLACE = re.compile(r"\{([a-z_.]+)\}")


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class When(_Form):
    """Condition of a runbook. All stated fields must match; a field that is not stated matches anything."""

    kinds: tuple[str, ...] = ()
    """Kinds of fault of the first hypothesis."""
    item_kinds: tuple[str, ...] = ()
    """Kinds of the suspected cause's item."""
    metrics: tuple[str, ...] = ()
    """Patterns (``*memory*``): the name of one of the cause's abnormal metrics must match one of them."""
    change: bool | None = None
    """Whether a reversible change is suspected."""
    others: bool | None = None
    """Whether entities other than the cause are abnormal. Runbooks that shed load or stop hosts should require it."""


class RunbookStep(_Form):
    """One primitive; target and parameters may contain placeholders like ``{root}``, filled from the situation."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    primitive: str
    target: str = "{root}"
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=60.0, gt=0, le=3600)
    settle_seconds: float = Field(default=30.0, ge=0, le=3600)
    reverse_after_seconds: float | None = Field(default=None, gt=0, le=86_400)


class Runbook(_Form):
    """Steps that fix one kind of incident, or advice for a person if no safe action is known."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    title: str = Field(min_length=1, max_length=200)
    when: When
    steps: tuple[RunbookStep, ...] = ()
    escalate: str | None = None
    """Instead of steps, if no safe action is known: what a person should check."""
    expected: str = ""
    expected_seconds: float = Field(default=120.0, gt=0)
    verify_window_seconds: float = Field(default=60.0, gt=0, le=3600)
    verify_deadline_seconds: float = Field(default=300.0, gt=0, le=7200)
    rank: int = Field(default=50, ge=0, le=100)
    """Of several applicable runbooks the one with the lowest rank comes first."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.steps) == bool(self.escalate):
            raise ValueError("state either steps or escalate")
        if self.steps and not self.expected:
            raise ValueError("state what is expected once the steps are done")
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError("two steps have one id")
        return self


def applies(runbook: Runbook, situation: Situation) -> bool:
    """Whether the runbook's condition matches and the situation fills all its placeholders."""
    when = runbook.when
    places = {place for step in runbook.steps for place in _places(step)}
    return (
        (not when.kinds or situation.kind in when.kinds)
        and (not when.item_kinds or situation.item_kind in when.item_kinds)
        and (when.change is None or when.change == situation.change)
        and (when.others is None or when.others == situation.others)
        and (not when.metrics or _any_match(when.metrics, situation.metrics))
        and places <= situation.bindings.keys()
    )


def _any_match(patterns: Iterable[str], metrics: Iterable[str]) -> bool:
    lowered = [metric.lower() for metric in metrics]
    return any(fnmatchcase(metric, pattern.lower()) for pattern in patterns for metric in lowered)


def _places(step: RunbookStep) -> set[str]:
    texts = [step.target, *(value for value in step.parameters.values() if isinstance(value, str))]
    return {place for text in texts for place in _PLACE.findall(text)}


def fill(value: Parameter, bindings: Mapping[str, Parameter]) -> Parameter:
    """A value with its placeholders filled. A value that is a single placeholder gets the binding's type."""
    if not isinstance(value, str):
        return value
    whole = _PLACE.fullmatch(value)
    if whole:
        return bindings[whole[1]]
    return _PLACE.sub(lambda place: str(bindings[place[1]]), value)


@dataclass(frozen=True)
class Catalogue:
    """The approved runbooks of a bundle, by id, and the primitives that they may name."""

    runbooks: Mapping[str, Runbook] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    primitives: Mapping[str, Primitive] = field(default_factory=shipped)

    @classmethod
    def of(
        cls,
        files: Mapping[str, bytes],
        approved: Mapping[str, str],
        problems: Iterable[Problem] = (),
        *,
        primitives: Mapping[str, Primitive] | None = None,
    ) -> Catalogue:
        """The runbooks among ``files`` whose digest is approved.

        Args:
            files: path to content of every runbook file; of two files with one id the first counts.
            approved: file name without its folder to the SHA-256 of the approved content, hex.
            problems: earlier problems, for example a file that could not be read.
            primitives: by name; None: the shipped ones.
        """
        known = shipped() if primitives is None else primitives
        found: dict[str, Runbook] = {}
        wrong = list(problems)
        for path, content in files.items():
            name = path.rpartition("/")[2]
            if approved.get(name) != hashlib.sha256(content).hexdigest():
                word = "changed since it was approved" if name in approved else "not approved"
                wrong.append(Problem(path, 1, f"{word}; read it, then run: aiops policy approve"))
                continue
            match parse(content, path, known):
                case Runbook() as runbook if runbook.id in found:
                    wrong.append(Problem(path, 1, f"runbook {runbook.id} exists already"))
                case Runbook() as runbook:
                    found[runbook.id] = runbook
                case problems_of_file:
                    wrong += problems_of_file
        return cls(found, tuple(wrong), known)

    def primitive(self, name: str) -> Primitive:
        """The primitive of a name; ``PermanentError`` if there is none."""
        found = self.primitives.get(name)
        if found is None:
            raise PermanentError(f"no primitive is named {name!r}; known are {', '.join(sorted(self.primitives))}")
        return found

    def applicable(self, situation: Situation) -> tuple[Runbook, ...]:
        """Runbooks that apply, lowest rank first."""
        fitting = [runbook for runbook in self.runbooks.values() if applies(runbook, situation)]
        return tuple(sorted(fitting, key=lambda runbook: (runbook.rank, runbook.id)))


def parse(content: bytes, file: str, primitives: Mapping[str, Primitive]) -> Runbook | tuple[Problem, ...]:
    """The runbook of one file; if the file is malformed, its problems with their lines.

    Args:
        content: the file's bytes.
        file: its path, for the problems.
        primitives: by name; the runbook may name no others.
    """
    try:
        text = content.decode()
        runbook = Runbook.model_validate(read_yaml(text))
    except ValidationError as error:
        places = ((wrong, ".".join(str(part) for part in wrong["loc"])) for wrong in error.errors())
        return tuple(
            Problem(file, line_of(text, wrong["loc"]) or 1, f"{place}: {wrong['msg']}".removeprefix(": "))
            for wrong, place in places
        )
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return (Problem(file, mark.line + 1 if mark else 1, f"not YAML: {getattr(error, 'problem', error)}"),)
    except UnicodeDecodeError as error:
        return (Problem(file, 1, f"cannot be read: {error}"),)
    unfit = ((number, line) for number, step in enumerate(runbook.steps) for line in _unfit(step, primitives))
    problems = tuple(Problem(file, line_of(text, ("steps", number)) or 1, line) for number, line in unfit)
    return problems or runbook


def _unfit(step: RunbookStep, primitives: Mapping[str, Primitive]) -> Iterator[str]:
    """Problems of a step: an unknown primitive, or parameters that its primitive does not have."""
    if step.primitive not in primitives:
        yield f"step {step.id}: no primitive is named {step.primitive!r}; known are {', '.join(sorted(primitives))}"
        return
    for odd in sorted(set(step.parameters) - set(primitives[step.primitive].bounds)):
        yield f"step {step.id}: {step.primitive} has no parameter {odd}"
