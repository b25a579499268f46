"""The doctor's findings: files with their lines, and what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aiops.adapters.bundle.loading import SHIPPED
from aiops.adapters.clock import SystemClock
from aiops.adapters.ledger_report import account, difference
from aiops.adapters.status_file import read_status, write_status
from aiops.apps.doctor import examine
from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.cli import main as program
from aiops.cli.exits import Exit
from aiops.settings import Console, Control, Kafka, Paging, Settings
from tests.servers import free_port


def findings(settings: Settings, bundle: Path = SHIPPED, *, page: bool = False) -> list[DoctorFinding]:
    return list(examine(settings, bundle, SystemClock(), page=page))


def failed(found: list[DoctorFinding]) -> list[str]:
    return [finding.what for finding in found if finding.level is Level.FAIL]


def test_a_fresh_machine_has_nothing_that_fails(tmp_path: Path) -> None:
    """Everything that is missing is made by `aiops up`; and nothing is made by looking."""
    found = findings(Settings(state=tmp_path / "state"))

    assert failed(found) == []
    assert {"bundle", "acting", "state", "journal", "kafka", "runtime", "pages", "console"} <= {f.about for f in found}
    assert not (tmp_path / "state").exists()


def test_broken_files_are_named_with_their_line(tmp_path: Path) -> None:
    """A runbook changed after its approval, a calendar and a policy that are none."""
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    runbook = folder / "runbooks" / "restart-crashed.yaml"
    runbook.write_text(runbook.read_text() + "\n# changed\n")
    (folder / "windows" / "freezes.ics").write_text("nonsense")
    policy = folder / "policies" / "permits.cedar"
    policy.write_text(policy.read_text() + "\npermit (\n")

    told = failed(findings(Settings(state=tmp_path), folder))

    assert any(f"{runbook}:1: changed since it was approved" in line for line in told)
    assert any("freezes.ics:1" in line for line in told)
    assert any("permits.cedar:" in line for line in told)


def test_a_service_that_cannot_be_read_and_no_folder(tmp_path: Path) -> None:
    """File and line of the item; a bundle that is not there."""
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    (folder / "services").mkdir(exist_ok=True)
    (folder / "services" / "shop.yaml").write_text("- id: pay\n- id: cart\n  replicas: many\n")

    assert any("shop.yaml:2" in line for line in failed(findings(Settings(state=tmp_path), folder)))
    assert any("no folder" in line for line in failed(findings(Settings(state=tmp_path), tmp_path / "missing")))


def test_a_broker_that_does_not_answer_fails(tmp_path: Path) -> None:
    """Nobody listens there."""
    settings = Settings(state=tmp_path, kafka=Kafka(bootstrap=f"127.0.0.1:{free_port()}"))

    assert any("Kafka" in line for line in failed(findings(settings)))


def test_pages_are_tried_when_asked(tmp_path: Path) -> None:
    """A file channel gets the test page; a channel that is none is told; nobody is a failure."""
    file = tmp_path / "pages.log"
    found = findings(Settings(state=tmp_path, paging=Paging(levels=((f"file://{file}",),))), page=True)
    assert failed(found) == []
    assert "this is a test" in file.read_text()

    file.unlink()
    findings(Settings(state=tmp_path, paging=Paging(levels=((f"file://{file}",),))))
    assert not file.exists()
    assert failed(findings(Settings(state=tmp_path, paging=Paging(levels=())))) != []
    assert failed(findings(Settings(state=tmp_path, paging=Paging(levels=(("nonsense",),))))) != []


def test_what_is_dangerous_is_told(tmp_path: Path) -> None:
    """A console in the open, a token that others can read, shadow mode."""
    (tmp_path / "console.token").write_text("x")
    (tmp_path / "console.token").chmod(0o644)
    settings = Settings(state=tmp_path, console=Console(host="0.0.0.0"), control=Control(shadow=True))

    found = findings(settings)

    assert any("without TLS" in finding.what for finding in found)
    assert any("console.token" in line for line in failed(found))
    assert any("shadow" in finding.what for finding in found)


def test_the_command_tells_wrong_settings_with_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One FAIL a field, and the code for no."""
    file = tmp_path / "aiops.yaml"
    file.write_text("data:\n  shards: 0\n")
    monkeypatch.setenv("AIOPS_STATE", str(tmp_path / "state"))

    with pytest.raises(SystemExit) as ended:
        program.main(["doctor", "--config", str(file), "--json"])

    assert ended.value.code == Exit.NO
    (finding,) = json.loads(capsys.readouterr().out)
    assert "aiops.yaml:2" in finding["what"]


def test_the_ledger_without_a_broker_says_that_it_was_not_checked(tmp_path: Path) -> None:
    """The shards' own view of the offsets is used, and a difference in it shows."""
    line = {
        "topic": "otlp_metrics",
        "partition": 0,
        "records": 5,
        "items": 50,
        "endings": {"learned": 50},
        "forwarded": 0,
        "first_offset": 0,
        "next_offset": 5,
    }
    shard = {"shard": 0, "ledger": [line], "bounds": {"otlp_metrics/0": [0, 8]}}
    status = {"at": 1, "kafka": f"127.0.0.1:{free_port()}", "shards": [shard], "orchestration": {"ledger": []}}
    write_status(tmp_path, status)
    settings = Settings(state=tmp_path)

    found = account(settings, read_status(tmp_path) or {})
    assert (found.checked, found.report.difference, found.report.in_flight) == (False, 0, 3)

    line["records"] = 4
    assert difference(settings, status) == 1


def test_rows_of_metrics_are_checked_each(tmp_path: Path) -> None:
    """Two wrong rows are two findings with file, line and name; right ones are counted."""
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    file = folder / "metrics.yaml"
    file.write_text("a: {role: nothing}\nb: {role: errors}\nc: {wrose: up}\n")
    told = failed(findings(Settings(state=tmp_path), folder))
    assert [line for line in told if "metrics.yaml" in line] == [
        line for line in told if f"{file}:1: a: role" in line or f"{file}:3: c: wrose" in line
    ]
    assert len([line for line in told if "metrics.yaml" in line]) == 2

    file.write_text("b: {role: errors}\n")
    found = findings(Settings(state=tmp_path), folder)
    assert "1 rows of your own in metrics.yaml" in [finding.what for finding in found]
