"""Loaders on made-up folders in the layout of the public sets."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from aiops.model.durations import MINUTE, SECOND
from aiops.model.entities import Edge, EdgeKind
from tests.benchmarks.rootcause import __main__ as command
from tests.benchmarks.rootcause.catalogue import sets
from tests.benchmarks.rootcause.labelled import CaseSet
from tests.benchmarks.rootcause.loaders import alerts, folders, nezha, petshop
from tests.benchmarks.rootcause.loaders.nezha_tables import at

DAY = "2022-08-22"


def write_petshop(folder: Path) -> Path:
    """Two nodes, 20 normal rows from time 1,000,000 on, and one issue that was recorded before them."""
    (folder / "noissue").mkdir(parents=True)
    (folder / "train" / "issue_0").mkdir(parents=True)
    (folder / "graph.csv").write_text(",PetSite,store\nPetSite,0,1\nstore,0,0\n")
    head = "microservice,PetSite,store\nmetric,latency,latency\nstatistic,Average,Average\nunix_timestamp,,\n"
    normal = "".join(f"{1_000_000 + 300 * row},{1 + row % 2},2\n" for row in range(20))
    issue = "".join(f"{5_000 + 300 * row},{1 + 9 * (row >= 2)},{2 + 7 * (row >= 2)}\n" for row in range(5))
    (folder / "noissue" / "metrics.csv").write_text(head + normal)
    (folder / "train" / "issue_0" / "metrics.csv").write_text(head + issue)
    told = {
        "target": {"node": "PetSite", "metric": "latency", "agg": "Average", "timestamp": 5_450},
        "root_cause": {"node": "store", "metric": None},
    }
    (folder / "train" / "issue_0" / "target.json").write_text(json.dumps(told))
    return folder


def test_a_petshop_issue_follows_the_normal_period(tmp_path: Path) -> None:
    """The first row after the stated time is the third of the issue."""
    (one,) = petshop.load(write_petshop(tmp_path)).cases()
    after = one.case.metrics.filter(pl.col("ts") >= one.onset)

    assert (one.truth, one.kind, one.symptom_metric) == (frozenset({"store"}), "latency", "latency_Average")
    assert one.case.metrics["ts"].n_unique() == 25
    assert sorted(after["value"].to_list()) == [9, 9, 9, 10, 10, 10]
    assert one.case.edges == (Edge("PetSite", "store"),)


def test_petshop_windows_lie_in_the_normal_period(tmp_path: Path) -> None:
    """From its second half on, five rows each, without a truth."""
    (one,) = petshop.load(write_petshop(tmp_path)).normal()

    assert one.truth == frozenset()
    assert one.case.metrics["ts"].n_unique() == 14
    assert one.onset == (1_000_000 + 300 * 11) * SECOND


def write_nezha(folder: Path) -> Path:
    """Ten hours of two pods, a value a minute; faults at 01:00:30 and 01:20:30; traces of a minute around each."""
    day = folder / "rca_data" / DAY
    for name in ("metric", "trace", "log"):
        (day / name).mkdir(parents=True)
    for pod in ("web-1", "store-1"):
        rows = [
            f"{DAY} {minute // 60:02d}:{minute % 60:02d}:10.5 +0000 UTC m=+0.1,0,{pod},{minute}"
            for minute in range(600)
        ]
        (day / "metric" / f"{pod}_metric.csv").write_text(
            "Time,TimeStamp,PodName,CpuUsage(m)\n" + "\n".join(rows) + "\n"
        )
    faults = [
        {"inject_time": f"{DAY} 01:00:30", "inject_pod": "store-1", "inject_type": "cpu_contention"},
        {"inject_time": f"{DAY} 01:20:30", "inject_pod": "web-1", "inject_type": "return"},
    ]
    (day / "faults.json").write_text(json.dumps(faults))
    unusual = [[f"{DAY} 00:59:30", f"{DAY} 01:06:30"], [f"{DAY} 01:19:30", f"{DAY} 01:26:30"]]
    (day / "not_normal.json").write_text(json.dumps(unusual))
    for name, times in (("01_00", ("01:00:00", "01:00:20")), ("01_01", ("01:00:40", "01:01:00"))):
        spans = ["TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration"]
        for number, time in enumerate(times):
            begin = at(f"{DAY} {time}")
            spans.append(f"{name}{number},a,root,web-1,GET,{begin},{begin + 900},1")
            spans.append(f"{name}{number},b,a,store-1,read,{begin + 100},{begin + 300},1")
        with gzip.open(day / "trace" / f"{name}_trace.csv.gz", "wt") as file:
            file.write("\n".join(spans) + "\n")
    with gzip.open(day / "log" / "01_01_log.csv.gz", "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Timestamp", "TimeUnixNano", "Node", "PodName", "Container", "TraceID", "SpanID", "Log"])
        line = json.dumps({"log": "01:00:40 ERROR no stock\n"})
        writer.writerow(["", at(f"{DAY} 01:00:40"), "n", "store-1", "server", "t", "s", line])
    return folder


def nezha_set(folder: Path, name: str) -> CaseSet:
    return {each.name: each for each in nezha.load(write_nezha(folder))}[name]


def test_a_nezha_case_leaves_out_the_minutes_of_other_faults(tmp_path: Path) -> None:
    """The minute before its own injection stays, and nothing after the fault's three minutes is shown."""
    one, other = nezha_set(tmp_path, "nezha-boutique").cases()
    minutes = [value for entity, value in other.case.metrics.select("entity", "value").rows() if entity == "web-1"]

    assert (one.truth, one.onset) == (frozenset({"store-1"}), at(f"{DAY} 01:00:30"))
    assert (other.truth, other.kind) == (frozenset({"web-1"}), "return")
    assert [value for value in minutes if value >= 58] == [58, 59, *range(67, 84)]


def test_spans_have_a_reference_that_was_recorded_before_the_fault(tmp_path: Path) -> None:
    """Two traces before the injection and two after it; the second fault has spans on neither side of its own."""
    one, other = nezha_set(tmp_path, "nezha-boutique").cases()

    assert (
        len(one.case.spans.filter(pl.col("ts") < one.onset))
        == len(one.case.spans.filter(pl.col("ts") >= one.onset))
        == 4
    )
    assert one.case.spans["parent_id"].null_count() == 4
    assert other.case.spans.is_empty()
    assert one.case.edges == (Edge("web-1", "store-1"),)


def test_logs_without_a_reference_are_left_out(tmp_path: Path) -> None:
    """Their appearance would say where the fault is."""
    assert all(each.case.logs.is_empty() for each in nezha_set(tmp_path, "nezha-boutique").cases())


def test_the_whole_day_is_moved_before_the_fault(tmp_path: Path) -> None:
    """All minutes that are normal come first; the fault's own rows stay where they are."""
    recorded, *_ = nezha_set(tmp_path / "one", "nezha-boutique").cases()
    one, *_ = nezha_set(tmp_path / "other", "nezha-boutique-day").cases()
    own = one.case.metrics.filter(pl.col("entity") == "web-1")
    normal = [minute for minute in range(600) if not 60 <= minute <= 66 and not 80 <= minute <= 86]

    assert sorted(own.filter(pl.col("ts") < one.onset)["value"].to_list()) == [*normal[:60], 60, *normal[60:]]
    assert own.filter(pl.col("ts") >= one.onset)["value"].to_list() == [61, 62, 63]
    assert (one.case.to_at, one.onset) == (recorded.case.to_at, recorded.onset)
    assert own.filter(pl.col("ts") < one.case.from_at).is_empty()
    assert (recorded.case.from_at - one.case.from_at) % MINUTE == 0
    assert own["ts"].n_unique() == len(own)


def test_nezha_windows_begin_half_an_hour_after_the_last_fault(tmp_path: Path) -> None:
    """They hold no listed minute."""
    windows = list(nezha_set(tmp_path, "nezha-boutique").normal())

    assert windows[0].onset == at(f"{DAY} 01:56:30")
    assert all(window.truth == frozenset() for window in windows)
    assert 62 not in windows[0].case.metrics["value"].to_list()


def write_alerts(folder: Path) -> Path:
    """One failure with a host, a call from nobody, and an edge to itself."""
    (folder / "raw").mkdir(parents=True)
    (folder / "label.csv").write_text("index,instance,anomaly_type\n0,store,cpu\n1,web,loss\n")
    raw: dict[str, dict[str, list[object]]] = {
        "nodes": {"0": ["web", "store"]},
        "edges": {"0": [[0, 1], [1, 1]]},
        "metrics": {"0": [["store", "host-1", "cpu", "up"], ["web", "latency", "up"]]},
        "logs": {"0": [["store", 7]]},
        "traces": {"0": [["-1", "web", "GET /", "ERROR"], ["web", "store", "read", "PD"]]},
    }
    for name, table in raw.items():
        (folder / "raw" / f"{name}.json").write_text(json.dumps(table))
    return folder


def test_alerts_become_a_case_without_times(tmp_path: Path) -> None:
    """A failure without nodes is left out, a caller that nobody knows is the callee itself."""
    (one,) = alerts.load(write_alerts(tmp_path / "gaia")).cases()
    rows = one.case.alerts.select("entity", "source", "name", "peer").rows()

    assert (one.truth, one.onset) == (frozenset({"store"}), None)
    assert ("web", "trace", "GET /:ERROR", "web") in rows
    assert ("store", "metric", "cpu:up", None) in rows
    assert one.case.edges == (Edge("store", "host-1", EdgeKind.RUNS_ON), Edge("web", "store"))


def write_case(folder: Path, entities: list[str], onset: str | None) -> None:
    """One case folder, with its truth apart."""
    folder.mkdir(parents=True)
    head = {"id": folder.name, "from": "2024-01-01T00:00:00Z", "to": "2024-01-01T01:00:00Z", "step_seconds": 60}
    (folder / "case.json").write_text(json.dumps(head | {"detected_at": "2024-01-01T00:30:00Z"}))
    (folder / "truth.json").write_text(json.dumps({"entities": entities, "onset": onset, "kind": None}))
    times = pl.Series("ts", [0, 1], pl.Int64).cast(pl.Datetime("ns", "UTC")) + pl.duration(days=19723)
    table = pl.DataFrame({"ts": [0, 1], "entity": "web", "metric": "cpu", "value": [1.0, 2.0]}).with_columns(times)
    table.write_parquet(folder / "metrics.parquet")


def test_case_folders_are_read_with_their_truth(tmp_path: Path) -> None:
    """One without entities is a window without a fault; without an onset the detection stands in."""
    write_case(tmp_path / "range" / "a", ["web"], "2024-01-01T00:20:00Z")
    write_case(tmp_path / "range" / "b", ["web"], None)
    write_case(tmp_path / "range" / "c", [], None)
    made = folders.load(tmp_path / "range")
    one, other = made.cases()

    assert (made.name, one.truth, one.kind) == ("range", frozenset({"web"}), "")
    assert (other.onset or 0) - (one.onset or 0) == 10 * MINUTE
    assert [window.case.id for window in made.normal()] == ["c"]


def test_a_truth_with_a_wrong_field_is_refused(tmp_path: Path) -> None:
    """The error names the field."""
    write_case(tmp_path / "range" / "a", ["web"], None)
    (tmp_path / "range" / "a" / "truth.json").write_text('{"entity": "web"}')

    with pytest.raises(ValidationError, match="entities"):
        list(folders.load(tmp_path / "range").cases())


def test_the_catalogue_names_what_is_there(tmp_path: Path) -> None:
    """Without data only what a seed makes."""
    made = ["shop-resource", "shop-network", "releases"]
    write_petshop(tmp_path / "petshop" / "low_traffic")
    write_nezha(tmp_path / "nezha")
    write_alerts(tmp_path / "tvdiag-alerts" / "gaia")

    assert list(sets(None)) == made
    assert list(sets(tmp_path)) == ["petshop", "nezha-boutique", "nezha-boutique-day", "alerts-gaia", *made]


@pytest.mark.parametrize("name", ["--set=nothing", "--set=petshop"])
def test_an_unknown_set_is_refused(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the sets that there are."""
    monkeypatch.delenv("AIOPS_BENCH_DATA", raising=False)
    monkeypatch.setattr("sys.argv", ["rootcause", name])

    assert command.main() == 2
    assert "there are shop-resource, shop-network, releases" in capsys.readouterr().err
