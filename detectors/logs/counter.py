"""Counts of log lines per entity, level and template in intervals of ten seconds, and news of error templates.

A template's series is named by its text. Known templates count 0 in intervals in which the input spoke of anything at
all, so that the end of a burst can be seen; a pause of the whole input is no zero. What was not seen for an hour is
forgotten. What a line costs does not depend on how many templates there are.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from detectors.intervals import INTERVAL
from detectors.logs import lookup
from detectors.logs.lookup import LEVELS, Lines
from detectors.logs.siblings import MANY, merged
from detectors.logs.template_text import text_of
from detectors.logs.templates import Arrays, Template, Templates
from detectors.spans.names import NONE, SpanNames
from detectors.spans.tally import Tally
from detectors.turns import NO_SHARE, Share

FORGET = 3600 * SECOND // INTERVAL
"""Intervals after which a template that is not seen any more is forgotten."""
LEVEL_NAMES = ("info", "warning", "error")
INFO, WARNING, ERROR = range(LEVELS)
OTHER = b"<other>"
"""Text of the template of the lines for which there is no room."""
_OTHER_TOTAL = np.uint64(1)
_INTERVAL_BITS = 32
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Bounds of what logs may cost."""

    templates: int = 200
    """Templates an entity, of each level apart; between the ends of intervals there may be twice as many."""
    entities: int = 2_000
    """Entities with templates of their own; lines of others are counted by level alone."""
    warm_up_seconds: float = 600.0
    """A template is news only when its entity has been known for so long."""


@dataclass(frozen=True, slots=True)
class ClosedTemplates:
    """All known templates in one closed interval: columns of one length."""

    at: int
    """End of the interval, ns."""
    rows: Longs
    """Rows of ``LogCounter.table``."""
    counts: Longs
    new: npt.NDArray[np.bool_]
    """Templates of level error that their entities, long known, never wrote before."""


@dataclass(slots=True)
class _Fresh:
    """Templates of a batch that are not in the table yet, in the order of their lines."""

    templates: list[Template] = field(default_factory=list)
    keys: set[int] = field(default_factory=set)

    def add(self, key: np.uint64, template: Template) -> None:
        self.keys.add(int(key))
        self.templates.append(template)


class LogCounter:
    """Templates and counts of one slot."""

    def __init__(self, settings: LogSettings | None = None) -> None:
        self.settings = settings or LogSettings()
        self.names = SpanNames()
        self.table = Templates()
        self._first = np.empty(0, np.int64)
        """By entity, the interval in which it was seen first."""
        self.masked: Counter[str] = Counter()
        """How often each kind of secret or personal data was masked in a template."""
        self._tally = Tally()
        """Lines by interval and row."""
        self._merged_at = 0
        """Serial number up to which templates were compared with each other."""

    def entity(self, name: str, interval: int) -> int:
        """Code of an entity, NONE where there is no room for more; it is known from ``interval`` on, if it is new."""
        code = self.names.code(name)
        if code == len(self._first):
            self._first = np.append(self._first, interval)
            self.table.owners = np.append(self.table.owners, lookup.hash_of(name.encode()))
        return code

    def owners(self, entities: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
        """Hash of each entity's name; entities must have codes."""
        return self.table.owners[entities]

    def add(
        self,
        text: npt.NDArray[np.uint8],
        lines: Lines,
        entity: npt.NDArray[np.int32],
        *,
        occurrences: tuple[Longs, Longs],
    ) -> None:
        """Counts lines.

        Args:
            text: bytes of all lines.
            lines: where they are, with the ``owners`` of their entities.
            entity: code of each line's entity.
            occurrences: interval of each line, which must be open, and how many lines it stands for.
        """
        intervals, counts = occurrences
        found = lookup.look_up(text, lines, self.table.slots, general=self.table.general)
        rows = found.row.astype(np.int64)
        missing = np.flatnonzero(rows < 0)
        if len(missing):
            rows[missing] = self._learn(text, lines, entity, found=(found.key, missing, intervals))
        np.maximum.at(self.table.rows["seen"], rows, intervals.astype(np.int32))
        amounts = np.stack([counts, np.zeros(len(counts), np.int64)], axis=1)
        self._tally.add(((intervals << _INTERVAL_BITS) | (rows + 1)).astype(np.uint64), amounts)

    def _learn(
        self,
        text: npt.NDArray[np.uint8],
        lines: Lines,
        entity: npt.NDArray[np.int32],
        *,
        found: tuple[npt.NDArray[np.uint64], Longs, Longs],
    ) -> Longs:
        """Rows of the missing lines: new ones while their entities have room, then those of 'other'."""
        keys, missing, intervals = found
        _, first = np.unique(keys[missing], return_index=True)
        held = np.bincount(self._groups(), minlength=LEVELS * len(self.names))
        fresh = _Fresh()
        levels = (lines.severity >= 13).astype(int) + (lines.severity >= 17)
        for line in missing[np.sort(first)].tolist():
            code, level, interval = int(entity[line]), int(levels[line]), int(intervals[line])
            if code < self.settings.entities and held[LEVELS * code + level] < 2 * self.settings.templates:
                held[LEVELS * code + level] += 1
                body = text[lines.begin[line] : lines.end[line]].tobytes()
                fresh.add(keys[line], self._template(body, (code, level, interval), fresh))
            else:
                self._add_other((code, level, interval), fresh)
        self.table.add(fresh.templates)
        rows = self.table.find(keys[missing]).astype(np.int64)
        for place in np.flatnonzero(rows < 0).tolist():
            rows[place] = self.table.find(self._other_key(int(entity[missing[place]]), int(levels[missing[place]])))[0]
        return rows

    def _template(self, body: bytes, place: tuple[int, int, int], fresh: _Fresh) -> Template:
        code, level, interval = place
        cut = lookup.dissect(body)
        warm = (interval - int(self._first[code])) * INTERVAL >= self.settings.warm_up_seconds * SECOND
        news = level == ERROR and warm and not self._written(cut, code, fresh)
        text = text_of(body, cut, self.masked)
        return Template(code, level, cut.total, cut.parts[:, 0], text, interval, news=news)

    def _written(self, cut: lookup.Dissected, code: int, fresh: _Fresh) -> bool:
        """Whether an entity wrote this shape at another level, before or earlier in this batch."""
        totals, counts = np.array([cut.total], np.uint64), np.array([len(cut.parts)])
        return any(self._known(self.table.keys(totals, counts, (code, level)), fresh) for level in (INFO, WARNING))

    def _known(self, key: npt.NDArray[np.uint64], fresh: _Fresh) -> bool:
        return int(key[0]) in fresh.keys or bool(self.table.find(key)[0] >= 0)

    def _add_other(self, place: tuple[int, int, int], fresh: _Fresh) -> None:
        code, level, interval = place
        key = self._other_key(code, level)
        if not self._known(key, fresh):
            fresh.add(key[0], Template(code, level, _OTHER_TOTAL, np.empty(0, np.int64), OTHER, interval))

    def _other_key(self, code: int, level: int) -> npt.NDArray[np.uint64]:
        return self.table.keys(np.array([_OTHER_TOTAL]), np.zeros(1, np.int64), (code, level))

    def _groups(self) -> Longs:
        """Entity and level of each row, as one number."""
        rows = self.table.rows
        return np.asarray(LEVELS * rows["entity"].astype(np.int64) + rows["level"], np.int64)

    def close(self, closed: int) -> Iterator[ClosedTemplates]:
        """All intervals below ``closed`` that had any line, oldest first."""
        keys, sums = self._tally.take(closed << _INTERVAL_BITS)
        intervals = (keys >> np.uint64(_INTERVAL_BITS)).astype(np.int64)
        rows = (keys & np.uint64((1 << _INTERVAL_BITS) - 1)).astype(np.int64) - 1
        cuts = [*np.flatnonzero(np.diff(intervals, prepend=-1)).tolist(), len(keys)]
        for begin, end in pairwise(cuts):
            yield self._measure(int(intervals[begin]), rows[begin:end], sums[begin:end, 0])
        self._shrink(closed)

    def _measure(self, interval: int, rows: Longs, counts: Longs) -> ClosedTemplates:
        table = self.table
        total = np.zeros(len(table), np.int64)
        np.add.at(total, table.primary[rows], counts)
        np.maximum.at(table.rows["seen"], table.primary[rows], np.int32(interval))
        news = np.zeros(len(table), np.bool_)
        news[table.primary[rows]] = table.rows["news"][rows] != 0
        table.rows["news"][rows] = 0
        first = (table.primary == np.arange(len(table))) & (interval - table.rows["seen"] <= FORGET)
        shown = np.flatnonzero(first)
        return ClosedTemplates((interval + 1) * INTERVAL, shown, total[shown], news[shown])

    # ------------------------------------------------------------------------------------------------ bounds

    def _shrink(self, closed: int) -> None:
        """Merges what differs in a word, forgets what is old, and of an entity's many what was not seen for longest."""
        into = self._merge()
        rows = self.table.rows
        kept = (closed - rows["seen"] <= FORGET) & (into < 0)
        groups = self._groups()
        if len(groups) and np.bincount(groups).max() > self.settings.templates:
            order = np.lexsort((-rows["serial"], -rows["seen"].astype(np.int64), groups))
            ranks = np.empty(len(rows), np.int64)
            begins = np.searchsorted(groups[order], groups[order])
            ranks[order] = np.arange(len(rows)) - begins
            kept &= ranks < self.settings.templates
        keys, sums = self._tally.entries()
        open_rows = (keys & np.uint64((1 << _INTERVAL_BITS) - 1)).astype(np.int64) - 1
        kept[open_rows[into[open_rows] < 0]] = True
        kept[into[into >= 0]] = True
        if kept.all():
            return
        numbers = self.table.keep(kept)
        follow = numbers[np.where(into >= 0, into, np.arange(len(into)))]
        high = keys & ~np.uint64((1 << _INTERVAL_BITS) - 1)
        self._tally.replace(high | (follow[open_rows] + 1).astype(np.uint64), sums)
        self._forget_names()

    def _merge(self) -> Longs:
        """For each row the one that it is merged into, -1 for none."""
        table = self.table
        fresh = table.rows["serial"] >= self._merged_at
        self._merged_at = table.serial
        groups = self._groups()
        sizes = np.bincount(groups, minlength=LEVELS * len(self.names))
        touched = np.unique(groups[fresh])
        touched = touched[sizes[touched] >= MANY]
        into = np.full(len(table), NONE, np.int64)
        if not len(touched):
            return into
        for found in merged(table, np.flatnonzero(np.isin(groups, touched))):
            one = found.template
            key = table.keys(np.array([one.total]), np.array([len(one.parts)]), (one.entity, one.level))
            row = int(table.find(key)[0])
            if row < 0:
                table.add([one])
                row = len(table) - 1
                into = np.append(into, NONE)
            table.rows["general"][row] = 1
            table.rows["seen"][row] = max(table.rows["seen"][row], one.interval)
            into[found.rows[found.rows != row]] = row
        into[into[into[into >= 0]]] = NONE  # what others were merged into stays
        return into

    def _forget_names(self) -> None:
        """Forgets entities without templates."""
        used = np.zeros(len(self.names), np.bool_)
        used[self.table.rows["entity"]] = True
        if not used.all():
            codes = self.names.keep(used)
            self.table.rows["entity"] = codes[self.table.rows["entity"]]
            self.table.owners, self._first = self.table.owners[used], self._first[used]

    # --------------------------------------------------------------------------------------------- snapshots

    def to_arrays(self, since: int = 0, share: Share = NO_SHARE) -> Arrays:
        """State for a snapshot; templates with a serial number below ``since``, but for a share of them, in brief."""
        keys, sums = self._tally.entries()
        made: Arrays = {
            "names": np.frombuffer(json.dumps(self.names.texts, ensure_ascii=False).encode(), np.uint8),
            "first": self._first,
            "tally": keys,
            "lines": sums,
            "merged_at": np.array([self._merged_at]),
            "masked": np.frombuffer(json.dumps(self.masked).encode(), np.uint8),
        }
        return made | {f"table.{name}": array for name, array in self.table.to_arrays(since, share).items()}

    @classmethod
    def from_arrays(cls, chain: Sequence[Mapping[str, npt.NDArray[np.generic]]], settings: LogSettings) -> LogCounter:
        """The counter that the last of a chain of ``to_arrays`` was called on; together they hold everything."""
        found, last = cls(settings), chain[-1]
        found.names = SpanNames(found.names.most, json.loads(last["names"].tobytes()))
        found._first = last["first"].astype(np.int64)
        owners = np.array([lookup.hash_of(name.encode()) for name in found.names.texts], np.uint64)
        parts = [{n[6:]: array for n, array in part.items() if n.startswith("table.")} for part in chain]
        found.table = Templates.from_arrays(parts, owners)
        found._tally.replace(last["tally"].astype(np.uint64), last["lines"].astype(np.int64))
        found.masked = Counter(json.loads(last["masked"].tobytes()))
        found._merged_at = int(last["merged_at"].tolist()[0])
        return found
