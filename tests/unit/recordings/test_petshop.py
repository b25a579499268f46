"""PetShop's tables become a recording of the normal period and one issue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from pydantic_core import from_json

from aiops.recordings.petshop import convert, issues, main
from aiops.recordings.recording import Recording, RecordingError, Stream

SECOND = 10**9
HEAD = "microservice,web,web,db\nmetric,latency,latency,requests\nstatistic,Average,p90,Sum\nunix_timestamp,,,\n"


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """Two normal rows in August, three rows of an issue in April; the published layout."""
    folder = tmp_path / "data" / "petshop" / "low_traffic"
    (folder / "noissue").mkdir(parents=True)
    (folder / "train" / "issue_0").mkdir(parents=True)
    (folder / "graph.csv").write_text(",web,db\nweb,0,1\ndb,0,0\n")
    (folder / "noissue" / "metrics.csv").write_text(HEAD + "1692608400.0,0.1,0.2,7.0\n1692608700.0,0.1,,8.0\n")
    rows = "1681855320.0,0.1,0.2,7.0\n1681855620.0,0.1,0.2,7.0\n1681855920.0,9.5,9.9,7.0\n"
    (folder / "train" / "issue_0" / "metrics.csv").write_text(HEAD + rows)
    told = {
        "target": {"node": "web", "metric": "latency", "agg": "Average", "timestamp": 1681855803},
        "root_cause": {"node": "db", "metric": None},
    }
    (folder / "train" / "issue_0" / "target.json").write_text(json.dumps(told))
    return folder


def points(folder: Path) -> list[tuple[int, str, str, str, float]]:
    """Second, entity, metric, statistic, value."""
    found = []
    for record in Recording(folder).records():
        if record.stream is not Stream.METRICS:
            continue
        for resource in from_json(record.value)["resourceMetrics"]:
            entity = resource["resource"]["attributes"][0]["value"]["stringValue"]
            for metric in resource["scopeMetrics"][0]["metrics"]:
                (point,) = metric["gauge"]["dataPoints"]
                statistic = point["attributes"][0]["value"]["stringValue"]
                at = int(point["timeUnixNano"]) // SECOND
                found.append((at, entity, metric["name"], statistic, point["asDouble"]))
    return found


def test_values_are_kept_and_the_issue_follows_the_normal_period(scenario: Path, tmp_path: Path) -> None:
    """One step after its last row; an empty cell gives no point."""
    convert(scenario, "train/issue_0", tmp_path / "out")
    found = points(tmp_path / "out")
    assert found[:5] == [
        (1692608400, "web", "latency", "Average", 0.1),
        (1692608400, "web", "latency", "p90", 0.2),
        (1692608400, "db", "requests", "Sum", 7.0),
        (1692608700, "web", "latency", "Average", 0.1),
        (1692608700, "db", "requests", "Sum", 8.0),
    ]
    assert [one[0] for one in found[5::3]] == [1692609000, 1692609300, 1692609600]
    assert found[-3:-1] == [(1692609600, "web", "latency", "Average", 9.5), (1692609600, "web", "latency", "p90", 9.9)]


def test_the_move_is_noted_and_the_truth_moves_too(scenario: Path, tmp_path: Path) -> None:
    """From the moment that the symptom was noticed to the end; what lies between normal and onset is left out."""
    convert(scenario, "train/issue_0", tmp_path / "out")
    notes = yaml.safe_load((tmp_path / "out" / "recording.yaml").read_text())["notes"]
    assert notes[0] == "moved: the issue was recorded at 2023-04-18T22:02:00Z; its times are 10753680 s later"
    truth = yaml.safe_load((tmp_path / "out" / "truth.yaml").read_text())
    assert truth["faults"] == [
        {
            "entity": "db",
            "kind": "latency (Average)",
            "from": "2023-08-21T09:18:03Z",
            "to": "2023-08-21T09:20:00Z",
        }
    ]
    assert truth["left_out"] == [{"from": "2023-08-21T09:05:01Z", "to": "2023-08-21T09:18:03Z"}]


def test_the_graph_gives_calls(scenario: Path, tmp_path: Path) -> None:
    """A row of graph.csv calls the columns that are not zero; all nodes become items at the start."""
    convert(scenario, "train/issue_0", tmp_path / "out")
    records = [one for one in Recording(tmp_path / "out").records() if one.stream is Stream.CMDB]
    items = {one.key: [edge["target"] for edge in from_json(one.value)["data"]["edges"]] for one in records}
    assert items == {b"db": [], b"web": ["db"]}
    assert {one.at // SECOND for one in records} == {1692608400}


def test_the_command_converts_every_issue(scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One folder an issue, named on the output."""
    out = tmp_path / "out"
    assert issues(scenario) == ["train/issue_0"]
    assert main(["--data", str(tmp_path / "data"), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out / 'train-issue_0'}\n"
    assert Recording(out / "train-issue_0").about.licence == "CC-BY-4.0"


def test_a_table_without_times_is_named(scenario: Path, tmp_path: Path) -> None:
    """The file is in the error."""
    (scenario / "noissue" / "metrics.csv").write_text("a,b\n")
    with pytest.raises(RecordingError, match=r"noissue.metrics\.csv: there is no row unix_timestamp"):
        convert(scenario, "train/issue_0", tmp_path / "out")
