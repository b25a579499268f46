"""Spellings, suffixes and words of metric names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.metric_semantics.names import Spelling, Statistic, key_of, reading, spellings, words_of


@pytest.mark.parametrize(
    "metric",
    [
        "http.server.active_requests",
        "http_server_active_requests",
        "HTTP.Server.Active-Requests",
        "http/server:active requests",
    ],
)
def test_all_spellings_of_a_name_are_one_key(metric: str) -> None:
    """Case and punctuation differ between conventions; the key does not."""
    assert key_of(metric) == "http_server_active_requests"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a_duration_seconds_bucket", Spelling("a_duration", Statistic.VALUE, "s")),
        ("a_duration_seconds_count", Spelling("a_duration", Statistic.COUNT, "s")),
        ("a_duration_seconds_sum", Spelling("a_duration", Statistic.SUM, "s")),
        ("a_duration_p99", Spelling("a_duration", Statistic.VALUE)),
        ("a_duration_p99_9", Spelling("a_duration", Statistic.VALUE)),
        ("a_bytes_total", Spelling("a", Statistic.VALUE, "By")),
        ("a_utilization_ratio", Spelling("a_utilization", Statistic.VALUE, "1")),
        ("a_milliseconds", Spelling("a", Statistic.VALUE, "ms")),
        ("a_bytes_per_second", Spelling("a", Statistic.VALUE, "By/s")),
    ],
)
def test_suffixes_are_read_one_after_the_other(key: str, expected: Spelling) -> None:
    """The statistic, then ``_total``, then the unit."""
    assert expected in spellings(key)


def test_the_name_as_it_is_comes_first() -> None:
    """A row of that very name must win over a row that is found by leaving something out."""
    assert next(iter(spellings("db_client_connection_count"))) == Spelling("db_client_connection_count")


@pytest.mark.parametrize("key", ["count", "total", "seconds", "p99", "bucket", ""])
def test_a_name_that_is_only_a_suffix_stays(key: str) -> None:
    """Nothing is left of it otherwise."""
    assert all(spelling.key == key or spelling.key for spelling in spellings(key))
    assert reading(key).key == key


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("http.server.unavailable", ("http", "server", "unavailable")),
        ("CpuUsageRate(%)", ("cpu", "usage", "rate")),
        ("PodServerLatencyP99(s)", ("pod", "server", "latency", "p99", "s")),
        ("http_5xx", ("http", "5xx")),
        ("HTTPRequests5XX", ("http", "requests", "5xx")),
        ("GCTime", ("gc", "time")),
        ("OOMKilled", ("oom", "killed")),
        ("x509_cert_days", ("x509", "cert", "days")),
        ("k8s.pod.cpu", ("k8s", "pod", "cpu")),
        ("node_load15", ("node", "load", "15")),
        ("cpuset", ("cpuset",)),
        ("setup", ("setup",)),
        ("", ()),
        ("…", ()),
    ],
)
def test_words_are_split_at_case_punctuation_and_digits(metric: str, expected: tuple[str, ...]) -> None:
    """What is one word stays one: nothing is found inside it."""
    assert words_of(metric) == expected


@given(st.text(max_size=60))
def test_any_name_can_be_read(metric: str) -> None:
    """Folding is stable, and every spelling is a part of the folded name."""
    key = key_of(metric)
    assert key_of(key) == key
    assert all(key.startswith(spelling.key) for spelling in spellings(key))
    assert all(word == word.lower() for word in words_of(metric))
