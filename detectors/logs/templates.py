"""The templates of one slot: columns by row, found by the key of their shape.

A row is a template of one entity at one level. Rows whose text is the same (they differ in what the masks replaced) are
one series, that of the first of them. Rows are removed by making the table anew without them, so numbers of rows are
only good until then; a serial number tells a row for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.logs import lookup
from detectors.turns import NO_SHARE, Share
from detectors.wire.hashing import Hashes, HashIndex

Longs = npt.NDArray[np.int64]
Arrays = dict[str, npt.NDArray[np.generic]]

TEMPLATE = np.dtype(
    [
        ("serial", np.int64),
        ("total", np.uint64),
        ("count", np.int64),
        ("entity", np.int32),
        ("seen", np.int32),
        ("series", np.int32),
        ("level", np.uint8),
        ("general", np.uint8),
        ("news", np.uint8),
    ]
)
"""Sum and number of the tokens; code of the entity; interval in which it was seen last; number of its series, -1 where
it was not asked for (a cache); level; whether a word varies in it that does not look so; whether it is new."""
_LIVE = ["serial", "entity", "seen", "general", "news"]


@dataclass(frozen=True, slots=True)
class Template:
    """A template that is to be added."""

    entity: int
    level: int
    total: np.uint64
    parts: Longs
    """What each token adds to the sum."""
    text: bytes
    interval: int
    news: bool = False
    general: bool = False


class Templates:
    """Templates of all entities of a slot.

    Args:
        owners: hash of the name of each entity, by its code; grows with them.
    """

    def __init__(self) -> None:
        self.owners = np.empty(0, np.uint64)
        self.rows = np.empty(0, TEMPLATE)
        self.texts: list[bytes] = []
        self.primary = np.empty(0, np.int64)
        """By row, the first row with the same entity, level and text."""
        self._parts = np.empty(0, np.int64)
        """Of all rows, one after the other."""
        self._starts = np.empty(0, np.int64)
        self._by_key = HashIndex()
        self._by_text = HashIndex()
        self._serial = 0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def serial(self) -> int:
        """The serial number of the next row."""
        return self._serial

    @property
    def slots(self) -> Hashes:
        """Of the index from keys to rows, for compiled loops."""
        return self._by_key.slots

    @property
    def general(self) -> npt.NDArray[np.uint8]:
        """By row, whether a word varies that does not look so; the last: whether any does."""
        found = self.rows["general"]
        return np.append(found, found.any()).astype(np.uint8)

    def find(self, keys: Hashes) -> npt.NDArray[np.int32]:
        """Row of each key, -1 where there is none."""
        return self._by_key.find(keys)

    def parts(self, row: int) -> Longs:
        """As in ``Template``."""
        return self._parts[self._starts[row] : self._starts[row] + self.rows["count"][row]]

    def add(self, added: Sequence[Template]) -> None:
        """Appends templates whose shapes are new."""
        if not added:
            return
        fresh = np.zeros(len(added), TEMPLATE)
        for place, one in enumerate(added):
            values = (self._serial + place, one.total, len(one.parts), one.entity, one.interval, -1)
            fresh[place] = (*values, one.level, one.general, one.news)
        self._serial += len(added)
        self._append(fresh, [one.text for one in added], np.concatenate([one.parts for one in added]))

    def _append(self, fresh: npt.NDArray[np.void], texts: list[bytes], parts: Longs) -> None:
        begin = len(self)
        counts = fresh["count"]
        self._starts = np.concatenate([self._starts, len(self._parts) + np.cumsum(counts) - counts])
        self._parts = np.concatenate([self._parts, parts])
        self.rows = np.concatenate([self.rows, fresh])
        self.texts += texts
        numbers = np.arange(begin, len(self), dtype=np.int32)
        owners = self._owners(fresh)
        keys = np.empty(len(fresh), np.uint64)
        lookup.keys_of(fresh["total"].copy(), fresh["count"].copy(), owners, keys)
        self._by_key.insert(keys, numbers)
        named = np.array([lookup.hash_of(text) for text in texts], np.uint64) ^ owners
        named[named == 0] = 1
        self._by_text.insert(named, numbers)
        self.primary = np.concatenate([self.primary, self._by_text.find(named)])

    def _owners(self, rows: npt.NDArray[np.void]) -> Hashes:
        out = np.empty(len(rows), np.uint64)
        lookup.owners_of(self.owners[rows["entity"]], rows["level"].astype(np.int64), out)
        return out

    def keys(self, totals: Hashes, counts: Longs, entity_level: tuple[int, int]) -> Hashes:
        """Keys of shapes of one entity and level."""
        owner = np.empty(1, np.uint64)
        lookup.owners_of(self.owners[[entity_level[0]]], np.array([entity_level[1]]), owner)
        out = np.empty(len(totals), np.uint64)
        lookup.keys_of(totals, counts, np.repeat(owner, len(totals)), out)
        return out

    def named(self, entity: int, level: int, text: bytes) -> int:
        """The first row with this text, -1 where there is none."""
        owner = np.empty(1, np.uint64)
        lookup.owners_of(self.owners[[entity]], np.array([level]), owner)
        return int(self._by_text.find(np.maximum(owner ^ lookup.hash_of(text), np.uint64(1)))[0])

    def keep(self, kept: npt.NDArray[np.bool_]) -> Longs:
        """Removes all rows but these; the new number of each old one, -1 where it is removed."""
        numbers = np.where(kept, np.cumsum(kept) - 1, -1)
        places = np.flatnonzero(kept).tolist()
        rows, texts = self.rows[kept], [self.texts[row] for row in places]
        parts = self._parts[np.repeat(kept, self.rows["count"])]
        first = self.primary[kept] != np.flatnonzero(kept)
        rows["series"][first] = -1
        self._clear()
        self._append(rows, texts, parts)
        return numbers

    def _clear(self) -> None:
        self.rows, self.texts, self.primary = np.empty(0, TEMPLATE), [], np.empty(0, np.int64)
        self._parts, self._starts = np.empty(0, np.int64), np.empty(0, np.int64)
        self._by_key, self._by_text = HashIndex(), HashIndex()

    def to_arrays(self, since: int = 0, share: Share = NO_SHARE) -> Arrays:
        """What all rows are now; in full a share of them, and those whose serial number is not below ``since``."""
        fresh = int(np.searchsorted(self.rows["serial"], since))
        live = {f"live.{name}": self.rows[name].copy() for name in _LIVE}
        spans = [(min(share[0], fresh), min(share[1], fresh)), (fresh, len(self))]
        chosen = np.concatenate([np.arange(*span) for span in spans])
        new = {f"new.{name}": self.rows[name][chosen] for name in ("serial", "total", "count", "level")}
        texts = [text for begin, end in spans for text in self.texts[begin:end]]
        return (
            live
            | new
            | {
                "new.parts": np.concatenate(
                    [self._parts[self._start(begin) : self._start(end)] for begin, end in spans]
                ),
                "new.text": np.frombuffer(b"".join(texts), np.uint8),
                "new.ends": np.cumsum([len(text) for text in texts], dtype=np.int64),
                "serial": np.array([self._serial]),
            }
        )

    def _start(self, row: int) -> int:
        """Where the parts of a row begin; those of the last row end there."""
        return int(self._starts[row]) if row < len(self) else len(self._parts)

    @classmethod
    def from_arrays(cls, chain: Sequence[Mapping[str, npt.NDArray[np.generic]]], owners: Hashes) -> Templates:
        """The table that the last of a chain of ``to_arrays`` was called on; together they hold everything."""
        found = cls()
        found.owners = owners
        last = chain[-1]
        found._serial = int(last["serial"].tolist()[0])
        known: dict[int, tuple[int, int, int, Longs, bytes]] = {}
        for part in chain:
            known |= _read(part)
        live = [last[f"live.{name}"].tolist() for name in _LIVE]
        rows = np.zeros(len(live[0]), TEMPLATE)
        texts = []
        kept = [np.empty(0, np.int64)]
        for place, (serial, *values) in enumerate(zip(*live, strict=True)):
            total, count, level, parts, text = known[serial]
            rows[place] = (serial, total, count, *values[:2], -1, level, *values[2:])
            kept.append(parts)
            texts.append(text)
        found._append(rows, texts, np.concatenate(kept))
        return found


def _read(part: Mapping[str, npt.NDArray[np.generic]]) -> dict[int, tuple[int, int, int, Longs, bytes]]:
    """Sum, number of tokens, level, parts and text of each new row by its serial number."""
    counts = part["new.count"].astype(np.int64)
    parts = np.split(part["new.parts"].astype(np.int64), np.cumsum(counts)[:-1]) if len(counts) else []
    whole = part["new.text"].tobytes()
    ends = part["new.ends"].tolist()
    texts = [whole[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    columns = (part["new.total"].tolist(), counts.tolist(), part["new.level"].tolist(), parts, texts)
    return dict(zip(part["new.serial"].tolist(), zip(*columns, strict=True), strict=True))
