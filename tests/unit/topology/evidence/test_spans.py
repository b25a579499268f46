"""What spans say: own time, time on the network, shape of calls, where errors begin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from aiops.model.durations import SECOND
from aiops.model.series_evidence import EvidenceColumns, EvidenceKind
from tests.unit.topology.evidence.recorded import ONSET, spans
from topology.evidence.spans import likelihood_root, of_spans

TRACES = 20
"""On each side of the onset."""


def row(
    at: int, name: tuple[str, str], ids: tuple[str, str, str | None], ms: float, *, failed: bool = False
) -> tuple[object, ...]:
    """``name``: entity and operation; ``ids``: trace, span, parent."""
    trace, own, parent = ids
    return at, *name, None, trace, own, parent, int(ms * 1e6), "ERROR" if failed else None


def traces(
    *, own: float = 5.0, network: float = 1.0, asks: bool = True, failed: bool = False
) -> Iterator[tuple[object, ...]]:
    """Web calls store, store asks its cache; the figures hold after the onset, the defaults before."""
    for at in range(-TRACES, TRACES):
        now = at >= 0
        mine, wire = (own, network) if now else (5.0, 1.0)
        cached = asks or not now
        work, bad, trace = mine + (2.0 if cached else 0.0), failed and now, str(at)
        when = ONSET + at * SECOND
        yield row(when, ("web", "GET /"), (trace, "1", None), 3.0 + work + wire, failed=bad)
        yield row(when, ("web", "call store"), (trace, "2", "1"), work + wire, failed=bad)
        yield row(when, ("store", "find"), (trace, "3", "2"), work, failed=bad)
        if cached:
            yield row(when, ("store", "cache"), (trace, "4", "3"), 2.0)


def found(kind: EvidenceKind, **told: object) -> EvidenceColumns:
    parts = of_spans(spans(traces(**told)), ONSET)  # type: ignore[arg-type]
    return next(part for part in parts if part.kind is kind)


def largest(part: EvidenceColumns) -> tuple[str, str, float]:
    at = int(np.argmax(np.abs(part.deviation)))
    return part.entity[at], part.series[at], float(part.deviation[at])


def test_own_time_is_without_children() -> None:
    """Store is slower by itself: its own span stands out, web's wait does not."""
    part = found(EvidenceKind.OWN_TIME, own=50.0)
    entity, series, deviation = largest(part)
    assert (entity, series) == ("store", "find")
    assert deviation > 20.0
    at = list(zip(part.entity, part.series, strict=True)).index(("store", "find"))
    assert (part.usual[at], part.level[at]) == (pytest.approx(0.005), pytest.approx(0.05))


def test_a_call_to_another_entity_has_no_own_time() -> None:
    """What the client waits is time on the network, or the callee's."""
    assert ("web", "call store") not in set(
        zip(*[getattr(found(EvidenceKind.OWN_TIME), c) for c in ("entity", "series")], strict=True)
    )


def test_network_time_is_between_the_two_sides_of_a_call() -> None:
    """The caller waited 200 ms longer than the callee worked."""
    part = found(EvidenceKind.NETWORK_TIME, network=200.0)
    assert (part.entity, part.peer) == (["store"], ["web"])
    assert (part.usual[0], part.level[0]) == (pytest.approx(0.001), pytest.approx(0.2))


def test_a_call_that_is_no_longer_made_changes_the_shape() -> None:
    """Store does not ask its cache any more."""
    entity, series, deviation = largest(found(EvidenceKind.CALL_SHAPE, asks=False))
    assert (entity, series) == ("store", "find calls cache")
    assert deviation < -5.0


def test_errors_begin_where_no_child_failed() -> None:
    """Web and store fail; the first error is store's."""
    part = found(EvidenceKind.FIRST_ERROR, failed=True)
    assert set(part.entity) == {"store"}
    assert part.deviation[0] > 5.0


def test_calm_traces_deviate_by_nothing() -> None:
    """The same before and after."""
    for part in of_spans(spans(traces()), ONSET):
        assert np.abs(part.deviation).max() < 1.0


def test_too_few_spans_say_nothing() -> None:
    """Two traces on one side."""
    assert of_spans(spans(list(traces())[:8]), ONSET) == []


def test_no_spans_or_no_onset_is_nothing() -> None:
    """Both are usual."""
    assert of_spans(spans([]), ONSET) == []
    assert of_spans(spans(traces()), 0) == []


def test_doubled_spans_count_once() -> None:
    """A record that was sent twice changes nothing."""
    once = of_spans(spans(traces(own=50.0)), ONSET)
    twice = of_spans(spans([*traces(own=50.0), *traces(own=50.0)]), ONSET)
    for one, two in zip(once, twice, strict=True):
        assert one.deviation == pytest.approx(two.deviation)


def test_equal_shares_have_no_likelihood_ratio() -> None:
    """1 of 10 and 10 of 100."""
    one, ten, hundred = (np.array([float(n)]) for n in (1, 10, 100))
    assert likelihood_root((one, ten), (ten, hundred))[0] == pytest.approx(0.0, abs=1e-6)


def test_the_same_shares_of_more_trials_are_surer() -> None:
    """0 of 10 to 5 of 10 is less than 0 of 100 to 50 of 100; nothing of nothing is 0."""
    zero, five, ten, fifty, hundred = (np.array([float(n)]) for n in (0, 5, 10, 50, 100))
    few, many = likelihood_root((zero, ten), (five, ten))[0], likelihood_root((zero, hundred), (fifty, hundred))[0]
    assert 0 < few < many
    assert likelihood_root((zero, zero), (zero, zero))[0] == 0.0
