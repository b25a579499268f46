from __future__ import annotations

import base64
import json
import random

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.memory import WireMemory
from detectors.wire.metrics import decode_otlp
from tests.unit.detectors.wire.plain_batches import plain
from tests.unit.detectors.wire.requests import NOW, request
from tests.unit.detectors.wire.test_otlp_walker import gauge


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_json_means_the_same_as_protobuf(seed: int) -> None:
    """A request gives the same points whichever way it was written, with enums as numbers or names."""
    rng = random.Random(seed)
    made = request(rng)
    text = json_format.MessageToJson(made, use_integers_for_enums=rng.random() < 0.5).encode()
    one, other = WireMemory(), WireMemory()
    from_json = plain(decode_otlp([text], one, NOW), one.table)
    assert from_json == plain(decode_otlp([made.SerializeToString()], other, NOW), other.table)


def test_ids_in_hexadecimal_are_no_obstacle() -> None:
    """An exemplar with OTLP's own notation of ids leaves its point as it is."""
    point = {"timeUnixNano": str(NOW), "asInt": "7", "exemplars": [{"traceId": "5b8efff798038103d269b633813fc60c"}]}
    metric = {"name": "cpu", "gauge": {"dataPoints": [point]}}
    record = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).encode()
    batch = decode_otlp([record], WireMemory(), NOW)
    assert batch.value.tolist() == [7.0]
    assert len(base64.b64decode("5b8efff798038103d269b633813fc60c")) == 24


HOSTILE = [
    b"{",
    b"{}x",
    b'{"resourceMetrics": 5}',
    b'{"resourceMetrics": [5, null]}',
    b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"gauge": {"dataPoints": [{"asInt": {}}]}}]}]}]}',
    b'{"resourceMetrics": ' + b"[" * 100_000,
    b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "\\ud800"}]}]}]}',
    b'{"a": ' + b"9" * 5000 + b"}" * 2,
    b"{\xff}",
]


@pytest.mark.parametrize("record", HOSTILE)
def test_what_is_no_request_is_one_undecodable_unit(record: bytes) -> None:
    """Broken JSON of any kind is counted once and raises nothing; its neighbours are read."""
    good = gauge("cpu", 1.0).SerializeToString()
    batch = decode_otlp([good, record, good], WireMemory(), NOW)
    undecodable = [
        (entry.record, entry.items) for entry in batch.rejected if entry.reason == DeadLetterReason.UNDECODABLE
    ]
    assert undecodable == [(1, 1)]
    assert batch.difference == 0
    assert batch.items[0] == batch.items[2] > 0
