"""Why a candidate is, or is not, the cause: sentences that name the episodes, changes and edges they rest on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from aiops.model.diagnoses import Evidence
from aiops.model.episodes import Signal, SignalDirection
from aiops.model.prose import Prose
from aiops.model.series_names import display_name
from topology.rankers.protocol import RankingQuestion
from topology.rankers.scene import Scene, signals_of, strength

MOST_NAMED = 5
_VERB = {
    SignalDirection.UP: "rose",
    SignalDirection.DOWN: "fell",
    SignalDirection.NEW: "is new",
    SignalDirection.SHAPE: "changed shape",
}


class Reasons:
    """Evidence for and against the candidates of one scene."""

    def __init__(self, made: Scene, question: RankingQuestion, changed: dict[int, float]) -> None:
        self._made = made
        self._question = question
        self._changed = changed
        order = np.argsort(made.by, kind="stable")
        self._harmed_by = made.harmed[order]
        self._starts = np.searchsorted(made.by[order], np.arange(len(made.names) + 1))

    def members(self, candidate: int) -> tuple[str, ...]:
        """Abnormal entities that the candidate may have harmed, itself first when abnormal."""
        reached = self.reached(candidate)
        found = [at for at in sorted(self._made.anomalies) if reached[at] and at != candidate]
        first = [candidate] if candidate in self._made.anomalies else []
        return tuple(self._made.names[at] for at in [*first, *found])

    def evidence(self, candidate: int) -> tuple[Evidence, ...]:
        """The weightiest first."""
        found = [
            *self._signals(candidate),
            *self._order(candidate),
            *self._reach(candidate),
            *self._blames(candidate),
            *self._changes(candidate),
        ]
        return tuple(sorted(found, key=lambda e: (-e.weight, e.id, e.what)))

    def _signals(self, candidate: int) -> list[Evidence]:
        made = self._made
        anomaly = made.anomalies.get(candidate)
        name = made.names[candidate]
        if anomaly is None:
            needing = self._harmed_by[self._starts[candidate] : self._starts[candidate + 1]]
            abnormal = sum(at in made.anomalies for at in needing.tolist())
            what = f"{name} shows no anomaly; {abnormal} abnormal entities need it directly"
            return [
                Evidence(f"graph:{name}", False, Prose(what), "graph", 0, 0, round(float(made.strength[candidate]), 6))
            ]
        found = signals_of(anomaly, made.hints)
        siblings = [signal.series for _, signal in found]
        return [
            Evidence(
                id=episode.id,
                supports=True,
                what=Prose(f"{name}: {sentence(signal, siblings)}"),
                source=str(signal.source),
                from_at=signal.since,
                to_at=signal.ended_at or episode.watermark,
                weight=round(strength(signal.score), 6),
            )
            for episode, signal in found[:MOST_NAMED]
        ]

    def _order(self, candidate: int) -> list[Evidence]:
        made = self._made
        mine = float(made.since[candidate])
        first = self._first
        if np.isnan(mine) or len(made.anomalies) < 2 or first is None:
            return []
        name, at = made.names[candidate], int(made.anomalies[candidate].since)
        late = mine - float(made.since[first])
        slack = self._question.resolution / 1e9
        if late <= slack:
            what = f"{name} was among the first of {len(made.anomalies)} to become abnormal"
            return [Evidence(made.anomalies[candidate].episodes[0].id, True, Prose(what), "graph", at, at, 1.0)]
        what = f"{name} became abnormal {late:.0f} s after {made.names[first]}"
        return [
            Evidence(
                made.anomalies[first].episodes[0].id, False, Prose(what), "graph", at, at, round(min(late / 60, 3), 6)
            )
        ]

    @cached_property
    def _first(self) -> int | None:
        timed = [at for at in sorted(self._made.anomalies) if not np.isnan(self._made.since[at])]
        return min(timed, key=lambda at: float(self._made.since[at])) if timed else None

    def _reach(self, candidate: int) -> list[Evidence]:
        made = self._made
        others = [name for name in self.members(candidate) if name != made.names[candidate]]
        if len(made.anomalies) < 2:
            return []
        total = len(made.anomalies) - (candidate in made.anomalies)
        name = made.names[candidate]
        named = ", ".join(others[:MOST_NAMED]) + (" …" if len(others) > MOST_NAMED else "")
        what = f"{len(others)} of {total} other abnormal entities need {name}" + (f": {named}" if others else "")
        weight = 2.0 * len(others) / max(total, 1) if others else 1.0
        return [Evidence(f"graph:{name}", bool(others), Prose(what), "graph", 0, 0, round(weight, 6))]

    def _blames(self, candidate: int) -> list[Evidence]:
        made = self._made
        found = []
        for at in np.flatnonzero((made.by == candidate) & (made.blame > 0)).tolist():
            caller = made.anomalies[int(made.harmed[at])]
            pairs = signals_of(caller, made.hints)
            episode, signal = next(p for p in pairs if p[1].peer == made.names[candidate])
            text = sentence(signal, [other.series for _, other in pairs])
            what = f"{caller.entity} sees it in its calls to {made.names[candidate]}: {text}"
            found.append(
                Evidence(
                    episode.id,
                    True,
                    Prose(what),
                    str(signal.source),
                    signal.since,
                    episode.watermark,
                    float(made.blame[at]),
                )
            )
        return sorted(found, key=lambda e: (-e.weight, e.id))[:MOST_NAMED]

    def _changes(self, candidate: int) -> list[Evidence]:
        nats = self._changed.get(candidate)
        if nats is None:
            return []
        name, onset = self._made.names[candidate], self._question.onset
        changes = [c for c in self._question.changes if name == c.entity or name in c.instances]
        change = min(changes, key=lambda c: (abs(onset - c.at), c.id))
        minutes = (onset - change.at) / 60e9
        what = f"{change.kind} of {change.entity} {minutes:.0f} min before the onset"
        return [Evidence(change.id, True, Prose(what), "change", change.at, change.at, round(nats, 6))]

    def reached(self, candidate: int) -> npt.NDArray[np.bool_]:
        """(n,) whom the candidate may have harmed, itself included."""
        seen = np.zeros(len(self._made.names), np.bool_)
        seen[candidate] = True
        front = np.array([candidate])
        while len(front):
            counts = self._starts[front + 1] - self._starts[front]
            offset = np.repeat(self._starts[front] - (np.cumsum(counts) - counts), counts)
            ends = self._harmed_by[offset + np.arange(len(offset))]
            front = np.unique(ends[~seen[ends]])
            seen[front] = True
        return seen


def sentence(signal: Signal, siblings: Iterable[str] = ()) -> str:
    """What happened to one series; ``siblings``: full names of the entity's other abnormal series."""
    series = display_name(signal.series, siblings)
    if signal.direction is SignalDirection.SILENT:
        return f"{series} fell silent"
    verb = _VERB[signal.direction]
    if signal.direction in (SignalDirection.UP, SignalDirection.DOWN) and signal.value != signal.expected:
        return f"{series} {verb} to {signal.value:.4g}, usual {signal.expected:.4g}"
    return f"{series} {verb}"
