# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,call-arg"
# ruff: noqa: ANN001, ANN202
# numba infers the types of the compiled loop.
"""Which spans are calls: entry spans of a service, and edges from who calls to who is called.

An edge is named by the caller's span where it carries the other end's name (``peer``). Parent and child are joined, in
either order, while both ended within ``HORIZON`` intervals of each other and lie in the memory of recent spans; they
must come through the same partition. What never finds its other end is no edge.

Where a caller names an address and the called span is seen too, the call is an edge to the service that was called,
whatever the caller named. The name of the service behind the address is learned, and later calls to it are edges to the
service. An address behind which several services are seen, such as a gateway's, stays an edge beside those of the join.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.spans import ring as r
from detectors.spans.names import NONE, Codes
from detectors.spans.ring import Ring
from detectors.wire.compiling import compiled, inner
from detectors.wire.hashing import SEED, Hashes, finish, mix

HORIZON = 30
"""Intervals that may lie between the ends of parent and child: five minutes."""
_UNKNOWN, _SEVERAL = -1, -2
"""Service behind an address."""
FIGURES = 256
"""A call's figure is the bucket of its duration, and this more where it failed."""
_COUNTED = 512
"""And this more where a child that waits was counted as an entry of its service already."""
_LEAST = 1024
_DONE, _RECENT, _ORPHANS = 0, 1, 2


class SpanKind(IntEnum):
    """OTLP's numbers."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Spans(NamedTuple):
    """What of spans is looked at: columns of one length."""

    entity: Codes
    """Code of the reporting service."""
    peer: Codes
    """Code of the name of the other end, for a span of a caller; NONE: there is none."""
    uses: npt.NDArray[np.bool_]
    """The other end is a database, queue or cache."""
    kind: npt.NDArray[np.uint8]
    interval: npt.NDArray[np.int64]
    """In which it ended."""
    figure: npt.NDArray[np.int32]
    key: Hashes
    """Hash of trace and span id; 0: not known."""
    parent: Hashes
    """The same of its parent; 0: a root."""


class Calls(NamedTuple):
    """Calls of a service (``peer`` NONE) or over an edge: columns of one length."""

    entity: Codes
    peer: Codes
    uses: npt.NDArray[np.int32]
    interval: npt.NDArray[np.int32]
    figure: npt.NDArray[np.int32]
    span: npt.NDArray[np.int32]
    """Place of the span that made the call known."""


@compiled
def keys_of(trace, own, out) -> None:
    """Hash of each trace (n, 2) and span id; 0 where the id is 0."""
    for row in range(len(own)):
        state = mix(mix(mix(SEED, trace[row, 0]), trace[row, 1]), own[row])
        out[row] = finish(state) if own[row] != 0 else np.uint64(0)


@inner
def _call(out, cursor, edge, interval, figure, span):
    """Writes a call over an edge: entity, peer, whether a use."""
    row = cursor[1]
    out[0, row], out[1, row], out[2, row] = edge
    out[3, row], out[4, row], out[5, row] = interval, figure, span
    cursor[1] = row + 1


@inner
def _meet(out, cursor, aliases, parent, child, place):
    """Calls that a parent (entity, its peer) and a child (entity, interval, figure with the mark) are together."""
    entity, interval, figure = child
    if parent[0] == entity:
        return
    shown = figure & (_COUNTED - 1)
    if figure < _COUNTED:
        _call(out, cursor, (entity, NONE, 0), interval, shown, place)
    named = parent[1]
    known = aliases[named] if named != NONE else np.int32(_UNKNOWN)
    if known == entity or (known == _UNKNOWN and named == entity):  # the caller's span was counted as a call to it
        return
    _call(out, cursor, (parent[0], entity, 0), interval, shown, place)
    if named != NONE:
        aliases[named] = entity if known == _UNKNOWN else _SEVERAL


@inner
def _adopt(spans, row, recent, orphans, aliases, out, cursor):
    """Remembers a span and takes its children that came before it."""
    key, entity, interval = spans.key[row], spans.entity[row], spans.interval[row]
    kind = spans.kind[row]
    named = spans.peer[row] if kind in (3, 4) else np.int32(NONE)
    r.add(recent, key, entity, named, interval)
    size = len(orphans.keys)
    oldest = max(orphans.cursor[0] - size, 1)
    head = np.int64(key & np.uint64(len(orphans.heads) - 1))
    serial, before = orphans.heads[head], np.int64(-1)
    for _ in range(r.LONGEST):
        if serial < oldest:
            break
        slot = serial & (size - 1)
        following = orphans.back[slot]
        data = orphans.data
        if orphans.keys[slot] == key:
            if abs(interval - data[slot, r.INTERVAL]) <= HORIZON:
                child = (data[slot, r.ENTITY], data[slot, r.INTERVAL], data[slot, r.FIGURE])
                _meet(out, cursor, aliases, (entity, named), child, row)
            orphans.keys[slot] = 0
            if before < 0:
                orphans.heads[head] = following
            else:
                orphans.back[before] = following
        else:
            before = slot
        serial = following


@compiled
def _join(spans, recent, orphans, aliases, out, cursor):
    """Goes on at ``cursor[0]``; not DONE where a ring that may grow (bits of ``cursor[2]``) is full."""
    growing = cursor[2]
    for row in range(cursor[0], len(spans.kind)):
        cursor[0] = row
        entity, kind, interval, figure = spans.entity[row], spans.kind[row], spans.interval[row], spans.figure[row]
        if growing & _RECENT and r.full(recent, interval, HORIZON):
            return _RECENT
        if growing & _ORPHANS and r.full(orphans, interval, HORIZON):
            return _ORPHANS
        if entity == NONE:
            continue
        caller, called = kind in (3, 4), kind in (2, 5)
        parent, peer = spans.parent[row], spans.peer[row]
        if called or (not caller and parent == 0):
            _call(out, cursor, (entity, NONE, 0), interval, figure, row)
        if caller and peer != NONE:
            known = aliases[peer]
            edge = (entity, known if known >= 0 else peer, np.int32(spans.uses[row]))
            _call(out, cursor, edge, interval, figure, row)
        if spans.key[row] != 0:
            _adopt(spans, row, recent, orphans, aliases, out, cursor)
        if parent != 0 and not caller:
            marked = figure + np.int32(_COUNTED) if called else figure
            slot = r.find(recent, parent, interval, HORIZON)
            if slot < 0:
                r.add(orphans, parent, entity, marked, interval)
            else:
                found = (recent.data[slot, r.ENTITY], recent.data[slot, r.FIGURE])
                _meet(out, cursor, aliases, found, (entity, interval, marked), row)
    return _DONE


class SpanJoin:
    """Recent spans of one slot, and children that wait for their parents.

    Args:
        most: of each kind, a power of two; of those within the horizon the oldest leave. 44 bytes each, so 131,072 of
            both kinds are 11.5 MB.
    """

    def __init__(self, most: int = 131_072) -> None:
        self.most = most
        self._recent = r.make_ring(min(_LEAST, most))
        """Figure: the other end that the span names itself."""
        self._orphans = r.make_ring(min(_LEAST, most))
        self._aliases = np.full(_LEAST, _UNKNOWN, np.int32)
        """By the code of an address, the code of the service behind it."""

    def __len__(self) -> int:
        return len(r.entries(self._recent)[0]) + len(r.entries(self._orphans)[0])

    def calls(self, spans: Spans, names: int) -> Calls:
        """Calls that are known now that these spans are; ``names`` is how many codes there are."""
        if len(self._aliases) < names:
            more = np.full(max(names, len(self._aliases)), _UNKNOWN, np.int32)
            self._aliases = np.concatenate([self._aliases, more])
        waiting = len(self._orphans.keys)
        # A span is up to two calls and meets its parent in two more; each child that waits is met once.
        out = np.empty((6, 6 * len(spans.kind) + 2 * waiting + 8), np.int32)
        cursor = np.array([0, 0, self._growing()], np.int64)
        while (full := _join(spans, self._recent, self._orphans, self._aliases, out, cursor)) != _DONE:
            if full == _RECENT:
                self._recent = r.remade(self._recent, 2 * len(self._recent.keys))
            else:
                self._orphans = r.remade(self._orphans, 2 * len(self._orphans.keys))
            cursor[2] = self._growing()
        return Calls(*out[:, : cursor[1]])

    def _growing(self) -> int:
        recent, orphans = len(self._recent.keys) < self.most, len(self._orphans.keys) < self.most
        return _RECENT * recent + _ORPHANS * orphans

    def used(self, names: int) -> npt.NDArray[np.bool_]:
        """Which codes are still needed."""
        found = np.zeros(names + 1, np.bool_)  # NONE marks the last
        found[r.entries(self._recent)[1][:, : r.INTERVAL].ravel()] = True
        found[r.entries(self._orphans)[1][:, r.ENTITY]] = True
        return found[:-1]

    def renamed(self, codes: Codes) -> None:
        """Goes on with other codes: the new one of each old one, NONE last."""
        for ring, figures in ((self._recent, True), (self._orphans, False)):
            keys, data = r.entries(ring)
            data[:, r.ENTITY] = codes[data[:, r.ENTITY]]
            if figures:
                data[:, r.FIGURE] = codes[data[:, r.FIGURE]]
            places = np.arange(int(ring.cursor[0]) - len(keys), int(ring.cursor[0])) & (len(ring.keys) - 1)
            ring.data[places] = data
        old = self._aliases
        self._aliases = np.full(len(old), _UNKNOWN, np.int32)
        for address in np.flatnonzero(old[: len(codes) - 1] != _UNKNOWN).tolist():
            if codes[address] != NONE:
                service = old[address]
                self._aliases[codes[address]] = service if service < 0 else codes[service]

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """State for a snapshot; the same state gives the same bytes."""
        made: dict[str, npt.NDArray[np.generic]] = {}
        for name, ring in (("recent", self._recent), ("orphans", self._orphans)):
            keys, data = r.entries(ring)
            made[f"{name}.head"] = np.array([len(ring.keys), ring.cursor[0] - len(keys)], np.int64)
            made[f"{name}.keys"], made[f"{name}.data"] = keys, data
        known = np.flatnonzero(self._aliases != _UNKNOWN).astype(np.int32)
        return made | {"aliases": np.stack([known, self._aliases[known]])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]], most: int = 131_072) -> SpanJoin:
        """The join that ``to_arrays`` was called on."""
        found = cls(most)
        found._recent, found._orphans = (_restored(arrays, name) for name in ("recent", "orphans"))
        aliases = arrays["aliases"].astype(np.int32)
        found._aliases = np.full(max(_LEAST, int(aliases.max(initial=0)) + 1), _UNKNOWN, np.int32)
        found._aliases[aliases[0]] = aliases[1]
        return found


def _restored(arrays: Mapping[str, npt.NDArray[np.generic]], name: str) -> Ring:
    size, serial = arrays[f"{name}.head"].tolist()
    made = r.make_ring(size)
    made.cursor[0] = serial
    keys, data = arrays[f"{name}.keys"].astype(np.uint64), arrays[f"{name}.data"].astype(np.int32)
    r.fill(made, np.ascontiguousarray(keys), np.ascontiguousarray(data))
    return made
