"""Where the attributes of data points lie."""

from __future__ import annotations

import numpy as np
import pytest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint

from detectors.wire.attribute_runs import find_runs
from tests.unit.detectors.wire.taped import AT, points, record, taped
from tests.unit.detectors.wire.test_walk_distributions import FORMS, READERS, metric

NAMES: tuple[list[str], ...] = ([], ["a"], ["zone", "host", "path"])


def runs(body: bytes) -> list[bytes]:
    """The bytes of the attributes of each point."""
    tape = taped([body])
    out = np.zeros((points(tape), 2), np.int64)
    find_runs(np.frombuffer(body, np.uint8), tape, np.arange(points(tape)), out)
    return [body[begin:end] for begin, end in out.tolist()]


def pairs(names: list[str]) -> list[KeyValue]:
    made = [KeyValue(key=name) for name in names]
    for pair in made:
        pair.value.string_value = f"of {pair.key}"
    return made


@pytest.mark.parametrize("form", FORMS)
def test_each_form_has_its_own_field_of_attributes(form: str) -> None:
    """The bytes of a run are a data point with these attributes and nothing else."""
    made = metric(form, *({"attributes": pairs(names)} for names in NAMES))
    for names, run in zip(NAMES, runs(record(made)), strict=True):
        assert READERS[form].FromString(run) == READERS[form](attributes=pairs(names))


def test_points_of_gauges_have_them_too() -> None:
    """In the seventh field."""
    made = Metric(name="cpu")
    for names in NAMES:
        made.gauge.data_points.add(time_unix_nano=AT, as_double=1.0, attributes=pairs(names))
    assert [NumberDataPoint.FromString(run) for run in runs(record(made))] == [
        NumberDataPoint(attributes=pairs(names)) for names in NAMES
    ]


def test_what_lies_between_attributes_belongs_to_the_run() -> None:
    """A range is one piece; a reader passes over the other fields."""
    first, second = (NumberDataPoint(attributes=pairs([name])).SerializeToString() for name in "ab")
    point = first + NumberDataPoint(time_unix_nano=AT, as_double=1.0).SerializeToString() + second
    made = Metric(name="cpu")
    made.gauge.data_points.append(NumberDataPoint.FromString(point))
    whole = record(made)
    shown = NumberDataPoint.FromString(runs(whole)[0])
    assert [pair.key for pair in shown.attributes] == ["a", "b"]
    ordered = NumberDataPoint.FromString(point).SerializeToString()
    moved = whole.replace(ordered, point)
    assert moved != whole or ordered == point
    assert [pair.key for pair in NumberDataPoint.FromString(runs(moved)[0]).attributes] == ["a", "b"]


def test_only_the_points_that_are_asked_for_are_looked_at() -> None:
    """In the order in which they are asked for."""
    made = Metric(name="cpu")
    for name in "abc":
        made.gauge.data_points.add(time_unix_nano=AT, as_double=1.0, attributes=pairs([name]))
    body = record(made)
    out = np.full((2, 2), -7, np.int64)
    find_runs(np.frombuffer(body, np.uint8), taped([body]), np.array([2, 0]), out)
    keys = [NumberDataPoint.FromString(body[begin:end]).attributes[0].key for begin, end in out.tolist()]
    assert keys == ["c", "a"]
