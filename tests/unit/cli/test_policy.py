from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops.adapters.bundle.loading import SHIPPED
from aiops.cli.exits import Exit
from aiops.cli.policy import app

RUN = CliRunner()


def test_shipped_bundle_is_as_expected() -> None:
    """The shipped bundle loads whole and every case is answered as written down."""
    result = RUN.invoke(app, ["test", "--json"])
    assert result.exit_code == Exit.OK, result.output
    told = json.loads(result.stdout)
    assert told["problems"] == []
    assert len(told["cases"]) >= 19


def test_wrong_expectation_and_wrong_file_are_told(tmp_path: Path) -> None:
    """A case that is answered otherwise is exit code 1, a broken file 3 with its line."""
    shutil.copytree(SHIPPED, tmp_path / "b")
    cases = tmp_path / "b" / "policies" / "cases.yaml"
    cases.write_text("- {name: never, primitive: restart, expect: forbidden}\n")
    result = RUN.invoke(app, ["test", "--bundle", str(tmp_path / "b")])
    assert result.exit_code == Exit.NO
    assert "EXPECTED forbidden" in result.output
    (tmp_path / "b" / "policies" / "own.cedar").write_text("permit(")
    result = RUN.invoke(app, ["test", "--bundle", str(tmp_path / "b")])
    assert result.exit_code == Exit.FAILED
    assert "own.cedar:1" in result.output


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["restart", "cart", "frozen=false"], Exit.OK, "unattended"),
        (["restart", "cart", "criticality=critical", "frozen=false"], Exit.OK, "one-approver"),
        (["restart", "cart", "halted=true"], Exit.NO, "halted"),
        (["restart", "cart", "colour=red"], Exit.USAGE, "colour"),
        (["explode", "cart"], Exit.USAGE, "'explode' is not a primitive; known primitives are"),
    ],
)
def test_explain(words: list[str], code: Exit, told: str) -> None:
    """The tier with the policies behind it; an unknown primitive or fact is a usage error."""
    result = RUN.invoke(app, ["explain", *words])
    assert (result.exit_code, told in result.output) == (code, True), result.output


def test_approve_brings_a_new_runbook_in(tmp_path: Path) -> None:
    """A runbook that somebody read is listed and loaded."""
    shutil.copytree(SHIPPED, tmp_path / "b")
    own = tmp_path / "b" / "runbooks" / "own.yaml"
    own.write_text("id: own\ntitle: t\nwhen: {}\nescalate: look\n")
    assert RUN.invoke(app, ["test", "--bundle", str(tmp_path / "b")]).exit_code == Exit.FAILED
    assert RUN.invoke(app, ["approve", "--bundle", str(tmp_path / "b")]).exit_code == Exit.OK
    assert RUN.invoke(app, ["test", "--bundle", str(tmp_path / "b")]).exit_code == Exit.OK


def test_the_bundle_of_the_settings_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --bundle it is the one that the runtime would use, not the shipped one."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "ours")
    (tmp_path / "ours" / "policies" / "cases.yaml").write_text("- {name: our own, primitive: restart}\n")
    (tmp_path / "aiops.yaml").write_text("bundle: ours\n")
    told = json.loads(RUN.invoke(app, ["test", "--json"]).stdout)
    assert [case["case"] for case in told["cases"]] == ["our own"]
    monkeypatch.setenv("AIOPS_BUNDLE", str(tmp_path / "missing"))
    assert RUN.invoke(app, ["test"]).exit_code != Exit.OK
