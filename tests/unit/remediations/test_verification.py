from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aiops.model.findings import Finding, FindingKind
from aiops.model.plans import Plan, Verdict
from aiops.model.telemetry import EntityReading, FleetAnswer, OpeningSignal, SeriesReading
from remediations.verification import Judgement, sentence, verify, worse_by

S = 1_000_000_000
END = 60 * S
"""Of a window of 60 s that starts at 0."""


def series(mean: float = 1.0, usual: float = 1.0, detrimental: int = 1) -> SeriesReading:
    return SeriesReading("errors", "errors", mean, mean, usual, 0.1, 12, 0.9, None, detrimental)


def reading(entity: str, *figures: SeriesReading, watermark: int = END, abnormal: bool = False) -> EntityReading:
    return EntityReading(entity, watermark, abnormal, figures or (series(),))


def judge(plan: Plan, *readings: EntityReading, **known: Any) -> Verdict:
    return verify(plan, 0, FleetAnswer("q", END, readings), **known).verdict


def plan_of(plan: Callable[..., Plan], step: Callable[..., Any]) -> Plan:
    """Target ``a``, symptom ``web``, neighbour ``pay``."""
    return plan(step("a"))


def test_all_steady_is_healthy(plan: Any, step: Any) -> None:
    """Symptom, target and neighbour seen and steady."""
    assert judge(plan_of(plan, step), reading("web"), reading("a"), reading("pay")) is Verdict.HEALTHY


def test_a_reason_names_its_series_without_the_library(plan: Any, step: Any) -> None:
    """The name is the same at every check, whichever other series are read beside it."""
    name = "errors{http.route=/pay,otel.scope.name=lib,service.instance.id=1}"
    ill = replace(series(9.0), series=name)
    for others in ((), (replace(series(), series="errors{http.route=/list,otel.scope.name=lib}"),)):
        answer = FleetAnswer("q", END, (reading("web", ill, *others), reading("a"), reading("pay")))
        (reason,) = verify(plan_of(plan, step), 0, answer).reasons
        assert reason.startswith("web: errors{http.route=/pay,service.instance.id=1} is 9, was 1")


def test_what_is_not_known_is_inconclusive(plan: Any, step: Any) -> None:
    """A missing reading, a late watermark and a window without points are each inconclusive, for each of the three."""
    empty = EntityReading("pay", END, abnormal=False, series=())
    for third in (None, reading("pay", watermark=END - 1), empty):
        readings = [reading("web"), reading("a"), *([third] if third else [])]
        assert judge(plan_of(plan, step), *readings) is Verdict.INCONCLUSIVE
    assert judge(plan_of(plan, step), reading("a"), reading("pay")) is Verdict.INCONCLUSIVE
    assert judge(plan_of(plan, step)) is Verdict.INCONCLUSIVE


def test_mute_entities_are_not_waited_for(plan: Any, step: Any) -> None:
    """A zone sends nothing of its own; but nothing watched at all is inconclusive."""
    assert judge(plan_of(plan, step), reading("web"), reading("pay"), mute=frozenset({"a"})) is Verdict.HEALTHY
    assert judge(plan_of(plan, step), mute=frozenset({"a", "web", "pay"})) is Verdict.INCONCLUSIVE


def test_a_neighbour_that_never_sent_anything_is_left_out_and_named(plan: Any, step: Any) -> None:
    """Nobody knows it though all were asked, or it was never seen; the symptom and the target are never left out."""
    known = (reading("web"), reading("a"))
    for answer in (
        FleetAnswer("q", END, known, mute=("pay",)),
        FleetAnswer("q", END, (*known, EntityReading("pay", 0, abnormal=False, series=()))),
    ):
        judged = verify(plan_of(plan, step), 0, answer)
        assert judged.verdict is Verdict.HEALTHY
        assert judged.findings == (Finding(FindingKind.STEADY, "web"), Finding(FindingKind.LEFT_OUT, "pay"))
        assert "pay is not watched, because it never sent telemetry" in judged.reasons
    for required in ("web", "a"):
        seen = tuple(reading(name) for name in ("web", "a", "pay") if name != required)
        assert verify(plan_of(plan, step), 0, FleetAnswer("q", END, seen, mute=(required,))).verdict is (
            Verdict.INCONCLUSIVE
        )


def test_symptom_still_bad_is_unhealthy(plan: Any, step: Any) -> None:
    """An open episode of the symptom, or figures off their reference, are failure."""
    others = (reading("a"), reading("pay"))
    assert judge(plan_of(plan, step), reading("web", abnormal=True), *others) is Verdict.UNHEALTHY
    assert judge(plan_of(plan, step), reading("web", series(2.0)), *others) is Verdict.UNHEALTHY


def test_an_episode_that_only_waits_for_its_end_is_no_trouble(plan: Any, step: Any) -> None:
    """Its last values are usual and its means steady: healthy; its mean not yet back: unhealthy, whatever the last."""
    others = (reading("a"), reading("pay"))
    calm = replace(series(), score=0.1)
    steady = replace(reading("web", calm), recovering=True)
    assert judge(plan_of(plan, step), steady, *others) is Verdict.HEALTHY
    high = replace(reading("web", replace(series(2.0), score=0.1)), recovering=True)
    assert judge(plan_of(plan, step), high, *others) is Verdict.UNHEALTHY
    assert judge(plan_of(plan, step), replace(high, recovering=False), *others) is Verdict.HEALTHY


def test_neighbour_worse_than_before_is_harm(plan: Any, step: Any) -> None:
    """A neighbour newly abnormal or far off its reference was harmed; one that was abnormal before was not."""
    others = (reading("web"), reading("a"))
    assert judge(plan_of(plan, step), *others, reading("pay", abnormal=True)) is Verdict.HARMED
    assert judge(plan_of(plan, step), *others, reading("pay", series(2.0))) is Verdict.HARMED
    ill = frozenset({"pay"})
    assert judge(plan_of(plan, step), *others, reading("pay", abnormal=True), abnormal_before=ill) is Verdict.HEALTHY


def test_direction_decides_what_is_worse() -> None:
    """More of what is good, or of what nobody knows the meaning of, is not worse; a small shift never is."""
    assert worse_by(series(2.0, detrimental=-1)) == 0
    assert worse_by(series(2.0, detrimental=0)) == 0
    assert worse_by(series(1.05)) == 0
    assert round(worse_by(series(0.5, detrimental=-1)), 6) == 5.0


def test_what_has_passed_within_the_window_is_not_worse() -> None:
    """A restart's own errors raise the mean, but not the end."""
    passed = SeriesReading("errors", "errors", 5.0, 0.0, 0.0, 0.1, 4, 0.9, detrimental=1)
    lasting = SeriesReading("errors", "errors", 5.0, 5.0, 0.0, 0.1, 4, 0.9, detrimental=1)
    assert worse_by(passed) == 0.0
    assert worse_by(lasting) > 8


def test_small_shifts_of_neighbours_are_no_harm(plan: Any, step: Any) -> None:
    """A figure that is a third higher and many narrow spreads away stops no plan that worked."""
    small = SeriesReading("wait", "wait", 1.3, 1.3, 1.0, 0.01, 4, 0.9, detrimental=1)
    others = (reading("web"), reading("a"))
    assert judge(plan_of(plan, step), *others, reading("pay", small)) is not Verdict.HARMED


def test_a_rare_error_of_a_neighbour_is_no_harm(plan: Any, step: Any) -> None:
    """A reference that was always the same but for a moment has no spread by which to say how much is much."""
    rare = SeriesReading("errors", "errors", 0.125, 0.125, 0.004, 1e-9, 4, 0.95, detrimental=1)
    others = (reading("web"), reading("a"))
    assert judge(plan_of(plan, step), *others, reading("pay", rare)) is Verdict.HEALTHY
    assert judge(plan_of(plan, step), *others, reading("pay", rare, abnormal=True)) is Verdict.HARMED


def test_what_the_detectors_call_usual_is_not_worse_however_narrow_its_reference() -> None:
    """One error a minute after an hour without any is no harm of the action."""
    rare = SeriesReading("errors", "errors", 0.017, 0.017, 0.0, 1e-9, 4, 0.3, detrimental=1)
    assert worse_by(rare) == 0.0


def test_what_nobody_feels_is_steady(plan: Any, step: Any) -> None:
    """A shift that is real, but of a kind that nobody notices, is neither failure nor harm."""
    faint = replace(series(2.0), noticeable=False)
    others = (reading("a"), reading("pay", faint))
    assert judge(plan_of(plan, step), reading("web", faint), *others) is Verdict.HEALTHY


def test_findings_say_the_same_whatever_their_figures_are(plan: Any, step: Any) -> None:
    """A look with new figures is equal; another series, entity or kind is not."""
    ill = frozenset({"a", "pay", "web"})
    looks = [
        verify(
            plan_of(plan, step),
            0,
            FleetAnswer("q", END, (reading("web", series(mean)), reading("a"))),
            abnormal_before=ill,
        )
        for mean in (9.0, 7.0)
    ]
    assert looks[0].findings == looks[1].findings == (Finding(FindingKind.OFF_REFERENCE, "web", "errors"),)
    assert looks[0].reasons != looks[1].reasons
    assert looks[0].findings != (Finding(FindingKind.OFF_REFERENCE, "web", "errors{route=/pay}"),)


@pytest.mark.parametrize("kind", list(FindingKind))
def test_every_finding_has_a_sentence(kind: FindingKind) -> None:
    """It names the entity, where there is one."""
    told = sentence(Finding(kind, "web", "errors"))
    assert ("web" in told) == (kind is not FindingKind.NOTHING_WATCHED)


# ------------------------------------------------------------------------------------------------ opening signals

ERRORS = OpeningSignal("web", "errors{route=/pay}", "errors", 100.0)


def of_route(mean: float, last: float, usual: float = 1.0, spread: float = 0.1) -> SeriesReading:
    """Errors of the route for which the incident was opened."""
    return SeriesReading(ERRORS.series, "errors", mean, last, usual, spread, 12, 0.1, None, 1, noticeable=False)


def opened_for(plan: Plan, *readings: EntityReading, signal: OpeningSignal = ERRORS) -> Judgement:
    """The verdict on the symptom, when target and neighbour are steady."""
    answer = FleetAnswer("q", END, (*readings, reading("a"), reading("pay")))
    return verify(plan, 0, answer, opening=(signal,))


def test_without_data_on_what_opened_the_incident_nothing_is_proven(plan: Any, step: Any) -> None:
    """The symptom was errors; the window has one point of cpu only."""
    cpu = SeriesReading("cpu", "cpu", 0.2, 0.2, 0.2, 0.02, 1, 0.1, detrimental=1)
    judged = opened_for(plan_of(plan, step), reading("web", cpu))
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert judged.findings == (Finding(FindingKind.NO_SIGNAL, "web", ERRORS.series),)
    assert judged.reasons == ("web: no data in the window of errors{route=/pay}, for which the incident was opened",)


def test_another_series_of_the_metric_is_data_on_the_signal(plan: Any, step: Any) -> None:
    """After a restart the series has another instance."""
    judged = opened_for(plan_of(plan, step), reading("web", replace(of_route(1.0, 1.0), series="errors{instance=2}")))
    assert judged.verdict is Verdict.HEALTHY


def test_signals_of_others_are_not_waited_for(plan: Any, step: Any) -> None:
    """A zone that is mute, and a member that is neither symptom nor target."""
    for entity in ("db", "pay"):
        signal = replace(ERRORS, entity=entity, metric="latency")
        assert opened_for(plan_of(plan, step), reading("web"), signal=signal).verdict is Verdict.HEALTHY


@pytest.mark.parametrize(("mean", "verdict"), [(2525.0, Verdict.UNHEALTHY), (60.0, Verdict.HEALTHY)])
def test_a_flapping_signal_is_not_steady_because_its_last_value_is(
    plan: Any, step: Any, mean: float, verdict: Verdict
) -> None:
    """50, 5000, 50, 5000, 50: the episode is open and its last value is normal; the mean is what callers get."""
    flapping = replace(reading("web", of_route(mean, 50.0, usual=50.0, spread=5.0)), recovering=True)
    signal = replace(ERRORS, deviation=4950.0)
    judged = opened_for(plan_of(plan, step), flapping, signal=signal)
    assert judged.verdict is verdict
    if verdict is Verdict.UNHEALTHY:
        assert judged.reasons == ("web: errors{route=/pay} is usual now, but its mean is 2525, was 50",)


def test_the_mean_is_judged_while_the_episode_is_open_only(plan: Any, step: Any) -> None:
    """An episode ends after it was normal for its hold time: then a restart's own errors in the window are over."""
    calm = reading("web", of_route(2525.0, 50.0, usual=50.0, spread=5.0))
    assert opened_for(plan_of(plan, step), calm).verdict is Verdict.HEALTHY


def test_a_single_error_beside_hundreds_is_no_flapping(plan: Any, step: Any) -> None:
    """The reference had none, so every error is many spreads; what opened the incident says how much is much."""
    rare = replace(reading("web", of_route(0.5, 0.0, usual=0.0, spread=1e-9)), recovering=True)
    assert opened_for(plan_of(plan, step), rare).verdict is Verdict.HEALTHY
    half = replace(reading("web", of_route(50.0, 0.0, usual=0.0, spread=1e-9)), recovering=True)
    assert opened_for(plan_of(plan, step), half).verdict is Verdict.UNHEALTHY


def test_a_mean_on_the_good_side_is_no_trouble(plan: Any, step: Any) -> None:
    """Fewer errors than usual, and figures of which nobody knows which side is bad."""
    for series_ in (of_route(-500.0, 1.0), replace(of_route(500.0, 1.0), detrimental=0)):
        seen = replace(reading("web", series_), recovering=True)
        assert opened_for(plan_of(plan, step), seen).verdict is Verdict.HEALTHY
