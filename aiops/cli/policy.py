"""`aiops policy`: test the policies, explain a decision, and approve runbooks."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.bundle.loading import (
    approve_runbooks,
    bundle_folder,
    load_bundle,
    load_cases,
    load_policies,
    load_runbooks,
    load_windows,
)
from aiops.adapters.bundle.old_names import LAST_RELEASE
from aiops.adapters.plugins import installed
from aiops.adapters.terminal import warn
from aiops.cli.exits import Exit
from aiops.model.errors import PermanentError
from aiops.model.plans import Oversight
from aiops.plugins import ExtensionKind
from remediations.policy_cases import PolicyCase, check

app: Final = typer.Typer(no_args_is_help=True, help="Test and explain the policies.")

_Bundle = Annotated[
    Path | None,
    typer.Option("--bundle", help="Config bundle folder: policies, runbooks, windows. Default: from the settings."),
]
_OldName = Annotated[Path | None, typer.Option("--binder", hidden=True)]
"""The name of ``--bundle`` in version 0.1.0."""
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Facts = Annotated[
    list[str] | None,
    typer.Argument(help="Facts as name=value: criticality=high confidence=0.4 frozen=true …", show_default="calm day"),
]


@app.callback()
def about() -> None:
    """Test and explain the policies."""


@app.command(name="test")
def run_cases(bundle: _Bundle = None, *, binder: _OldName = None, as_json: _Json = False) -> None:
    """Load policies, runbooks and windows, and evaluate every case of policies/cases.yaml.

    Exit code 0: all files load and every case gives its expected level. 1: a case gives another level. 3: a file is
    invalid.
    """
    folder = _folder(bundle, binder)
    loaded = load_bundle(folder)
    policies, runbooks, problems = loaded.policies, loaded.catalogue, loaded.problems
    checked = [] if policies.problems else check(policies, load_cases(folder / "policies"))
    wrong = [one for one in checked if not one.right]
    if as_json:
        rows = [
            {"case": one.case.name, "expected": one.case.expect, "level": one.decision.level, "right": one.right}
            for one in checked
        ]
        listed = [{"file": problem.file, "line": problem.line, "what": problem.what} for problem in problems]
        typer.echo(json.dumps({"digest": policies.digest, "problems": listed, "cases": rows}))
    else:
        for problem in problems:
            typer.echo(f"invalid: {problem}", err=True)
        for one in checked:
            tail = "" if one.right else f"  EXPECTED {one.case.expect}: {'; '.join(one.decision.reasons)}"
            typer.echo(f"  {one.decision.level.value:<14} {one.case.name or one.case.primitive}{tail}")
        right = len(checked) - len(wrong)
        typer.echo(f"{right} of {len(checked)} cases as expected; {len(runbooks.runbooks)} runbooks approved")
    if problems:
        raise typer.Exit(Exit.FAILED)
    if wrong:
        raise typer.Exit(Exit.NO)


@app.command()
def explain(
    primitive: str,
    target: str,
    facts: _Facts = None,
    *,
    bundle: _Bundle = None,
    binder: _OldName = None,
    as_json: _Json = False,
) -> None:
    """Show the oversight level that PRIMITIVE on TARGET needs now, and the policies that set it.

    Exit code 0: permitted at some level. 1: forbidden. 2: the primitive or a fact is unknown, or a fact is invalid.
    3: the policies are invalid.
    """
    folder = _folder(bundle, binder)
    primitives, _ = installed().make_all(ExtensionKind.PRIMITIVE)
    if primitive not in primitives:
        raise typer.BadParameter(
            f"{primitive!r} is not a primitive; known primitives are {', '.join(sorted(primitives))}"
        )
    given = dict(fact.partition("=")[::2] for fact in facts or ())
    try:
        case = PolicyCase.model_validate({"primitive": primitive, "target": target} | given)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            known = ", ".join(
                name for name in PolicyCase.model_fields if name not in {"name", "primitive", "target", "expect"}
            )
            raise typer.BadParameter(f"{first['loc'][0]!r} is not a fact; known facts are {known}") from error
        raise typer.BadParameter(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
    policies = load_policies(folder / "policies", primitives)
    if policies.problems:
        raise PermanentError("; ".join(str(problem) for problem in policies.problems))
    hold = load_windows(folder / "windows").hold(time.time_ns())
    if hold is not None and "frozen" not in given:
        case = case.model_copy(update={"frozen": True})
    decision = policies.decide(case.question)
    if as_json:
        answer = {"level": decision.level, "reasons": decision.reasons, "policies": decision.policies}
        typer.echo(json.dumps(answer | {"digest": decision.digest, "request": json.loads(decision.request)}))
    else:
        typer.echo(f"{primitive} {target}: {decision.level.value}")
        for reason in decision.reasons:
            typer.echo(f"  {reason}")
        if hold is not None:
            typer.echo(f"  now: {hold.reason}")
        typer.echo(f"  policies {decision.digest[:12]}")
    if decision.level is Oversight.FORBIDDEN:
        raise typer.Exit(Exit.NO)


@app.command(name="approve")
def approve_(bundle: _Bundle = None, *, binder: _OldName = None) -> None:
    """Write the SHA-256 of every runbook to runbooks/approved.yaml. Only approved runbooks are loaded."""
    folder = _folder(bundle, binder) / "runbooks"
    problems = load_runbooks(folder).problems
    digests = approve_runbooks(folder)
    after = load_runbooks(folder)
    typer.echo(f"{len(after.runbooks)} of {len(digests)} runbooks approved ({len(problems)} were not loaded before)")
    for problem in after.problems:
        typer.echo(f"invalid: {problem}", err=True)
    if after.problems:
        raise typer.Exit(Exit.FAILED)


def _folder(bundle: Path | None, binder: Path | None) -> Path:
    if binder is not None:
        warn(f"--binder was renamed to --bundle; the old name works up to {LAST_RELEASE}")
    folder = bundle or binder or bundle_folder(load_settings())
    if not folder.is_dir():
        raise PermanentError(f"{folder} is not a folder: give --bundle FOLDER")
    return folder
