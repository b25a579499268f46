"""The senders of a slot: who they are, their clocks, and the correction of the times that they send.

A sender is a resource: an entity with what tells its instances apart. Series belong to the sender in their identity;
lines and spans to the resource that they came in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from aiops.model.records import Arrays
from detectors.senders.clocks import align
from detectors.senders.layout import SENDER, WORK, Aligned, Array, Clock, Items, Longs, Rules, Senders
from detectors.wire.hashing import Hashes
from detectors.wire.series import SeriesTable

Codes = npt.NDArray[np.int32]

INSTANCE = (
    "service.instance.id",
    "k8s.pod.uid",
    "k8s.pod.name",
    "container.id",
    "host.id",
    "host.name",
    "process.pid",
)
"""Attributes that tell the instances of an entity apart: each instance has a clock of its own."""
_UNKNOWN, _NONE = -1, -2
"""Sender of a series that was not looked for yet, and of one whose sender has sent nothing."""
_BETWEEN = "\t"
"""Between entity and instance in the name of a sender."""
_MOST_FOUND = 20_000
"""Senders of so many series are looked for at once, after a restart."""
_MOST_KEPT = 100_000
"""Texts of instances, and keys of senders that were missed, that are kept."""
_TRANSIT = 5 * SECOND
"""A record was received at most this long after it was polled: a producer's clock may be wrong, the poll's is not."""
_FORGET = 6 * 3600 * SECOND
"""A sender that has sent nothing for this long is forgotten when series are next reclaimed, ns."""
_FORM = re.compile(r'"(?:resource\.)?(' + "|".join(re.escape(name) for name in INSTANCE) + r')":"((?:[^"\\]|\\.)*)"')
_NO_FLAGS = np.empty(0, np.uint8)


class Batch(NamedTuple):
    """What came from one topic's partition in one poll, for ``SenderClocks.align``."""

    at: Longs
    """(n,) event times; corrected in place."""
    start: Longs
    """(n,) starts, corrected in place; or empty."""
    member: Codes
    """(n,) index into the senders given."""
    record: Codes
    receipts: Longs
    """(records,) see ``receipts_of``."""


def receipts_of(appended: Sequence[int], polled_at: int) -> Longs:
    """(n,) when records were received, ns: the broker's append time, bounded by the time of the poll."""
    return np.minimum(np.array(appended, np.int64), polled_at + _TRANSIT)


def key_of(name: str) -> int:
    """Hash of a sender's name, not 0."""
    return int.from_bytes(blake2b(name.encode(errors="replace"), digest_size=8).digest(), "little") or 1


class SenderClocks:
    """The senders of one slot, as arrays.

    Args:
        held_ns: slow senders hold a topic's watermark back by at most this much.
    """

    def __init__(self, held_ns: int) -> None:
        self._held = held_ns
        self._rows = np.zeros(256, SENDER)
        self.size = 0
        """Rows in use or free for use again."""
        self._places: dict[int, int] = {}
        self.names: list[str] = []
        """Entity, and instance where one is known, of each row."""
        self._free: list[int] = []
        self._room: tuple[Array, Codes, Longs] = (np.zeros(0, WORK), np.empty(0, np.int32), np.empty(0, np.int64))
        self._clocks: dict[int, Longs] = {}
        self._texts: dict[int, str] = {}
        """Instance by the code of its attributes in a slot's table: a cache."""
        self._missed: set[int] = set()
        """Keys of senders that were looked for and have sent nothing."""
        self.of_series: dict[bool, Codes] = {False: np.empty(0, np.int32), True: np.empty(0, np.int32)}
        """Sender of each series of the slot's own table, and (True) of the table of series in transit; -1: not known.
        It follows from the identities, so it is no state."""

    @property
    def rows(self) -> Array:
        """SENDER[size], a view."""
        return self._rows[: self.size]

    def clock(self, source: int) -> Longs:
        """The clock of a topic's partition, by number; see ``Clock``."""
        return self._clocks.setdefault(source, np.zeros(len(Clock), np.int64))

    # ------------------------------------------------------------------------------------------------ who sends

    def place(self, key: int, name: str) -> int:
        """Row of a sender, made where it is new."""
        found = self._places.get(key)
        if found is not None:
            return found
        name = name or "?"
        if self._free:
            place = self._free.pop()
            self.names[place] = name
        else:
            place = self.size
            if place == len(self._rows):
                self._rows = np.concatenate([self._rows, np.zeros(place, SENDER)])
            self.size += 1
            self.names.append(name)
        self._rows[place] = 0
        self._rows[place]["key"] = key
        self._rows[place]["entity"] = crc32(name.partition(_BETWEEN)[0].encode(errors="replace"))
        self._places[key] = place
        if key in self._missed:
            self._look_again()
        return place

    def _look_again(self) -> None:
        """Look again for the senders that were missed."""
        self._missed.clear()
        members = self.of_series[False]
        members[members == _NONE] = _UNKNOWN

    def forget(self, now: int) -> None:
        """Free the rows of senders that have sent nothing since ``now`` less six hours, by receipt, ns."""
        rows = self.rows
        old = np.flatnonzero((rows["key"] != 0) & (rows["received"] < now - _FORGET))
        if not len(old):
            return
        for key in rows["key"][old].tolist():
            del self._places[key]
        self._rows[old] = 0
        self._free = _free(self.rows)
        for members in self.of_series.values():
            members[np.isin(members, old)] = _UNKNOWN

    def reclaim(self, series: Codes, *, transit: bool) -> None:
        """Forget which sender series of a table had: other series may get their numbers, other texts their codes."""
        members = self.of_series[transit]
        members[series[series < len(members)]] = _UNKNOWN
        self._texts.clear()
        if len(self._missed) > _MOST_KEPT:
            self._look_again()

    def _members(self, table: SeriesTable, *, transit: bool) -> Codes:
        found = self.of_series[transit]
        if len(found) < len(table):
            grown = max(len(table), 2 * len(found), 1024)
            found = np.concatenate([found, np.full(grown - len(found), _UNKNOWN, np.int32)])
            self.of_series[transit] = found
        return found

    def members(self, table: SeriesTable, series: Codes) -> Codes:
        """(n,) sender of each series of the slot's own table; negative: it has sent nothing yet."""
        found = self._members(table, transit=False)
        unknown = series[found[series] == _UNKNOWN][:_MOST_FOUND]
        if len(unknown):
            self._resolve(table, unknown, transit=False, make=False)
        return found[series]

    def _resolve(self, table: SeriesTable, series: Codes, *, transit: bool, make: bool = True) -> None:
        """Find the senders of series that have none yet; those that are new are made, if they may."""
        members = self._members(table, transit=transit)
        missing = np.unique(series[members[series] < 0])
        codes = table.codes[missing]
        pairs, back = np.unique(codes[:, (0, 2)], axis=0, return_inverse=True)
        places = [self._of(table, tuple(pair), transit=transit, make=make) for pair in pairs.tolist()]
        members[missing] = np.array(places, np.int32)[back.reshape(-1)]

    def _of(self, table: SeriesTable, pair: tuple[int, int], *, transit: bool, make: bool) -> int:
        entity, attributes = pair
        code = 2 * attributes + transit
        instance = self._texts.get(code)
        if instance is None:
            if len(self._texts) > _MOST_KEPT:
                self._texts.clear()
            instance = self._texts[code] = _instance(table.word(attributes))
        name = table.entities[entity] + (_BETWEEN + instance if instance else "")
        key = key_of(name)
        if make:
            return self.place(key, name)
        found = self._places.get(key, _NONE)
        if found == _NONE:
            self._missed.add(key)
        return found

    # ------------------------------------------------------------------------------------------------ what they send

    def align_points(
        self, batch: Batch, source: int, table: SeriesTable, *, transit: bool = False, trusted: bool = False
    ) -> Aligned:
        """Correct the times of points, whose members are series of ``table``; ``trusted``: they are correct already."""
        begin, rules = 0, Rules(source, trusted, 0, self._held)
        out = _room(len(batch.receipts), _NO_FLAGS)
        while begin < len(batch.record):
            members = self._members(table, transit=transit)
            items = Items(batch.at, batch.start, batch.member, batch.record, members)
            begin = align(items, self._senders(), self.clock(source), batch.receipts, out, rules, begin)
            if begin < len(batch.record):
                end = np.searchsorted(batch.record, batch.record[begin], side="right")
                self._resolve(table, batch.member[begin:end], transit=transit)
        return out

    def align_items(self, batch: Batch, source: int, named: tuple[Hashes, Sequence[str]], *, late_ns: int) -> Aligned:
        """Correct the times of lines or spans, whose members are resources, given by hashes and names."""
        keys = (named[0] ^ np.uint64(source + 1)).tolist()
        used = np.unique(batch.member).tolist()
        senders = np.full(len(keys), _UNKNOWN, np.int32)
        for resource in used:
            senders[resource] = self.place(keys[resource] or 1, named[1][resource])
        out = _room(len(batch.receipts), np.zeros(len(batch.at), np.uint8))
        items = Items(batch.at, batch.start, batch.member, batch.record, senders)
        rules = Rules(source, False, late_ns, self._held)
        align(items, self._senders(), self.clock(source), batch.receipts, out, rules, 0)
        return out

    def _senders(self) -> Senders:
        if len(self._room[0]) < len(self._rows):
            size = len(self._rows)
            self._room = np.zeros(size, WORK), np.empty(size, np.int32), np.empty(size, np.int64)
        return Senders(self.rows, *self._room)

    def skews(self, most: int, heard_since: int = 0) -> dict[str, float]:
        """Clock skew that is subtracted, seconds, of the senders where it is largest; above 0: behind the receipt.

        ``heard_since``: senders whose last record was received before, ns, are left out.
        """
        offsets = np.where(self.rows["received"] >= heard_since, self.rows["offset"], 0)
        worst = np.argsort(-np.abs(offsets), kind="stable")[:most].tolist()
        return {self.names[one].replace(_BETWEEN, " "): int(offsets[one]) / SECOND for one in worst if offsets[one]}

    # ------------------------------------------------------------------------------------------------ state

    def to_arrays(self) -> Arrays:
        """State for a snapshot."""
        clocks = np.array([[source, *clock.tolist()] for source, clock in sorted(self._clocks.items())], np.int64)
        clocks = clocks.reshape(-1, 1 + len(Clock))
        clocks[:, 1 + Clock.SERIAL] = 0
        return {
            "rows": self.rows.view(np.uint8).reshape(-1, SENDER.itemsize).copy(),
            "names": np.frombuffer(json.dumps(self.names, ensure_ascii=False).encode(), np.uint8),
            "clocks": clocks,
        }

    def restore(self, arrays: Arrays) -> None:
        """Become what ``to_arrays`` was called on."""
        rows = np.ascontiguousarray(arrays["rows"]).view(SENDER).reshape(-1)
        self.size = len(rows)
        self._rows = np.concatenate([rows, np.zeros(max(256, len(rows)), SENDER)])
        self.names = json.loads(arrays["names"].tobytes())
        self._places = {key: place for place, key in enumerate(rows["key"].tolist()) if key}
        self._free = _free(self.rows)
        self._clocks = {int(row[0]): row[1:].astype(np.int64) for row in arrays["clocks"]}
        self.of_series = {False: np.empty(0, np.int32), True: np.empty(0, np.int32)}
        self._missed.clear()
        self._room = np.zeros(0, WORK), np.empty(0, np.int32), np.empty(0, np.int64)


def _room(records: int, late: npt.NDArray[np.uint8]) -> Aligned:
    return Aligned(np.zeros(records, np.int64), np.zeros(records, np.int64), late)


def _free(rows: Array) -> list[int]:
    """Rows that are free, the lowest last: it is used first, before a restart as after it."""
    free: list[int] = np.flatnonzero(rows["key"] == 0)[::-1].tolist()
    return free


def _instance(attributes: str) -> str:
    """What tells an instance apart, from the text of a series' attributes; the same in any order."""
    return " ".join(sorted(f"{name}={value}" for name, value in _FORM.findall(attributes)))
