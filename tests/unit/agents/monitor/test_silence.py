"""Which senders of a slot are silent, which are cut off, and what that says of their series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from aiops.agents.monitor.plan import SlotPlan
from aiops.agents.monitor.points import PointFeed
from aiops.agents.monitor.senders import SenderClocks, key_of
from aiops.agents.monitor.silence import (
    GONE,
    Cut,
    InputPauses,
    SilenceJudge,
    cut_topics,
    scaled_to_zero,
    sender_progress,
)
from aiops.agents.monitor.slot import Slot
from aiops.settings import DataPlane
from detectors.senders.cadence import YOUNG
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable
from tests.unit.agents.monitoring.telemetry import SECOND, T0

TOPIC, OTHER = 3, 4
EVERY = 60
PATIENCE = 96.0
"""Seconds after which a sender with an even minute is silent."""
Rows = dict[str, int | float]


def fleet(entities: Sequence[str], **fields: float) -> SilenceJudge:
    """Senders that export each minute and were last heard at T0, one for each name."""
    senders = SenderClocks(300 * SECOND)
    for name in entities:
        place = senders.place(key_of(name), name)
        values: Rows = {"source": TOPIC, "gaps": YOUNG, "typical": EVERY, "pause": EVERY, "heard_at": T0, "newest": T0}
        for field, value in (values | fields).items():
            senders.rows[field][place] = value
    return SilenceJudge(senders)


def names(count: int, prefix: str = "s") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def hear(judge: SilenceJudge, senders: slice, second: float) -> None:
    """Some senders are heard again."""
    judge.senders.rows["heard_at"][senders] = T0 + int(second * SECOND)


def limits(judge: SilenceJudge, second: float) -> list[float]:
    """Patience of each sender that is silent, else 0."""
    found: list[float] = judge.look(TOPIC, T0 + int(second * SECOND))[1].tolist()
    return found


def held(judge: SilenceJudge, second: float) -> list[int]:
    """Senders that are cut off."""
    return np.flatnonzero(judge.look(TOPIC, T0 + int(second * SECOND))[0] < 0).tolist()


def test_a_sender_is_silent_when_its_patience_has_passed_and_not_before() -> None:
    """By receipts of its topic, to the nanosecond."""
    judge = fleet(["shop"])
    missing, limit = judge.look(TOPIC, T0 + 96 * SECOND)
    assert (missing.tolist(), limit.tolist()) == ([96 * SECOND], [0.0])
    assert judge.look(TOPIC, T0 + 96 * SECOND + 1)[1].tolist() == [PATIENCE]


@pytest.mark.parametrize("fields", [{"gaps": YOUNG - 1}, {"source": OTHER}])
def test_a_young_sender_and_one_of_another_topic_are_not_judged(fields: Rows) -> None:
    """Nothing is known of their cadence, or of the clock they were heard by."""
    missing, limit = fleet(["shop"], **fields).look(TOPIC, T0 + 600 * SECOND)
    assert (missing.tolist(), limit.tolist()) == ([0], [0.0])


def test_a_sender_that_is_gone_for_an_hour_is_judged_no_more() -> None:
    """It will not come back; until then it is silent."""
    assert fleet(["shop"]).look(TOPIC, T0 + GONE - 1)[1].tolist() == [PATIENCE]
    assert fleet(["shop"]).look(TOPIC, T0 + GONE)[1].tolist() == [0.0]


def test_no_senders_are_no_silence() -> None:
    """A slot that has read nothing yet."""
    assert limits(fleet([]), 600) == []


def test_five_entities_that_stop_together_are_cut_off_and_four_are_silent() -> None:
    """The others go on."""
    for stopped, silent in ((5, []), (4, [PATIENCE] * 4)):
        judge = fleet(names(10))
        hear(judge, slice(stopped, None), 100)
        found = limits(judge, 100)
        assert [limit for limit in found if limit] == silent
        assert held(judge, 100) == ([] if silent else [0, 1, 2, 3, 4])


@pytest.mark.parametrize(("size", "cut"), [(50, True), (51, False)])
def test_less_than_a_tenth_of_a_topic_is_no_cut(size: int, cut: bool) -> None:  # noqa: FBT001 (of the table above)
    """Five of fifty-one are silent themselves."""
    judge = fleet(names(size))
    hear(judge, slice(5, None), 100)
    limits(judge, 100)
    assert bool(judge.cuts) is cut


def test_instances_that_stop_while_a_sibling_goes_on_are_no_cut() -> None:
    """Entities count, not pods: a rollout replaces many pods at once."""
    judge = fleet([f"s{number}\tpod-{pod}" for pod in range(2) for number in range(6)])
    hear(judge, slice(6, None), 100)
    assert limits(judge, 100) == [PATIENCE] * 6 + [0.0] * 6
    assert judge.cuts == {}


def test_who_stopped_long_before_a_cut_is_silent_in_it() -> None:
    """Only those that were last heard at the same moment are cut off."""
    judge = fleet(names(12))
    hear(judge, slice(1, 7), 300)
    hear(judge, slice(7, None), 370)
    assert held(judge, 370) == [1, 2, 3, 4, 5, 6]
    assert limits(judge, 370) == [PATIENCE] + [0.0] * 11


def test_entities_that_stopped_long_ago_are_no_cut_that_begins() -> None:
    """More than four of their usual gaps: nobody looked in time, and each is silent."""
    judge = fleet(names(10))
    hear(judge, slice(5, None), 300)
    assert limits(judge, 300) == [PATIENCE] * 5 + [0.0] * 5


def test_a_cut_lasts_a_quarter_of_an_hour() -> None:
    """Whoever is still away then is silent, and the cut does not open again."""
    judge = fleet(names(10))
    for second in range(70, 901, 10):
        hear(judge, slice(5, None), second)
        assert held(judge, second) == [0, 1, 2, 3, 4]
    hear(judge, slice(5, None), 901)
    assert limits(judge, 901) == [PATIENCE] * 5 + [0.0] * 5
    assert limits(judge, 902) == [PATIENCE] * 5 + [0.0] * 5
    assert judge.cuts == {}


def test_when_half_are_back_the_others_have_time_for_one_export() -> None:
    """Half of the cut's span, which is two usual gaps and half a minute: 75 s."""
    judge = fleet(names(10))
    hear(judge, slice(5, None), 120)
    assert held(judge, 120) == [0, 1, 2, 3, 4]
    hear(judge, slice(3, None), 140)
    assert (held(judge, 140), judge.cuts[TOPIC].over) == ([0, 1, 2], 0)
    hear(judge, slice(1, None), 150)
    assert held(judge, 150) == [0]
    assert judge.cuts[TOPIC].over == T0 + 150 * SECOND
    hear(judge, slice(1, None), 225)
    assert held(judge, 225) == [0]
    assert limits(judge, 226) == [PATIENCE] + [0.0] * 9
    assert judge.cuts == {}


def test_a_topic_has_a_cut_of_its_own() -> None:
    """Another topic's senders do not end it, and it is told by its name."""
    judge = fleet(names(10))
    hear(judge, slice(6, None), 100)
    limits(judge, 100)
    judge.look(OTHER, T0 + 5000 * SECOND)
    assert cut_topics(judge, {TOPIC: "metrics", OTHER: "logs"}) == {"metrics": 6}


@pytest.mark.parametrize("cuts", [{}, {TOPIC: Cut(T0, 150 * SECOND, 6, T0 + 9), 1: Cut(T0, 1, 5)}])
def test_open_cuts_are_part_of_a_snapshot(cuts: dict[int, Cut]) -> None:
    """A restart in a cut does not call all its senders silent."""
    judge, restored = fleet([]), fleet([])
    judge.cuts = dict(cuts)
    restored.restore(judge.to_array())
    assert restored.cuts == cuts
    assert restored.to_array().tobytes() == judge.to_array().tobytes()


def test_series_are_judged_by_the_progress_of_their_sender() -> None:
    """Unknown senders count by the topic; of a silent one, its own newest time and the time since it was heard."""
    judge = fleet(["shop", "pay", "stock"])
    judge.senders.rows["newest"] = T0 - 5 * SECOND
    judge.senders.rows["source"][2] = OTHER
    hear(judge, slice(0, 1), 95)
    table = SeriesTable()
    series = table.add([SeriesIdentity(entity, "load") for entity in ("shop", "pay", "stock", "new", "pay")])
    found = sender_progress(judge, series[[0, 1, 2, 3, 1]], table, topic=(TOPIC, T0 + 100 * SECOND, T0 + 90 * SECOND))
    assert ((found.watermark - T0) // SECOND).tolist() == [-5, 95, 90, 90, 95]
    assert found.limit.tolist() == [0.0, PATIENCE, 0.0, 0.0, PATIENCE]


def test_no_series_of_a_sender_that_is_cut_off_can_be_silent() -> None:
    """Their watermark is 0: no series is older."""
    judge = fleet(names(5))
    table = SeriesTable()
    series = table.add([SeriesIdentity(name, "load") for name in names(5)])
    found = sender_progress(judge, series, table, topic=(TOPIC, T0 + 100 * SECOND, T0 + 100 * SECOND))
    assert (found.watermark.tolist(), found.limit.tolist()) == ([0] * 5, [0.0] * 5)


def test_an_entity_is_scaled_to_zero_by_the_newest_figure_of_the_last_quarter_of_an_hour() -> None:
    """Neither an older figure nor another metric says so, nor a later start of other instances."""
    detection = Slot(SlotPlan(0, 1, data=DataPlane(series_limit=500, model_series=0))).detection
    desired, now = "k8s.deployment.desired", T0 + 1800 * SECOND
    told = [
        ("down", desired, 1700, 2.0), ("down", desired, 1760, 0.0), ("up", desired, 1700, 0.0),
        ("up", desired, 1760, 2.0), ("old", desired, 100, 0.0), ("other", "queue.length", 1760, 0.0),
    ]  # fmt: skip
    codes = detection.table.add([SeriesIdentity(entity, metric) for entity, metric, _, _ in told])
    detection.admit()
    at = np.array([T0 + second * SECOND for _, _, second, _ in told], np.int64)
    detection.take(PointFeed(codes, at, np.array([value for *_, value in told])))
    entities = np.array([detection.table.code_of_entity(name) for name in ("down", "up", "old", "other")], np.int32)
    assert scaled_to_zero(detection.table, detection.bank, entities, now=now).tolist() == [True, False, False, False]


def test_nobody_is_scaled_to_zero_where_no_metric_says_how_many_there_should_be() -> None:
    """An estate without an orchestrator."""
    detection = Slot(SlotPlan(0, 1, data=DataPlane(series_limit=500, model_series=0))).detection
    detection.table.add([SeriesIdentity("shop", "queue.length")])
    entities = np.zeros(2, np.int32)
    assert scaled_to_zero(detection.table, detection.bank, entities, now=T0).tolist() == [False, False]


def test_a_long_step_is_a_pause_until_it_is_the_usual_one() -> None:
    """An input that comes each 100 s does not pause; up to half as much more is the same step."""
    pauses = InputPauses()
    steps = [100, 100, 150, 220, 331, 60]
    assert [pauses.passed(step * SECOND) for step in steps] == [True, False, False, False, True, False]
