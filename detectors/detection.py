"""`aiops detect`'s core: a table through the bank, row by row as far as anybody can tell, to scores and episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.model.errors import PermanentError
from detectors.bank.layout import Array, Phase, ViewCode
from detectors.bank.series_bank import BankSettings, SeriesBank
from detectors.model_tier import ModelTier
from detectors.protocol import Detector
from detectors.table import Table


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
    series: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Series that explain it: highest score and the view that gave it."""
    running: set[tuple[int, str]] = field(default_factory=set)
    """Series whose own episodes are open, by detector; the bank has no name."""


@dataclass(frozen=True, slots=True)
class TableDetection:
    """What was found in a table."""

    table: Table
    score: npt.NDArray[np.float64]
    """Of each row: the entity's score over all its series at that step."""
    series_score: npt.NDArray[np.float32]
    """Of each point of the table."""
    alert: npt.NDArray[np.bool_]
    """An episode opens at this row."""
    episode: list[str]
    """Episode that is open at each row, or empty."""
    episodes: list[TableEpisode]
    learned_rows: int


def detect(
    table: Table,
    learned_rows: int = 0,
    settings: BankSettings | None = None,
    *,
    detectors: Mapping[str, Callable[[], Detector]] | None = None,
) -> TableDetection:
    """Runs strictly in order: what a row gets depends on no later step; rows of the same time are one step.

    Args:
        table: what to look at.
        learned_rows: so many first rows are normal: learned, no alert.
        settings: of the bank.
        detectors: detectors beside the bank, by name; each sees every series.

    Raises:
        PermanentError: a detector failed; the text names it.
    """
    names = len(table.names)
    bank = SeriesBank(settings or BankSettings(capacity=names, ring_steps=1, allowed_lateness_seconds=86_400.0))
    bank.admit(np.zeros(names, dtype=np.uint8))
    at = table.at[table.row]
    cut = int(np.searchsorted(table.row, learned_rows))
    before = bank.update(table.series[:cut], at[:cut], table.value[:cut], trusted=True)
    after = bank.update(table.series[cut:], at[cut:], table.value[cut:])
    series_score = np.concatenate([np.zeros_like(before.score), after.score])
    told = [("", after.transitions)]
    told += [(name, _by(table, name, make, cut)) for name, make in (detectors or {}).items()]
    episodes, alert, episode = _fold(table, told, learned_rows)
    return TableDetection(
        table, _entity_scores(table, series_score), series_score, alert, episode, episodes, learned_rows
    )


def _entity_scores(table: Table, series_score: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The highest score of the entity's series within the step of each row."""
    step = np.cumsum(np.diff(table.at, prepend=table.at[:1]) != 0)
    count = len(table.entities)
    place = step * count + table.row_entity
    best = np.zeros((int(step[-1]) + 1) * count if len(step) else 0)
    np.maximum.at(best, step[table.row] * count + table.entity[table.series], series_score.astype(np.float64))
    return best[place]


def _by(table: Table, name: str, make: Callable[[], Detector], cut: int) -> Array:
    """What one detector says of every series from point ``cut`` on; what comes before is fed to it and not told."""
    tier = ModelTier(make, len(table.names))
    tier.watch(range(len(table.names)), [0] * len(table.names))
    at, start = table.at[table.row], np.zeros(len(table.row), np.int64)
    for begin, end in ((0, cut), (cut, len(at))):
        told = tier.update((table.series[begin:end], at[begin:end], table.value[begin:end], start[begin:end]))
    if tier.trouble:
        raise PermanentError(f"detector {name}: {tier.trouble}")
    return told


def _fold(
    table: Table, told: Sequence[tuple[str, Array]], learned: int
) -> tuple[list[TableEpisode], npt.NDArray[np.bool_], list[str]]:
    """Episodes of series to episodes of entities: one opens with its first series and closes with its last."""
    alert = np.zeros(len(table), dtype=np.bool_)
    episode = [""] * len(table)
    episodes: list[TableEpisode] = []
    current: dict[int, TableEpisode] = {}
    found_by = [
        (place, name, transition)
        for name, transitions in told
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
            _note(found, table.names[series], float(transition["score"]), view=view)
    for found in episodes:
        last = len(table) if found.to_row is None else found.to_row
        for row in range(found.from_row, last):
            if table.entities[table.row_entity[row]] == found.entity:
                episode[row] = found.id
    return episodes, alert, episode


def _rows_of(table: Table, transitions: Array, learned: int) -> list[int]:
    """The row at which each transition happened: the first with its series and time, from the learned ones on."""
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


def _note(found: TableEpisode, name: str, score: float, *, view: str) -> None:
    found.peak = max(found.peak, score)
    if score > found.series.get(name, (0.0, ""))[0]:
        found.series[name] = (score, view)
