"""The executors that repair an estate."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from aiops.adapters.bundle.configuration import load_settings
from aiops.cli import range_faults
from aiops.plugins import BUILT_INS, ExtensionKind
from remediations.primitives.shipped import shipped
from simulations.range.healing import executors, password_file
from tests.executor_targets import TurnedClock
from tests.unit.apps.range.faults.stage import estate_in


def test_each_primitive_of_a_machine_has_one(tmp_path: Path) -> None:
    """All names are primitives, and every executor takes its options."""
    estate = estate_in(tmp_path)
    Path(password_file(estate.folder)).write_text("shop")
    found = executors(estate.plan, estate.folder)
    assert set(found) - set(shipped()) == {"*"}
    without = {"none"} if find_spec("pika") else {"none", "rabbitmq"}
    for options in found.values():
        if options["kind"] not in without:
            assert BUILT_INS.make(ExtensionKind.EXECUTOR, options["kind"], options, TurnedClock())


def test_what_is_printed_are_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They load, they leave shadow mode, and the password's file can be read by its owner only."""
    estate = estate_in(tmp_path)
    range_faults.executors(estate)
    text = capsys.readouterr().out
    assert set(yaml.safe_load(text)) == {"acting", "control"}
    file = tmp_path / "aiops.yaml"
    file.write_text(text)
    settings = load_settings(file)
    assert settings.acting.executors == executors(estate.plan, estate.folder)
    assert not settings.control.shadow
    assert Path(password_file(estate.folder)).stat().st_mode & 0o777 == 0o600
