"""OTLP/JSON export requests, as the Collector's file exporter writes them, to the protobuf of the same request.

OTLP departs from protobuf's JSON mapping in one thing: trace and span ids are hexadecimal, not base64
(opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding). Hexadecimal of these lengths is valid base64 too, so ids are
read as such and turned afterwards.
"""

from __future__ import annotations

import base64
import json
from typing import TypeVar

import numpy as np
from google.protobuf import json_format
from google.protobuf.message import DecodeError, EncodeError, Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from detectors.wire.json_schema import FIRSTS
from detectors.wire.json_walk import DEPTH, FOREIGN, FRAME, to_protobuf

Request = TypeVar("Request", bound=Message)
_BROKEN = b"\xff"
"""Bytes that no protobuf message has."""
_ERRORS = (
    json_format.ParseError,
    DecodeError,
    EncodeError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    OverflowError,
    RecursionError,
    SystemError,
)
"""What json and json_format raise at bytes that are not a request; the latter trusts the types it finds. SystemError:
protobuf's compiled code has it at a name that is half of a surrogate pair."""


def is_json(record: bytes) -> bool:
    """Whether a record is JSON; as protobuf it would begin with a group, which no request has."""
    return record[:1] == b"{"


def parse(record: bytes, request: Request) -> Request | None:
    """Fills a request from JSON or protobuf by the record's first byte; None where it is neither."""
    try:
        if is_json(record):
            json_format.ParseDict(json.loads(record), request, ignore_unknown_fields=True)
        else:
            request.ParseFromString(record)
    except _ERRORS:
        return None
    return request


def metrics_protobuf(record: bytes, most: int) -> bytes:
    """A metrics record as protobuf: JSON is turned, and is undecodable protobuf where it cannot be.

    The compiled scanner turns what exporters write; protobuf's own parser, a hundred times slower, the rest.
    What is longer than ``most`` is given back unread, for the size is judged later.
    """
    if not is_json(record) or len(record) > most:
        return record
    if (scanned := scan(record)) is not None:
        return scanned
    request = parse(record, ExportMetricsServiceRequest())
    return _BROKEN if request is None else request.SerializeToString()


def scan(record: bytes) -> bytes | None:
    """The protobuf of a metrics record in JSON by the compiled scanner; None if the scanner leaves it to the parser.

    The scanner does not check that texts are UTF-8, as RFC 8259 demands. So this is checked first.
    """
    try:
        record.decode()
    except UnicodeDecodeError:
        return None
    source, out = np.frombuffer(record, np.uint8), np.empty(4 * len(record) + 1024, np.uint8)
    size = to_protobuf(source, out, np.empty((DEPTH, FRAME), np.int64), np.zeros(len(FIRSTS), np.int64))
    return None if size == FOREIGN else out[:size].tobytes()


def id_bytes(value: bytes, *, from_json: bool, size: int) -> bytes:
    """A trace or span id of ``size`` bytes; zeros where it is absent or malformed."""
    if from_json:
        try:
            value = bytes.fromhex(base64.b64encode(value).decode())
        except ValueError:
            value = b""
    return value if len(value) == size else bytes(size)
