from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from detectors.wire import otlp_walker
from detectors.wire.json_schema import CHILD, FIELDS, FIRSTS, NAME, NAME_END, NAMES, REQUEST
from detectors.wire.json_walk import DEPTH, FOREIGN, FRAME, to_protobuf
from detectors.wire.memory import WireMemory
from detectors.wire.otlp_json import parse, scan
from tests.unit.detectors.wire.distributions import Sender
from tests.unit.detectors.wire.plain_batches import agree, plain
from tests.unit.detectors.wire.requests import NOW, request


def scanned(text: bytes) -> bytes | None:
    """What the scanner makes of a text; None where it leaves it to protobuf."""
    out = np.full(4 * len(text) + 1024, 0xAA, np.uint8)
    scratch = np.empty((DEPTH, FRAME), np.int64)
    size = to_protobuf(np.frombuffer(text, np.uint8), out, scratch, np.zeros(len(FIRSTS), np.int64))
    return None if size == FOREIGN else out[:size].tobytes()


def points(record: bytes) -> dict[str, Any]:
    """Everything that is decoded from one record."""
    memory = WireMemory()
    return plain(otlp_walker.decode([record], memory, NOW), memory.table)


def gauge(point: str, name: str = '"cpu"') -> bytes:
    """A request of one gauge with a point of this text."""
    metric = f'{{"name":{name},"gauge":{{"dataPoints":[{point}]}}}}'
    return f'{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}'.encode()


def valued(value: str) -> bytes:
    """A gauge with a value of this text."""
    return gauge(f'{{"timeUnixNano":"{NOW}","asDouble":{value}}}')


def written(rng: random.Random, made: ExportMetricsServiceRequest) -> bytes:
    """A request as JSON, in one of the ways that protobuf allows."""
    return json_format.MessageToJson(
        made,
        use_integers_for_enums=rng.random() < 0.5,
        preserving_proto_field_name=rng.random() < 0.3,
        indent=rng.choice([None, 2]),
        ensure_ascii=rng.random() < 0.5,
    ).encode()


@given(seed=st.integers(0, 2**32))
@settings(max_examples=80, deadline=None)
def test_means_what_the_request_means(seed: int) -> None:
    """What the scanner takes is decoded like the same request in protobuf, whichever way the JSON is written."""
    rng = random.Random(seed)
    made = request(rng) if rng.random() < 0.7 else Sender(rng).request()
    found = scanned(written(rng, made))
    if found is not None:
        agree(points(found), points(made.SerializeToString()))


def of_what_is_read(value: Any, message: int) -> Any:
    """A value of JSON without the members that decoding does not read, at any depth."""
    if isinstance(value, list):
        return [of_what_is_read(each, message) for each in value]
    if not isinstance(value, dict) or message < 0:
        return value
    rows = FIELDS[FIRSTS[message] : FIRSTS[message + 1]].tolist()
    children = {NAMES[row[NAME] : row[NAME_END]].tobytes().decode(): row[CHILD] for row in rows}
    return {name: of_what_is_read(held, children[name]) for name, held in value.items() if name in children}


def meaning(text: bytes) -> ExportMetricsServiceRequest | None:
    """What protobuf makes of a text, where it must of the members alone that are read; None where it refuses both."""
    whole = parse(text, ExportMetricsServiceRequest())
    if whole is not None:
        return whole
    try:
        held = of_what_is_read(json.loads(text), REQUEST)
    except ValueError:
        return None
    return parse(json.dumps(held).encode(), ExportMetricsServiceRequest())


@given(seed=st.integers(0, 2**32))
@example(seed=4976278)  # a trace id in an exemplar lost a character, and is no base64 any more
@example(seed=462171)  # half a character in a text that nobody reads
@settings(max_examples=80, deadline=None)
def test_takes_no_broken_text(seed: int) -> None:
    """Of a text with characters changed, lost or doubled it takes only what protobuf takes, as protobuf does.

    What decoding does not read must be JSON, but not of the type of its field.
    """
    rng = random.Random(seed)
    sound = written(rng, request(rng) if rng.random() < 0.7 else Sender(rng).request())
    for _ in range(5):
        text = bytearray(sound)
        for _ in range(rng.randrange(1, 3)):
            place, letter = rng.randrange(len(text)), rng.choice(b'{}[],:"0123456789.eE-+ntfu\\ ')
            text[place : place + rng.randrange(2)] = rng.choice([b"", bytes([letter]), text[place : place + 30]])
        found, meant = scan(bytes(text)), meaning(bytes(text))
        if found is not None and text[:1] == b"{":
            assert meant is not None, bytes(text)
            agree(points(found), points(meant.SerializeToString()))


def test_a_broken_exemplar_costs_no_points() -> None:
    """Nobody reads it; protobuf's parser would refuse the whole record for its trace id."""
    text = gauge(f'{{"timeUnixNano":"{NOW}","asDouble":1,"exemplars":[{{"traceId":"A=="}}]}}')
    assert parse(text, ExportMetricsServiceRequest()) is None
    found = scanned(text)
    assert found is not None
    assert points(found)["value"] == [1.0]
    assert scanned(text.replace(b'"A=="', b"A==")) is None


@pytest.mark.parametrize("seed", range(20))
def test_takes_what_exporters_write(seed: int) -> None:
    """None of the usual histograms, sums and summaries is left to protobuf."""
    assert scanned(written(random.Random(seed), Sender(random.Random(seed)).request())) is not None


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
@example(9007199254740993.0)
@example(900719925474099.5)
@example(5e-27)
@example(1.7976931348623157e308)
@example(2.2250738585072014e-308)
@example(-0.0)
@settings(max_examples=500, deadline=None)
def test_doubles_are_read_to_the_last_bit(value: float) -> None:
    """The shortest text of a double comes back as that double."""
    found = scanned(valued(repr(value)))
    assert found is not None
    assert points(found)["value"] == [value]


@given(st.integers(0, 10**19 - 1), st.integers(-330, 300))
@settings(max_examples=500, deadline=None)
def test_any_digits_are_rounded_as_python_does(digits: int, power: int) -> None:
    """Up to 19 digits with any exponent; what is not read here is left to protobuf."""
    text = f"{digits}e{power}"
    found = scanned(valued(text))
    if found is not None:
        assert points(found)["value"] == [float(text)]


def test_integers_keep_their_sign_and_range() -> None:
    """The limits of int64 are read; what is past them is not."""
    for value in (0, -1, 2**63 - 1, -(2**63)):
        found = scanned(gauge(f'{{"timeUnixNano":{NOW},"asInt":"{value}"}}'))
        assert found is not None
        assert points(found)["value"] == [float(value)]
    assert scanned(gauge(f'{{"asInt":"{2**63}"}}')) is None


@pytest.mark.parametrize("text", ['"a\\u003cb"', '"\\ud83d\\ude00"', '"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"größe"'])
def test_escapes_are_read(text: str) -> None:
    """As Go writes angle brackets, and everything else that JSON has."""
    found = scanned(gauge(f'{{"timeUnixNano":"{NOW}","asInt":1}}', text))
    assert found is not None
    assert points(found)["series"][0].metric == json.loads(text)


def test_members_that_nobody_reads_are_passed_over() -> None:
    """Whatever is in them, as long as it is JSON."""
    for value in ("null", "[]", "{}", '[1,{"a":[true,false,null,"]}"]},[[]]]', '"\\u0041"', "-1.5e3"):
        found = scanned(gauge(f'{{"x":{value},"timeUnixNano":"{NOW}","asInt":1,"exemplars":{value}}}'))
        assert found is not None, value
        assert points(found)["value"] == [1.0]


FOREIGN_TEXTS = [
    b"",
    b"{",
    b"{}x",
    b'{"resourceMetrics":5}',
    b'{"resourceMetrics":[null]}',
    b'{"resourceMetrics":[{}],"resourceMetrics":[{}]}',
    b'{"resourceMetrics":[{}],"resource_metrics":[{}]}',
    b'{"resourceMetrics":[{},]}',
    b'{"resourceMetrics":[{}],}',
    b'{"a":[}',
    b'{"a":{"b"}}',
    b'{"a":' + b"[" * 100,
    gauge('{"asInt":1,"asDouble":1}'),
    gauge('{"asInt":1.0}'),
    gauge('{"asInt":"1 "}'),
    gauge('{"asDouble":NaN}'),
    gauge('{"asDouble":01}'),
    gauge('{"asDouble":1.}'),
    gauge('{"asDouble":1e}'),
    gauge('{"asDouble":1e400}'),
    gauge('{"asDouble":"1'),
    gauge('{"flags":4294967296}'),
    gauge('{"flags":-1}'),
    gauge("{}", '"\\ud800"'),
    gauge("{}", '"\\x"'),
    gauge("{}", '"a\nb"'),
    gauge("{}", "7"),
    gauge('{"attributes":[{"key":"k","value":{"bytesValue":"AAAA"}}]}'),
    gauge('{"attributes":[{"key":"k","value":{"boolValue":"true"}}]}'),
    gauge('{"attributes":[{"value":' + '{"arrayValue":{"values":[' * 30),
]


@pytest.mark.parametrize("text", FOREIGN_TEXTS)
def test_the_rest_is_left_to_protobuf(text: bytes) -> None:
    """What is not JSON, and what JSON can say in unusual ways."""
    assert scanned(text) is None


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_bytes_at_random_are_harmless(text: bytes) -> None:
    """Whatever they are, they are a request or foreign."""
    scanned(b"{" + text)
    scanned(text)
