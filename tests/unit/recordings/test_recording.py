"""Recordings are read as one stream in order of time, whatever their files hold."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.recordings.recording import Recording, RecordingError, Stream

SECOND = 10**9
ABOUT = """\
name: test
source: made up
licence: none
period: {from: '1970-01-01T00:00:01Z', to: '1970-01-01T00:10:00Z'}
"""


def metric(*seconds: float, kind: str = "gauge") -> str:
    """A request with one point at each time."""
    points = [{"timeUnixNano": str(round(at * SECOND)), "asDouble": 1.0} for at in seconds]
    metrics = [{"name": "m", kind: {"dataPoints": points}}]
    return json.dumps({"resourceMetrics": [{"resource": {}, "scopeMetrics": [{"metrics": metrics}]}]})


def log(second: int) -> str:
    """A request with one line, known by when it was observed."""
    records = [{"observedTimeUnixNano": str(second * SECOND), "body": {"stringValue": "x"}}]
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})


def span(begin: int, end: int) -> str:
    """A request with one span."""
    spans = [{"startTimeUnixNano": str(begin * SECOND), "endTimeUnixNano": str(end * SECOND)}]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})


def event(second: int, **data: str) -> str:
    """A CloudEvent."""
    time = f"1970-01-01T00:00:{second:02}Z"
    return json.dumps({"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": time, "data": data})


def recording(folder: Path, **files: list[str]) -> Path:
    """Files by stream, one line each."""
    (folder / "recording.yaml").write_text(ABOUT)
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_text("".join(line + "\n" for line in lines))
    return folder


def test_files_are_merged_by_time(tmp_path: Path) -> None:
    """Oldest first over all files; at the same time the CMDB comes before what rests on it."""
    recording(
        tmp_path,
        metrics=[metric(5), metric(7, 9)],
        logs=[log(6)],
        traces=[span(1, 8)],
        cmdb=[event(5, id="web")],
        alerts=['{"alerts": [{"startsAt": "1970-01-01T00:00:10Z", "endsAt": "0001-01-01T00:00:00Z"}]}'],
    )
    found = [(one.at // SECOND, one.stream) for one in Recording(tmp_path).records()]
    assert found == [
        (5, Stream.CMDB),
        (5, Stream.METRICS),
        (6, Stream.LOGS),
        (8, Stream.TRACES),
        (9, Stream.METRICS),
        (10, Stream.ALERTS),
    ]


def test_control_events_have_their_subject_as_key(tmp_path: Path) -> None:
    """Else the id of what they tell."""
    recording(tmp_path, cmdb=[event(5, id="web")])
    assert [one.key for one in Recording(tmp_path).records()] == [b"web"]


def test_bytes_are_handed_on_as_they_are(tmp_path: Path) -> None:
    """Nothing is written anew on the way."""
    odd = metric(5).replace('"asDouble": 1.0', '"asDouble":1.50')
    recording(tmp_path, metrics=[odd])
    assert [one.value for one in Recording(tmp_path).records()] == [odd.encode()]


def test_an_older_line_comes_right_after_its_predecessor(tmp_path: Path) -> None:
    """A file that is not quite in order neither stops the replay nor turns time back."""
    recording(tmp_path, metrics=[metric(5), metric(3), metric(6)], logs=[log(4), log(5)])
    times = [one.at // SECOND for one in Recording(tmp_path).records()]
    assert times == [4, 5, 5, 5, 6]


def test_metrics_only_leaves_out_logs_and_traces(tmp_path: Path) -> None:
    """And keeps the control events."""
    recording(tmp_path, metrics=[metric(5)], logs=[log(6)], traces=[span(1, 8)], cmdb=[event(5)])
    found = {one.stream for one in Recording(tmp_path).records(metrics_only=True)}
    assert found == {Stream.METRICS, Stream.CMDB}


@pytest.mark.parametrize("kind", ["gauge", "sum", "histogram", "exponentialHistogram", "summary"])
def test_every_kind_of_metric_has_a_time(tmp_path: Path, kind: str) -> None:
    """Whatever the points hold."""
    recording(tmp_path, metrics=[metric(5, kind=kind)])
    assert [one.at for one in Recording(tmp_path).records()] == [5 * SECOND]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_packed_files_are_read(tmp_path: Path, suffix: str) -> None:
    """Gzip and Zstandard."""
    recording(tmp_path)
    text = (metric(5) + "\n" + metric(6) + "\n").encode()
    packed = gzip.compress(text) if suffix == ".gz" else pa.compress(text, "zstd", asbytes=True)
    if suffix == ".zst":
        with pa.CompressedOutputStream(str(tmp_path / "metrics.jsonl.zst"), "zstd") as out:
            out.write(text)
    else:
        (tmp_path / "metrics.jsonl.gz").write_bytes(packed)
    assert [one.at // SECOND for one in Recording(tmp_path).records()] == [5, 6]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "EOF"),
        ("[]", "expected a JSON object"),
        ('{"resourceSpans": []}', "expected an OTLP/JSON export request with resourceMetrics"),
        ('{"resourceMetrics": []}', "no record in it has a time"),
        ('{"resourceMetrics": 5}', "not of the expected shape"),
        (metric(5).replace('"5000000000"', '"soon"'), "invalid literal"),
        (metric(5).replace("5000000000", "9" * 30), "later than 2262"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    """File and line are in the error, and what is wrong."""
    recording(tmp_path, metrics=[metric(1), line])
    with pytest.raises(RecordingError) as caught:
        list(Recording(tmp_path).records())
    assert str(caught.value).startswith(f"{tmp_path / 'metrics.jsonl'}:2: ")
    assert why in str(caught.value)


def test_a_torn_packed_file_is_named(tmp_path: Path) -> None:
    """It ended too early."""
    recording(tmp_path)
    whole = gzip.compress("".join(metric(n) + "\n" for n in range(1, 2000)).encode())
    (tmp_path / "metrics.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordingError, match=r"metrics\.jsonl\.gz:\d+: cannot be read"):
        list(Recording(tmp_path).records())


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (None, "there is no such file"),
        ("name: [", "not YAML"),
        ("name: x", "source: Field required"),
        (ABOUT + "more: 1\n", "more: Extra inputs"),
        (ABOUT.replace("name: test", "name: ../test"), "name: String should match"),
        (ABOUT.replace("00:10:00Z", "soon"), "period.to"),
        (ABOUT.replace("00:10:00Z", "00:00:00Z"), "from is after to"),
    ],
)
def test_a_folder_that_is_no_recording_says_why(tmp_path: Path, about: str | None, why: str) -> None:
    """recording.yaml is checked before anything is read."""
    recording(tmp_path, metrics=[metric(1)])
    (tmp_path / "recording.yaml").unlink()
    if about is not None:
        (tmp_path / "recording.yaml").write_text(about)
    with pytest.raises(RecordingError, match=r"recording\.yaml") as caught:
        Recording(tmp_path)
    assert why in str(caught.value)


def test_two_files_of_one_stream_are_refused(tmp_path: Path) -> None:
    """Nobody can know which one counts."""
    recording(tmp_path, metrics=[metric(1)])
    (tmp_path / "metrics.jsonl.gz").write_bytes(b"")
    with pytest.raises(RecordingError, match="keep one of them"):
        Recording(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """A recording without records is a wrong folder."""
    with pytest.raises(RecordingError, match=r"no metrics\.jsonl"):
        Recording(recording(tmp_path))


_NAMES = st.sampled_from(
    [
        *("resourceMetrics", "scopeMetrics", "metrics", "gauge", "dataPoints", "timeUnixNano"),
        *("specversion", "alerts", "startsAt", "time", "data", "subject", "id", "at"),
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(document=_JSON, stream=st.sampled_from(Stream))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_but_a_named_error_comes_of_any_line(tmp_path: Path, document: Any, stream: Stream) -> None:
    """Whatever JSON a line holds."""
    for old in tmp_path.glob("*.jsonl"):
        old.unlink()
    recording(tmp_path, **{stream.value: [json.dumps(document)]})
    said = ""
    try:
        found = len(list(Recording(tmp_path).records()))
    except RecordingError as error:
        found, said = 0, str(error)
    assert found == 1 or f"{stream}.jsonl:1: " in said
