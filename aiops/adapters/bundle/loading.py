"""Loads policies, runbooks and calendars of a config bundle, and writes the list of approved runbooks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import yaml

import remediations
from aiops.adapters.bundle.files import contents, texts
from aiops.adapters.bundle.metric_rows import load_metrics
from aiops.adapters.plugins import installed
from aiops.model.errors import PermanentError
from aiops.model.yaml_text import read_yaml
from aiops.plugins import ExtensionKind, Plugins
from aiops.settings import Settings
from remediations.bundle import Bundle
from remediations.policy import PolicySet
from remediations.policy_cases import PolicyCase, read_cases
from remediations.primitives.protocol import Primitive
from remediations.runbooks import Catalogue
from remediations.windows import Problem, Windows

SHIPPED: Final = Path(remediations.__file__).parent / "default_bundle"
"""The product's default bundle."""
APPROVED: Final = "approved.yaml"
CASES: Final = "cases.yaml"


def bundle_folder(settings: Settings) -> Path:
    """The config bundle's folder: runbooks, policies, windows and services."""
    return settings.bundle or SHIPPED


def load_bundle(folder: Path = SHIPPED, plugins: Plugins | None = None) -> Bundle:
    """Policies, runbooks, calendars and metrics. The first three have their errors in ``problems``.

    Args:
        folder: the bundle's folder.
        plugins: source of primitives; None: the installed plug-ins. A primitive that cannot be loaded is left out,
            and runbooks that name it are refused.

    Raises:
        PermanentError: ``metrics.yaml`` cannot be used.
    """
    return Bundle(*load_acting(folder, plugins), load_metrics(folder))


def load_acting(folder: Path, plugins: Plugins | None = None) -> tuple[PolicySet, Catalogue, Windows]:
    """Policies, runbooks and calendars of a bundle."""
    primitives, _ = (installed() if plugins is None else plugins).make_all(ExtensionKind.PRIMITIVE)
    return (
        load_policies(folder / "policies", primitives),
        load_runbooks(folder / "runbooks", primitives),
        load_windows(folder / "windows"),
    )


def load_policies(folder: Path, actions: Iterable[str] = ()) -> PolicySet:
    """Every ``*.cedarschema`` and ``*.cedar`` of the folder."""
    problems: list[Problem] = []
    files = texts(sorted([*folder.glob("*.cedarschema"), *folder.glob("*.cedar")]), problems)
    return PolicySet.of(str(folder), files, problems, actions=actions)


def load_runbooks(folder: Path, primitives: Mapping[str, Primitive] | None = None) -> Catalogue:
    """Every approved ``*.yaml`` of the folder. ``primitives`` None: the built-in ones."""
    problems: list[Problem] = []
    approved = _approved(folder, problems)
    return Catalogue.of(contents(_runbooks(folder), problems), approved, problems, primitives=primitives)


def load_windows(folder: Path) -> Windows:
    """Every ``*.ics`` of the folder; one that cannot be read freezes all changes."""
    problems: list[Problem] = []
    return Windows.of(contents(sorted(folder.glob("*.ics")), problems), problems)


def load_cases(folder: Path) -> list[PolicyCase]:
    """The policy cases of a folder.

    Raises:
        PermanentError: the file is missing or invalid; the message names file, case and field.
    """
    file = folder / CASES
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"{file}: {error}") from error
    return read_cases(text, str(file))


def approve_runbooks(folder: Path) -> dict[str, str]:
    """Write ``approved.yaml`` with the current digest of every runbook; returns file name to SHA-256."""
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in _runbooks(folder)}
    head = "# SHA-256 of each runbook that somebody has read; others are not loaded. Written by: aiops policy approve\n"
    (folder / APPROVED).write_text(head + yaml.safe_dump(digests), encoding="utf-8")
    return digests


def _runbooks(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.yaml")) if file.name != APPROVED]


def _approved(folder: Path, problems: list[Problem]) -> dict[str, str]:
    file = folder / APPROVED
    try:
        data = read_yaml(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        problems.append(Problem(str(file), 1, f"no list of approved runbooks: {error}"))
        return {}
    if not isinstance(data, dict):
        problems.append(Problem(str(file), 1, "it must map file names to SHA-256"))
        return {}
    return {str(name): str(digest) for name, digest in data.items()}
