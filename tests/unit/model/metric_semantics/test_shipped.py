"""The rows of the shipped table as data: each is there once, and each is written as rows are."""

from __future__ import annotations

from collections import Counter

import pytest

from aiops.model.metric_semantics.names import key_of
from aiops.model.metric_semantics.rows import MetricFamily, MetricRow
from aiops.model.metric_semantics.semantics import MetricPart, MetricRole, MetricSemantics, MetricSubject, Worse
from aiops.model.metric_semantics.shipped import FAMILIES, rows, shipped
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.metric_semantics.units import Dimension, unit_of

TABLE = MetricTable()


def test_no_name_is_there_twice() -> None:
    """Two rows for one name would disagree sooner or later."""
    counted = Counter(key_of(row.name) for _, row in rows())
    assert [name for name, many in counted.items() if many > 1] == []


def test_families_have_names_and_addresses_of_their_own() -> None:
    """People read where an answer comes from."""
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert all(family.url and family.rows for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_each_row_is_found_by_its_own_name(family: MetricFamily) -> None:
    """In the unit that the row states, in every spelling, and with nothing left out."""
    for row in family.rows:
        for name in (row.name, row.name.replace(".", "_"), row.name.upper()):
            found = TABLE.of(name, row.unit)
            assert (found.role, found.worse, found.part) == (row.role, row.worse, row.part), name
            assert found.about is (row.about or family.about)
            assert found.full == row.full
            assert found.source == family.name


def test_a_full_value_has_a_direction() -> None:
    """What is full at a value above zero gets worse upwards, what ends at zero downwards."""
    odd = [
        row.name
        for _, row in rows()
        if row.full is not None and row.worse is not (Worse.UP if row.full else Worse.DOWN)
    ]
    assert odd == []


def test_roles_fit_their_units() -> None:
    """A latency is a time (or a log of slow ones), traffic never a share."""
    latencies = {row.name for _, row in rows() if row.role is MetricRole.LATENCY}
    odd = {name for name in latencies if TABLE.of(name).unit.dimension is not Dimension.TIME}
    assert odd == {"redis_slowlog_length"}
    assert [
        r.name for _, r in rows() if r.role is MetricRole.TRAFFIC and unit_of(r.unit).dimension is Dimension.SHARE
    ] == []


def test_errors_and_latencies_and_queues_get_worse_upwards() -> None:
    """Except what is only under way, which nobody minds."""
    roles = {MetricRole.ERRORS, MetricRole.LATENCY}
    assert [row.name for _, row in rows() if row.role in roles and row.worse is not Worse.UP] == []
    assert [row.name for _, row in rows() if row.role is MetricRole.QUEUE and row.worse is Worse.DOWN] == []


def test_settings_have_no_direction() -> None:
    """A limit that somebody raised is no trouble."""
    ends = ("limit", "max", "capacity", "desired", "info", "allocatable", "size_bytes", "created")
    held = [row for _, row in rows() if row.name.endswith(ends) and row.role is MetricRole.OTHER]
    assert len(held) > 50
    assert [row.name for row in held if row.worse is not Worse.NEITHER] == []


def test_parts_and_subjects_are_used() -> None:
    """Every value of the enums has rows."""
    held = [(family, row) for family, row in rows()]
    assert {row.part for _, row in held} == {None, *MetricPart}
    assert {row.about or family.about for family, row in held} == set(MetricSubject)
    assert {row.role for _, row in held} == set(MetricRole)


def test_the_index_is_made_once_and_cannot_be_changed() -> None:
    """All tables of a process share it."""
    assert shipped() is shipped()
    with pytest.raises(TypeError):
        shipped().names["x"] = MetricSemantics(MetricRole.OTHER, Worse.NEITHER)  # type: ignore[index]


def test_a_row_takes_the_familys_subject_unless_it_says_its_own() -> None:
    """What node_exporter says of its own scrapes is not about the host."""
    assert TABLE.of("node_load1").about is MetricSubject.HOST
    assert TABLE.of("node_scrape_collector_success").about is MetricSubject.ENTITY
    assert MetricRow("a", "s", MetricRole.LATENCY, Worse.UP).about is None
