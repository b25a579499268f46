"""What the compiled scanner of OTLP/JSON knows of the messages of metrics: names, kinds and tags of their fields.

Fields that decoding does not read (descriptions, exemplars, minima and maxima) are not in the table: the scanner passes
over them as over unknown ones. Source: the JSON mapping of protobuf, which takes names in both spellings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

(
    REQUEST, RESOURCE_METRICS, RESOURCE, SCOPE_METRICS, SCOPE, METRIC, GAUGE, SUM, HISTOGRAM, EXPONENTIAL, SUMMARY,
    NUMBER_POINT, HISTOGRAM_POINT, EXPONENTIAL_POINT, SUMMARY_POINT, BUCKETS, QUANTILE, KEY_VALUE, ANY_VALUE, ARRAY,
    LIST,
) = range(21)  # fmt: skip
"""Messages."""
MESSAGE, MESSAGES, TEXT, DOUBLE, FIXED64, SFIXED64, INT64, UINT32, SINT32, BOOL, TEMPORALITY = range(11)
"""Kinds of fields; MESSAGES is a list of them."""
DOUBLES, FIXED64S, UINT64S = range(11, 14)
"""Lists, packed."""
UNREAD = 14
"""A kind that the scanner leaves to protobuf."""
_VARINT, _EIGHT_BYTES, _LENGTH = 0, 1, 2
_WIRE = {DOUBLE: _EIGHT_BYTES, FIXED64: _EIGHT_BYTES, SFIXED64: _EIGHT_BYTES} | dict.fromkeys(
    (INT64, UINT32, SINT32, BOOL, TEMPORALITY), _VARINT
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message."""

    name: str
    number: int
    kind: int
    child: int = -1
    """Message of a MESSAGE or MESSAGES."""
    group: int = -1
    """Fields of one group exclude each other."""


def _points(message: int) -> Field:
    return Field("dataPoints", 1, MESSAGES, message)


_TEMPORALITY = Field("aggregationTemporality", 2, TEMPORALITY)
_TIMES = (
    Field("startTimeUnixNano", 2, FIXED64),
    Field("timeUnixNano", 3, FIXED64),
)
_COUNTS = (*_TIMES, Field("count", 4, FIXED64), Field("sum", 5, DOUBLE))
_MESSAGES: dict[int, tuple[Field, ...]] = {
    REQUEST: (Field("resourceMetrics", 1, MESSAGES, RESOURCE_METRICS),),
    RESOURCE_METRICS: (Field("resource", 1, MESSAGE, RESOURCE), Field("scopeMetrics", 2, MESSAGES, SCOPE_METRICS)),
    RESOURCE: (Field("attributes", 1, MESSAGES, KEY_VALUE),),
    SCOPE_METRICS: (Field("scope", 1, MESSAGE, SCOPE), Field("metrics", 2, MESSAGES, METRIC)),
    SCOPE: (Field("name", 1, TEXT), Field("version", 2, TEXT)),
    METRIC: (
        Field("name", 1, TEXT),
        Field("unit", 3, TEXT),
        Field("gauge", 5, MESSAGE, GAUGE, 0),
        Field("sum", 7, MESSAGE, SUM, 0),
        Field("histogram", 9, MESSAGE, HISTOGRAM, 0),
        Field("exponentialHistogram", 10, MESSAGE, EXPONENTIAL, 0),
        Field("summary", 11, MESSAGE, SUMMARY, 0),
    ),
    GAUGE: (_points(NUMBER_POINT),),
    SUM: (_points(NUMBER_POINT), _TEMPORALITY, Field("isMonotonic", 3, BOOL)),
    HISTOGRAM: (_points(HISTOGRAM_POINT), _TEMPORALITY),
    EXPONENTIAL: (_points(EXPONENTIAL_POINT), _TEMPORALITY),
    SUMMARY: (_points(SUMMARY_POINT),),
    NUMBER_POINT: (
        Field("attributes", 7, MESSAGES, KEY_VALUE),
        *_TIMES,
        Field("asDouble", 4, DOUBLE, group=0),
        Field("asInt", 6, SFIXED64, group=0),
        Field("flags", 8, UINT32),
    ),
    HISTOGRAM_POINT: (
        Field("attributes", 9, MESSAGES, KEY_VALUE),
        *_COUNTS,
        Field("bucketCounts", 6, FIXED64S),
        Field("explicitBounds", 7, DOUBLES),
        Field("flags", 10, UINT32),
    ),
    EXPONENTIAL_POINT: (
        Field("attributes", 1, MESSAGES, KEY_VALUE),
        *_COUNTS,
        Field("scale", 6, SINT32),
        Field("zeroCount", 7, FIXED64),
        Field("positive", 8, MESSAGE, BUCKETS),
        Field("negative", 9, MESSAGE, BUCKETS),
        Field("flags", 10, UINT32),
        Field("zeroThreshold", 14, DOUBLE),
    ),
    SUMMARY_POINT: (
        Field("attributes", 7, MESSAGES, KEY_VALUE),
        *_COUNTS,
        Field("quantileValues", 6, MESSAGES, QUANTILE),
        Field("flags", 8, UINT32),
    ),
    BUCKETS: (Field("offset", 1, SINT32), Field("bucketCounts", 2, UINT64S)),
    QUANTILE: (Field("quantile", 1, DOUBLE), Field("value", 2, DOUBLE)),
    KEY_VALUE: (Field("key", 1, TEXT), Field("value", 2, MESSAGE, ANY_VALUE)),
    ANY_VALUE: (
        Field("stringValue", 1, TEXT, group=0),
        Field("boolValue", 2, BOOL, group=0),
        Field("intValue", 3, INT64, group=0),
        Field("doubleValue", 4, DOUBLE, group=0),
        Field("arrayValue", 5, MESSAGE, ARRAY, 0),
        Field("kvlistValue", 6, MESSAGE, LIST, 0),
        Field("bytesValue", 7, UNREAD, group=0),
    ),
    ARRAY: (Field("values", 1, MESSAGES, ANY_VALUE),),
    LIST: (Field("values", 1, MESSAGES, KEY_VALUE),),
}

NAME, NAME_END, KIND, CHILD, TAG, BIT = range(6)
"""Columns of FIELDS; the name as a range of NAMES, and the bit that stands for the field or its group."""


def _rows() -> tuple[list[list[int]], bytes, list[int]]:
    rows, names, firsts = [], b"", [0]
    for message in range(len(_MESSAGES)):
        spelt: list[tuple[str, Field, int]] = []
        for place, field in enumerate(_MESSAGES[message]):
            bit = 1 << (place if field.group < 0 else 32 + field.group)
            spelt.append((field.name, field, bit))
        for name, field, bit in [*spelt]:
            snake = re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name)
            if snake != name:
                spelt.append((snake, field, bit))
        for name, field, bit in spelt:
            tag = field.number << 3 | _WIRE.get(field.kind, _LENGTH)
            rows.append([len(names), len(names) + len(name), field.kind, field.child, tag, bit])
            names += name.encode()
        firsts.append(len(rows))
    return rows, names, firsts


_found, _names, _firsts = _rows()
FIELDS = np.array(_found, np.int64)
NAMES = np.frombuffer(_names, np.uint8)
FIRSTS = np.array(_firsts, np.int64)
"""First row of FIELDS of each message, and the end of the last."""
