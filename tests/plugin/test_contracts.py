"""The example's extensions keep their contracts; the same suites run on ours in tests/contracts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiops.contracts import detectors, executors, formats, notifiers, primitives, rankers, recordings, views
from aiops.model.plans import Action
from aiops.plugins import ExtensionKind
from tests.plugin.example_package import example, lines

PLUGINS = example()
NOW = 1_750_000_000


class Clock:
    """Stands still."""

    def now(self) -> int:
        return NOW * 10**9


def subject(kind: ExtensionKind, folder: Path) -> Any:
    """What the suite of a kind takes."""
    match kind:
        case ExtensionKind.DETECTOR:
            return PLUGINS.load(kind, "steps")
        case ExtensionKind.VIEW:
            return PLUGINS.load(kind, "jump")
        case ExtensionKind.RANKER:
            return PLUGINS.make(kind, "loudest")
        case ExtensionKind.PRIMITIVE:
            return PLUGINS.make(kind, "recycle")
        case ExtensionKind.EXECUTOR:
            made = PLUGINS.make(kind, "ledger", {"folder": str(folder / "orders")}, Clock())
            return executors.ExecutorSubject(made, Action("recycle", "queue"), Clock())
        case ExtensionKind.NOTIFIER:
            return PLUGINS.make(kind, "lines", (folder / "pages").as_uri().replace("file:", "lines:"), Clock())
        case ExtensionKind.FORMAT:
            records = lines(NOW, {("queue", "length"): [1.0, 2.0, 3.0], ("shop", "errors"): [0.0, 0.1, 0.2]})
            return formats.FormatSubject(PLUGINS.load(kind, "plain-lines"), records, (NOW + 60) * 10**9)
        case ExtensionKind.RECORDING:
            (folder / "set").mkdir()
            text = b"\n".join(lines(NOW, {("queue", "length"): [1.0, 2.0, 3.0]}))
            (folder / "set" / "metrics.txt").write_bytes(text)
            return recordings.ConverterSubject(PLUGINS.load(kind, "plain-lines"), folder / "set", folder)


RULES = {
    ExtensionKind.DETECTOR: detectors.RULES,
    ExtensionKind.VIEW: views.RULES,
    ExtensionKind.RANKER: rankers.RULES,
    ExtensionKind.PRIMITIVE: primitives.RULES,
    ExtensionKind.EXECUTOR: executors.RULES,
    ExtensionKind.NOTIFIER: notifiers.RULES,
    ExtensionKind.FORMAT: formats.RULES,
    ExtensionKind.RECORDING: recordings.RULES,
}


@pytest.mark.contract
@pytest.mark.parametrize(("kind", "rule"), [(kind, rule) for kind in ExtensionKind for rule in RULES[kind]])
def test_the_example_keeps_the_contract(kind: ExtensionKind, rule: Callable[[Any], None], tmp_path: Path) -> None:
    """One rule on the extension of its kind."""
    rule(subject(kind, tmp_path))
