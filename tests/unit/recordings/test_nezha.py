"""Nezha's tables, spans and lines become a recording of one day."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_core import from_json

from aiops.recordings.nezha import convert, main, service_of
from aiops.recordings.recording import Recording, RecordingError, Stream

WEB, CART = "web-5f6585d649-fnmft", "cart-9cdb6588f-554sm"
HEAD = "Time,TimeStamp,PodName,CpuUsage(m),SyscallRead,PodServerLatencyP90(s),NodeCpuUsageRate(%)\n"
TRACE = "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n"
LOG = "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log\n"
AT = 1661140279799087274
"""2022-08-22 03:51:19.799087274."""


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Two pods on one node, one minute with a call and a line; the published layout, adservice's wrong TimeStamp."""
    folder = tmp_path / "data" / "nezha" / "rca_data" / "2022-08-22"
    for name in ("metric", "trace", "log"):
        (folder / name).mkdir(parents=True)
    for pod, cpu in ((WEB, "5.25"), (CART, "")):
        row = f"2022-08-22 03:51:19.799087274 +0000 UTC m=+0.3,1461140279,{pod},{cpu},12,0.5,30\n"
        (folder / "metric" / f"{pod}_metric.csv").write_text(HEAD + row)
    dependency = "Source,Target,Weight\nweb,cart,1\nweb,33.33.33.76,1\ncart,33.33.33.76,1\nloadgenerator,33.33.33.9,1\n"
    (folder / "metric" / "dependency.csv").write_text(dependency)
    edge = "time,timestamp,web_cart\n2022-08-22 03:51:20.02 +0000 UTC m=+0.5,1661140280,0.004\n"
    for table in ("source_50", "destination_50"):
        (folder / "metric" / f"{table}.csv").write_text(edge)
    front = "Time,TimeStamp,ServiceName,SuccessRate(%)\n2022-08-22 03:51:21.5 +0000 UTC m=+0.1,1661140281,Web,100\n"
    (folder / "metric" / "front_service.csv").write_text(front)
    trace, (root, call, served) = "ab" * 16, (f"{n:016x}" for n in (1, 2, 3))
    spans = [
        (root, "root", WEB, "Recv.", AT, AT + 90),
        (call, root, WEB, "Cart/Get", AT + 10, AT + 80),
        (served, call, CART, "Recv.", AT + 20, AT + 70),
    ]
    lines = [",".join(map(str, (trace, *one, 1))) for one in spans]
    with gzip.open(folder / "trace" / "03_51_trace.csv.gz", "wt") as file:
        file.write(TRACE + "\n".join(lines) + "\n")
    body = json.dumps({"log": json.dumps({"severity": "WARNING", "message": "slow"}) + "\n", "stream": "stdout"})
    quoted = body.replace('"', '""')
    with gzip.open(folder / "log" / "03_51_log.csv.gz", "wt") as file:
        file.write(LOG + f'2022-08-22T03:51:19Z,{AT},33.33.33.76,{WEB},server,{trace},{root},"{quoted}"\n')
    fault = {"inject_time": "2022-08-22 03:53:54", "inject_pod": CART, "inject_type": "network_delay"}
    (folder / "faults.json").write_text(json.dumps([fault]))
    unusual = [["2022-08-22 03:52:54", "2022-08-22 03:59:54"], ["2022-08-22 05:00:00", "2022-08-22 05:07:00"]]
    (folder / "not_normal.json").write_text(json.dumps(unusual))
    return folder


def documents(folder: Path, stream: Stream) -> list[Any]:
    """Parsed lines of one stream."""
    return [from_json(one.value) for one in Recording(folder).records() if one.stream is stream]


def series(folder: Path) -> dict[tuple[str, str], tuple[str, float, int]]:
    """(entity, metric) to unit, value and time."""
    found = {}
    for document in documents(folder, Stream.METRICS):
        for resource in document["resourceMetrics"]:
            entity = resource["resource"]["attributes"][0]["value"]["stringValue"]
            for metric in resource["scopeMetrics"][0]["metrics"]:
                (point,) = metric["gauge"]["dataPoints"]
                found[entity, metric["name"]] = (metric["unit"], point["asDouble"], int(point["timeUnixNano"]))
    return found


def test_columns_become_gauges_with_the_unit_that_they_name(day: Path, tmp_path: Path) -> None:
    """Time is the column Time; an empty cell is no point; the node's figures come once, and are the node's."""
    convert(day, tmp_path / "out")
    found = series(tmp_path / "out")
    assert found["web", "CpuUsage"] == ("m", 5.25, AT)
    assert found["web", "PodServerLatencyP90"] == ("s", 0.5, AT)
    assert found["cart", "SyscallRead"] == ("", 12.0, AT)
    assert ("cart", "CpuUsage") not in found
    assert found["33.33.33.76", "NodeCpuUsageRate"] == ("%", 30.0, AT)
    assert not any(name.startswith("Node") for entity, name in found if entity != "33.33.33.76")


def test_latencies_of_calls_belong_to_their_ends(day: Path, tmp_path: Path) -> None:
    """The source's to the caller, about its peer; the destination's to the callee; the front door to its service."""
    convert(day, tmp_path / "out")
    found = series(tmp_path / "out")
    assert found["web", "source.LatencyP50"][:2] == ("s", 0.004)
    assert found["cart", "destination.LatencyP50"][:2] == ("s", 0.004)
    assert found["web", "front.SuccessRate"][:2] == ("%", 100.0)


def test_the_topology_is_the_data_sets_own(day: Path, tmp_path: Path) -> None:
    """Calls of services, pods as parts of them and on their nodes; who is not in the recording is left out."""
    convert(day, tmp_path / "out")
    items = {one["data"]["id"]: one["data"] for one in documents(tmp_path / "out", Stream.CMDB)}
    edges = {(name, edge["target"], edge["kind"]) for name, item in items.items() for edge in item["edges"]}
    assert edges == {
        ("web", "cart", "calls"),
        (WEB, "web", "part_of"),
        (CART, "cart", "part_of"),
        (WEB, "33.33.33.76", "runs_on"),
        (CART, "33.33.33.76", "runs_on"),
    }
    assert items["33.33.33.76"]["kind"] == "host"


def test_without_a_list_the_topology_is_what_spans_and_lines_show(day: Path, tmp_path: Path) -> None:
    """As for the Train Ticket days."""
    (day / "metric" / "dependency.csv").unlink()
    convert(day, tmp_path / "out")
    items = {one["data"]["id"]: one["data"] for one in documents(tmp_path / "out", Stream.CMDB)}
    edges = {(name, edge["target"], edge["kind"]) for name, item in items.items() for edge in item["edges"]}
    assert ("web", "cart", "calls") in edges
    assert (WEB, "33.33.33.76", "runs_on") in edges


def test_kinds_of_spans_are_derived_from_who_called_whom(day: Path, tmp_path: Path) -> None:
    """A root and what another pod called are servers, what calls another pod is a client; oldest end first."""
    convert(day, tmp_path / "out")
    (request,) = documents(tmp_path / "out", Stream.TRACES)
    spans = [
        (resource["resource"]["attributes"][0]["value"]["stringValue"], span["name"], span["kind"])
        for resource in request["resourceSpans"]
        for span in resource["scopeSpans"][0]["spans"]
    ]
    assert sorted(spans) == [("cart", "Recv.", 2), ("web", "Cart/Get", 3), ("web", "Recv.", 2)]


def test_lines_are_unwrapped_and_their_severity_is_read(day: Path, tmp_path: Path) -> None:
    """The container runtime's JSON is not what the program wrote."""
    convert(day, tmp_path / "out")
    (request,) = documents(tmp_path / "out", Stream.LOGS)
    (line,) = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert line["severityNumber"] == 13
    assert json.loads(line["body"]["stringValue"]) == {"severity": "WARNING", "message": "slow"}


def test_the_truth_lasts_three_minutes_and_leaves_out_what_is_unusual_without_a_fault(
    day: Path, tmp_path: Path
) -> None:
    """Of not_normal.json only the interval without a listed fault; appearance is no evidence."""
    convert(day, tmp_path / "out")
    truth = yaml.safe_load((tmp_path / "out" / "truth.yaml").read_text())
    assert truth["faults"] == [
        {"entity": CART, "kind": "network_delay", "from": "2022-08-22T03:53:54Z", "to": "2022-08-22T03:56:54Z"}
    ]
    assert truth["left_out"] == [{"from": "2022-08-22T05:00:00Z", "to": "2022-08-22T05:07:00Z"}]
    assert truth["appearance_is_evidence"] is False


def test_the_command_can_leave_out_logs_and_traces(day: Path, tmp_path: Path) -> None:
    """Then there are no files of them, even where an earlier run wrote some."""
    out = tmp_path / "out"
    convert(day, out)
    assert main(["--data", str(tmp_path / "data"), "--day", day.name, "--out", str(out), "--metrics-only"]) == 0
    assert set(Recording(out).files) == {Stream.CMDB, Stream.METRICS}


def test_the_same_data_gives_the_same_bytes(day: Path, tmp_path: Path) -> None:
    """No time of conversion is in the files."""
    convert(day, tmp_path / "one")
    convert(day, tmp_path / "two")
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / n).iterdir()} for n in ("one", "two"))
    assert one == two


def test_an_empty_day_is_refused(tmp_path: Path) -> None:
    """It names the folder that was looked into."""
    with pytest.raises(RecordingError, match=r"metric: there is no \*_metric\.csv"):
        convert(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("pod", "service"),
    [(CART, "cart"), ("ts-travel-service-64469b5b48-25zj6", "ts-travel-service"), ("redis", "redis")],
)
def test_a_pod_is_named_after_its_service(pod: str, service: str) -> None:
    """Deployment, replica set, instance."""
    assert service_of(pod) == service
