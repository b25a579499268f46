"""The core of `aiops detect`: runs a table through the bank in row order and returns scores and episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.model.errors import PermanentError
from detectors.abnormal_series import AbnormalSeries
from detectors.bank.layout import Array, Phase, Record, ViewCode
from detectors.bank.series_bank import BankSettings, SeriesBank
from detectors.model_tier import ModelTier
from detectors.onset import onset_of
from detectors.protocol import Detector
from detectors.rarity.engine import RARITY
from detectors.rarity.evidence import EDGE
from detectors.table import Table

_LEAST = 1e-9
"""Smallest ratio that other series add."""


@dataclass(slots=True)
class TableEpisode:
    """An episode of one entity. Open episodes have ``to_row`` None."""

    id: str
    entity: str
    from_row: int
    """Row at which it opened."""
    since: int
    """Time of the first abnormal point, ns."""
    to_row: int | None = None
    peak: float = 0.0
    series: dict[str, AbnormalSeries] = field(default_factory=dict)
    """Abnormal series by name, each at its worst."""
    running: set[tuple[int, str]] = field(default_factory=set)
    """(series, detector name) whose own episodes are open; the bank's name is empty."""


@dataclass(frozen=True, slots=True)
class TableDetection:
    """Scores and episodes of a table."""

    table: Table
    score: npt.NDArray[np.float64]
    """(rows,) how abnormal the row's entity is at that step, over all its series."""
    onset: npt.NDArray[np.float64]
    """(rows,) evidence that an episode begins at the row, else 0; see ``detectors.onset``."""
    series_score: npt.NDArray[np.float32]
    """(points,) score of each point of the table; 0 for learned points."""
    alert: npt.NDArray[np.bool_]
    """(rows,) whether an episode opens at the row."""
    episode: list[str]
    """Id of the episode that is open at each row; empty: none is."""
    episodes: list[TableEpisode]
    learned_rows: int
    """Number of first rows that were learned as normal."""


def detect(
    table: Table,
    learned_rows: int = 0,
    settings: BankSettings | None = None,
    *,
    detectors: Mapping[str, Callable[[], Detector]] | None = None,
) -> TableDetection:
    """Scores a table in row order. A row's result depends on no later step; rows of the same time are one step.

    Args:
        table: the points.
        learned_rows: number of first rows that are normal; they are learned and raise no alert.
        settings: of the bank; by default one series per name of the table and a day of allowed lateness.
        detectors: factories of further detectors, by name; each detector scores every series.

    Raises:
        PermanentError: a detector failed; the text names it.
    """
    names = len(table.names)
    bank = SeriesBank(
        settings or BankSettings(capacity=names, ring_steps=1, allowed_lateness_seconds=86_400.0), engine=RARITY
    )
    bank.admit(np.zeros(names, dtype=np.uint8))
    at = table.at[table.row]
    cut = int(np.searchsorted(table.row, learned_rows))
    before = bank.update(table.series[:cut], at[:cut], table.value[:cut], trusted=True)
    after = bank.update(table.series[cut:], at[cut:], table.value[cut:])
    series_score = np.concatenate([np.zeros_like(before.score), after.score])
    found = [("", after.transitions)]
    found += [(name, _by(table, name, make, cut=cut)) for name, make in (detectors or {}).items()]
    episodes, alert, episode = _fold(table, found, learned_rows)
    score = _entity_scores(table, series_score)
    onset = _entity_onsets(table, score, learned_rows)
    return TableDetection(table, score, onset, series_score, alert, episode, episodes, learned_rows)


def _entity_scores(table: Table, series_score: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """(rows,) score of the entity within the step of each row.

    Its ratio is the highest of its series, and what all others have above the limit of their evidence: a sum, since
    several weak witnesses are more than the strongest alone.
    """
    step = _steps(table)
    count = len(table.entities)
    place = step * count + table.row_entity
    of_point = step[table.row] * count + table.entity[table.series]
    size = (int(step[-1]) + 1) * count if len(step) else 0
    score = series_score.astype(np.float64)
    highest, more = np.zeros(size), np.zeros(size)
    np.maximum.at(highest, of_point, score)
    np.add.at(more, of_point, np.maximum(_ratios(score) - EDGE, 0.0))
    best = _ratios(highest)
    others = more - np.maximum(best - EDGE, 0.0)
    total = best + others
    return np.asarray(np.where(others > _LEAST, total / (1.0 + total), highest)[place])


def _ratios(score: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scores as ratios; see ``detectors.bank.episodes.score_of``."""
    return np.asarray(score / np.maximum(1.0 - score, 1e-6))


def _steps(table: Table) -> npt.NDArray[np.int64]:
    """(rows,) number of the step of each row."""
    return np.asarray(np.cumsum(np.diff(table.at, prepend=table.at[:1]) != 0), np.int64)


def _entity_onsets(table: Table, score: npt.NDArray[np.float64], learned: int) -> npt.NDArray[np.float64]:
    onset, step = np.zeros(len(table)), _steps(table)
    for entity in range(len(table.entities)):
        rows = np.flatnonzero(table.row_entity == entity)
        onset[rows] = onset_of(score[rows], step[rows])
    onset[:learned] = 0.0
    return onset


def _by(table: Table, name: str, make: Callable[[], Detector], *, cut: int) -> Array:
    """TRANSITION records of one detector over every series from point ``cut`` on; earlier points are only learned."""
    tier = ModelTier(make, len(table.names))
    tier.watch(range(len(table.names)), [0] * len(table.names))
    at, start = table.at[table.row], np.zeros(len(table.row), np.int64)
    for begin, end in ((0, cut), (cut, len(at))):
        transitions = tier.update((table.series[begin:end], at[begin:end], table.value[begin:end], start[begin:end]))
    if tier.error:
        raise PermanentError(f"detector {name}: {tier.error}")
    return transitions


def _fold(
    table: Table, by_detector: Sequence[tuple[str, Array]], learned: int
) -> tuple[list[TableEpisode], npt.NDArray[np.bool_], list[str]]:
    """Episodes of entities from transitions of series: one opens with its first series and closes with its last."""
    alert = np.zeros(len(table), dtype=np.bool_)
    episode = [""] * len(table)
    episodes: list[TableEpisode] = []
    current: dict[int, TableEpisode] = {}
    found_by = [
        (place, name, transition)
        for name, transitions in by_detector
        for place, transition in zip(_rows_of(table, transitions, learned), transitions, strict=True)
    ]
    for place, name, transition in sorted(found_by, key=lambda one: one[0]):
        series = int(transition["series"])
        entity = int(table.entity[series])
        found = current.get(entity)
        if transition["phase"] == Phase.OPENED:
            if found is None:
                since = int(transition["since"])
                found = TableEpisode(f"e{len(episodes) + 1}", table.entities[entity], place, since)
                current[entity] = found
                episodes.append(found)
                alert[place] = True
            found.running.add((series, name))
        elif found is not None:
            found.running.discard((series, name))
            if not found.running:
                found.to_row = place
                del current[entity]
        if found is not None:
            view = name or ViewCode(int(transition["view"])).name.lower()
            _note(found, table.names[series], transition, view=view)
    for found in episodes:
        last = len(table) if found.to_row is None else found.to_row
        for row in range(found.from_row, last):
            if table.entities[table.row_entity[row]] == found.entity:
                episode[row] = found.id
    return episodes, alert, episode


def _rows_of(table: Table, transitions: Array, learned: int) -> list[int]:
    """Row of each transition: the first row with its series and time, after the learned rows."""
    begin = int(np.searchsorted(table.row, learned))
    at, series, rows = table.at[table.row[begin:]], table.series[begin:], table.row[begin:]
    first: dict[tuple[int, int], int] = {}
    wanted = {(int(transition["series"]), int(transition["at"])) for transition in transitions}
    times = np.isin(at, [moment for _, moment in wanted])
    for place in np.flatnonzero(times):
        key = (int(series[place]), int(at[place]))
        if key in wanted:
            first.setdefault(key, int(rows[place]))
    return [first[int(transition["series"]), int(transition["at"])] for transition in transitions]


def _note(found: TableEpisode, name: str, transition: Record, *, view: str) -> None:
    score = float(transition["score"])
    found.peak = max(found.peak, score)
    if name in found.series and score <= found.series[name].score:
        return
    found.series[name] = AbnormalSeries(
        score,
        view,
        value=float(transition["value"]),
        expected=float(transition["expected"]),
        nats=float(transition["nats"]),
        spread=float(transition["spread"]),
        points=int(transition["learned"]),
    )
