"""Readings of a slot's entities: what they show over a window beside their reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aiops.agents.monitor.readings import MOST_SERIES, SlotReader
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.model.telemetry import EntityReading, FleetQuestion, OpeningSignal
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable
from tests.unit.agents.monitoring.telemetry import SECOND, T0, settings

SOURCE = TopicPartition(settings().topics.metrics_arrow, 0)
STEPS, BROKEN = 360, 330
"""Steps of ten seconds: an hour, and the last five minutes in trouble."""
NAMES = [
    SeriesIdentity("pay", "request.latency"),
    SeriesIdentity("pay", "request.errors"),
    SeriesIdentity("pay", "request.latency", (("peer", "db"),), peer="db"),
    SeriesIdentity("shop", "request.latency"),
    *(SeriesIdentity("many", "disk", (("device", str(number)),)) for number in range(MOST_SERIES + 8)),
]
AT = T0 + STEPS * 10 * SECOND
QUESTION = FleetQuestion("q", ("pay",), AT - 300 * SECOND, AT, T0, AT - 900 * SECOND)


def told() -> FetchedRecords:
    """An hour of all series; the latency of ``pay`` rises tenfold at the end."""
    rng = np.random.default_rng(3)
    values = rng.normal(100, 2, (STEPS, len(NAMES)))
    values[BROKEN:, 0] = 1000.0
    table = SeriesTable()
    numbers, encoder = table.add(NAMES), PointEncoder(table)
    records = []
    for begin in range(0, STEPS, 10):
        at = (T0 + np.repeat(np.arange(begin, begin + 10), len(NAMES)) * 10 * SECOND).astype(np.int64)
        records.append(encoder.encode(np.tile(numbers, 10), at, values[begin : begin + 10].reshape(-1)))
    appended = [T0 + (number + 1) * 100 * SECOND for number in range(len(records))]
    return FetchedRecords(SOURCE, list(range(len(records))), records, [None] * len(records), appended)


@pytest.fixture(scope="module")
def reader() -> SlotReader:
    """A slot that has read the hour."""
    agent = MonitoringAgent(settings())
    agent.adopt(0, 1)
    agent.handle([told()], AT)
    return SlotReader(agent._owned[0].slot)


def one(reader: SlotReader, question: FleetQuestion = QUESTION) -> EntityReading:
    """The reading of the one entity that is asked about."""
    (found,) = reader.answer(question)
    return found


def test_the_largest_change_comes_first(reader: SlotReader) -> None:
    """With both figures."""
    series = one(reader).series
    assert series[0].metric == "request.latency"
    assert [series[0].mean, series[0].last] == pytest.approx([1000, 1000], rel=0.01)
    assert series[0].baseline_mean == pytest.approx(100, rel=0.05)
    assert series[0].points >= 4


def test_a_trouble_that_is_open_is_said(reader: SlotReader) -> None:
    """It is not recovering while its values are abnormal."""
    found = one(reader)
    assert (found.abnormal, found.recovering) == (True, False)


def test_others_are_well(reader: SlotReader) -> None:
    """In the same slot."""
    found = one(reader, replace(QUESTION, entities=("shop",)))
    assert (found.abnormal, found.recovering, len(found.series)) == (False, False, 1)


def test_entities_are_answered_in_the_order_of_the_question(reader: SlotReader) -> None:
    """Unknown ones are left out; a name that is asked twice is answered twice."""
    question = replace(QUESTION, entities=("shop", "nobody", "pay", "", "shop"))
    assert [found.entity for found in reader.answer(question)] == ["shop", "pay", "shop"]


def test_nobody_known_is_no_answer(reader: SlotReader) -> None:
    """Another slot may know them."""
    assert reader.answer(replace(QUESTION, entities=("nobody",))) == []
    assert reader.answer(replace(QUESTION, entities=())) == []


def test_few_of_many_series_are_listed(reader: SlotReader) -> None:
    """A host with hundreds of disks does not fill the answer."""
    assert len(one(reader, replace(QUESTION, entities=("many",))).series) == MOST_SERIES


def test_what_opened_the_incident_is_always_listed(reader: SlotReader) -> None:
    """Its change is the smallest of all once it has healed; verification needs it all the same."""
    healed = one(reader).series[-1]
    signal = OpeningSignal("pay", healed.series, healed.metric, 100.0)
    first, *rest = one(reader, replace(QUESTION, signals=(signal,))).series
    assert first.metric == healed.metric
    elsewhere = replace(QUESTION, signals=(replace(signal, entity="shop"),))
    assert one(reader, elsewhere).series == one(reader).series
    assert {found.series for found in (first, *rest)} == {found.series for found in one(reader).series}


def test_a_series_about_a_callee_names_it(reader: SlotReader) -> None:
    """Verification tells an entity's own trouble from that of what it calls."""
    assert {found.peer for found in one(reader).series} == {None, "db"}


def test_a_window_without_points_lists_no_series(reader: SlotReader) -> None:
    """The future has none; the entity and how far it was read are told all the same."""
    later = replace(QUESTION, from_at=AT + 3600 * SECOND, to_at=AT + 3700 * SECOND)
    found = one(reader, later)
    assert found.series == ()
    assert T0 < found.watermark <= AT


def test_without_a_reference_the_window_is_its_own(reader: SlotReader) -> None:
    """A new entity has no past: nothing has changed."""
    before = replace(QUESTION, baseline_from_at=T0 - 7200 * SECOND, baseline_to_at=T0 - 3600 * SECOND)
    assert all(found.baseline_mean == found.mean for found in one(reader, before).series)


def test_figures_are_numbers(reader: SlotReader) -> None:
    """None of them is written as NaN, which JSON does not know."""
    for entity in ("pay", "shop", "many"):
        for found in one(reader, replace(QUESTION, entities=(entity,))).series:
            assert np.isfinite([found.mean, found.last, found.baseline_mean, found.score]).all()


def test_entities_that_appear_later_are_known_then() -> None:
    """The reader learns names as the slot does."""
    agent = MonitoringAgent(settings())
    agent.adopt(0, 1)
    found = SlotReader(agent._owned[0].slot)
    assert found.answer(QUESTION) == []
    agent.handle([told()], AT)
    assert [reading.entity for reading in found.answer(QUESTION)] == ["pay"]
