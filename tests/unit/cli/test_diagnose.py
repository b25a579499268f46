"""`aiops diagnose` and `aiops topology impact`: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from aiops.cli import main as program
from aiops.cli.exits import Exit
from aiops.cli.topology import of_journal
from aiops.control.state.documents import ItemRecord
from aiops.model.cloudevents import encode, of_item
from aiops.model.codec import encode as encode_document
from aiops.model.entities import Edge, EdgeKind, Item
from tests.unit.topology.test_cases import write


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        program.main([str(argument) for argument in arguments])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_json_has_the_fields_of_the_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a case, whose probabilities add up to 1."""
    assert run("diagnose", write(tmp_path), "--json") == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {
        "case", "onset", "unknown", "p_unknown", "p_rest", "seconds", "hypotheses", "impact", "changes",
    }  # fmt: skip
    assert told["hypotheses"][0]["entity"] == "b"
    assert set(told["hypotheses"][0]["evidence"][0]) == {"for", "what", "source", "from", "to", "weight"}
    chances = [h["probability"] for h in told["hypotheses"]]
    assert sum(chances) + told["p_unknown"] + told["p_rest"] == pytest.approx(1.0, abs=1e-6)


def test_text_names_cause_evidence_and_impact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People read the cause in the first line and why below."""
    assert run("diagnose", write(tmp_path), "--onset", "2023-11-14T23:53:20Z") == Exit.OK
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].startswith("c: b (saturation), since 2023-11-14T23:53:20Z")
    assert "+ b is called by a, where latency_p99 of a went from" in shown
    assert "times the usual spread" in shown
    assert "a: abnormal: a needs b" in shown


def test_unreadable_case_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The good case is diagnosed, the bad one told, and the exit code says so."""
    bad = tmp_path / "bad"
    bad.mkdir()
    assert run("diagnose", bad, write(tmp_path)) == Exit.FAILED
    told = capsys.readouterr()
    assert "case.json: not there" in told.err
    assert told.out.startswith("c: b")


def test_unknown_cause_is_exit_code_one(tmp_path: Path) -> None:
    """A case in which nothing moved has no cause."""
    folder = write(tmp_path)
    frame = pl.read_parquet(folder / "metrics.parquet").with_columns(pl.lit(1.0).alias("value"))
    frame.write_parquet(folder / "metrics.parquet")
    assert run("diagnose", folder) == Exit.NO


def test_wrong_onset_is_wrong_usage(tmp_path: Path) -> None:
    """A time that is none is told before anything is read."""
    assert run("diagnose", tmp_path, "--onset", "noon") == Exit.USAGE


def cmdb(folder: Path) -> Path:
    sold = Item("sales", "business_service", value_per_minute=10.0)
    events = [
        of_item(sold, (), 1),
        of_item(Item("web"), (Edge("web", "sales", EdgeKind.PART_OF), Edge("web", "db")), 1),
    ]
    file = folder / "cmdb.jsonl"
    file.write_bytes(b"\n".join(encode(event) for event in events))
    return file


def test_impact_reaches_business_services(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a database's failure costs is told along the path."""
    assert run("topology", "impact", "db", "--cmdb", cmdb(tmp_path), "--json") == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told["value_per_minute"] == pytest.approx(7.2)
    assert [row["entity"] for row in told["impact"]] == ["sales", "db", "web"]


def test_impact_of_an_unknown_item_is_no(tmp_path: Path) -> None:
    """Nothing known is exit code 1."""
    assert run("topology", "impact", "nobody", "--cmdb", cmdb(tmp_path)) == Exit.NO


def test_broken_cmdb_file_names_its_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line that is no event is told with its number."""
    file = cmdb(tmp_path)
    file.write_bytes(file.read_bytes() + b"\n{")
    assert run("topology", "impact", "db", "--cmdb", file) == Exit.FAILED
    assert "row 3: undecodable" in capsys.readouterr().err


class Documents:
    """A journal's reading side with two kinds of documents."""

    def documents(self, kind: str, domain: str = "main") -> dict[str, str]:
        edge = Edge("web", "db", origin="spans")
        kinds = {
            "item": {"web": encode_document(ItemRecord(Item("web"), (Edge("web", "cache"),)))},
            "edge": {"web>db": encode_document(edge)},
        }
        return kinds[kind] if domain == "main" else {}


def test_graph_of_the_journal_has_declared_and_observed_edges() -> None:
    """Both kinds of documents make the graph."""
    graph = of_journal(Documents(), "main")  # type: ignore[arg-type]
    assert [end for end, _ in graph.needs_of("web")] == ["cache", "db"]


def test_rows_of_the_bundle_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What people say of a metric changes the kind of fault; a wrong row is one sentence."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    rows = folder / "metrics.yaml"
    monkeypatch.setenv("AIOPS_BUNDLE", str(folder))
    rows.write_text("cpu: {role: resource, part: memory, worse: up}\n")
    assert run("diagnose", write(tmp_path)) == Exit.OK
    assert capsys.readouterr().out.startswith("c: b (memory)")
    rows.write_text("cpu: {role: nothing}\n")
    assert run("diagnose", write(tmp_path)) == Exit.FAILED
    assert f"{rows}:1: cpu: role" in capsys.readouterr().err
