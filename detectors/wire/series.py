"""The table of one slot's series: from hash to number, from number to identity.

A series gets the next number when it is first seen and keeps it. Its identity is kept as codes of interned text, so a
million series cost tens of bytes each beside the text they do not share. In front stands a cache from the hash of raw
bytes, as some sender happens to write them, to the number; several hashes may lead to one series. Everything is
append-only, so a snapshot can carry only what was added.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from json.encoder import encode_basestring
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.jit.compiling import cached_njit
from aiops.model.deadletters import DeadLetterReason
from detectors.wire.hashing import SEED, Hashes, HashIndex, finish, look_up, mix
from detectors.wire.identity import MAX_IDENTITY_CHARS, SeriesIdentity, SeriesKind

REFUSED: Mapping[int, DeadLetterReason] = {
    -2: DeadLetterReason.SERIES_LIMIT,
    -3: DeadLetterReason.TOO_LARGE,
    -4: DeadLetterReason.MISSING_FIELD,
}
"""Numbers that a lookup gives in place of a series that the table does not take."""
_OVER_LIMIT, TOO_LARGE, NO_NAME = -2, -3, -4

Name = tuple[str, str, str, str, str | None, int, int]
"""An identity as plain text: entity, metric, ``attributes_text``, unit, peer, kind; and its ``chars``."""
Version = tuple[int, int, int, int]
"""How many entities, words, series and hashes a table had."""
Arrays = dict[str, npt.NDArray[Any]]
_Codes = npt.NDArray[np.int32]


@cached_njit(nogil=True)
def _code_hashes(codes: _Codes, out: Hashes) -> None:
    for row in range(codes.shape[0]):
        state = SEED
        for column in range(codes.shape[1]):
            state = mix(state, np.uint64(np.int64(codes[row, column])))
        out[row] = finish(state)


class SeriesTable:
    """Series of one slot.

    Args:
        limit: how many series there may be; further ones are refused, the old ones go on.
    """

    def __init__(self, limit: int = 2_000_000) -> None:
        self.limit = limit
        self.entities: list[str] = []
        """Entities by code, as in ``entity``."""
        self._entity_codes: dict[str, int] = {}
        self._words: list[str] = []
        self._word_codes: dict[str, int] = {}
        self._codes = np.empty((1024, 6), dtype=np.int32)
        self._first_hash = np.zeros(1024, dtype=np.uint64)
        self._size = 0
        self._by_codes = HashIndex()
        self._by_hash = HashIndex()
        self._alias_hash: list[Hashes] = []
        self._alias_series: list[npt.NDArray[np.int32]] = []
        self._aliases = 0

    def __len__(self) -> int:
        return self._size

    @property
    def version(self) -> Version:
        """What ``since`` takes later."""
        return len(self.entities), len(self._words), self._size, self._aliases

    @property
    def entity(self) -> npt.NDArray[np.int32]:
        """Entity code of each series; a view."""
        return self._codes[: self._size, 0]

    @property
    def kind(self) -> npt.NDArray[np.uint8]:
        """SeriesKind of each series."""
        return self._codes[: self._size, 5].astype(np.uint8)

    @property
    def codes(self) -> npt.NDArray[np.int32]:
        """Codes of each series: entity, metric, attributes, unit, peer (-1: none), kind; a view of shape (n, 6)."""
        return self._codes[: self._size]

    def word(self, code: int) -> str:
        """Interned text of a metric, attributes (JSON), unit or peer."""
        return self._words[code]

    def identity(self, series: int) -> SeriesIdentity:
        """Who a series is."""
        entity, metric, attributes, unit, peer, kind = (int(code) for code in self._codes[: self._size][series])
        return SeriesIdentity(
            entity=self.entities[entity],
            metric=self._words[metric],
            attributes=parse_attributes(self._words[attributes]),
            unit=self._words[unit],
            kind=SeriesKind(kind),
            peer=None if peer < 0 else self._words[peer],
        )

    @property
    def index(self) -> tuple[Hashes, Hashes]:
        """The cache from hashes to series as ``HashIndex.slots``, and the first hash of each series; 0: none."""
        return self._by_hash.slots, self._first_hash[: self._size]

    def find(self, hashes: Hashes) -> npt.NDArray[np.int32]:
        """Series of each hash: -1 where the hash is new, a key of ``REFUSED`` where its series is not taken."""
        found = np.empty(len(hashes), dtype=np.int32)
        look_up(self.index, hashes, found)
        if len(self._by_hash) >= self._most_hashes:
            found[found == -1] = _OVER_LIMIT
        return found

    def remember(self, hashes: Hashes, series: npt.NDArray[np.int32]) -> None:
        """Puts new hashes, each once, in front of what ``add`` gave for them."""
        taken = series >= 0
        self._by_hash.insert(hashes, series)
        new = taken.copy()
        new[taken] = self._first_hash[series[taken]] == 0
        self._first_hash[series[new][::-1]] = hashes[new][::-1]  # of several for one series the first stays
        self._alias_hash.append(hashes[taken])
        self._alias_series.append(series[taken])
        self._aliases += int(taken.sum())

    def add(self, identities: Sequence[SeriesIdentity]) -> npt.NDArray[np.int32]:
        """Series of each identity, new where it was not known; a key of ``REFUSED`` where it is not taken."""
        return self.add_named(
            (one.entity, one.metric, attributes_text(one.attributes), one.unit, one.peer, int(one.kind), one.chars)
            for one in identities
        )

    def add_named(self, names: Iterable[Name]) -> npt.NDArray[np.int32]:
        """As ``add``, for identities as plain text."""
        out, codes = list[int](), list[int]()
        for name in names:
            if not name[1] or not name[0]:
                out.append(NO_NAME)
            elif name[6] > MAX_IDENTITY_CHARS:
                out.append(TOO_LARGE)
            else:
                out.append(0)
                codes += self._intern(name)
        series = np.array(out, dtype=np.int32)
        series[series == 0] = self.add_codes(np.array(codes, dtype=np.int32).reshape(-1, 6))
        return series

    def add_codes(self, codes: _Codes) -> npt.NDArray[np.int32]:
        """As ``add``, for rows of codes that ``entity_code`` and ``word_code`` gave; shape (n, 6) as in ``codes``."""
        hashes = np.empty(len(codes), dtype=np.uint64)
        _code_hashes(codes, hashes)
        found = self._by_codes.find(hashes)
        missing = np.flatnonzero(found < 0)
        if not len(missing):
            return found
        _, first = np.unique(hashes[missing], return_index=True)
        fresh = missing[np.sort(first)][: max(0, self.limit - self._size)]
        self._append(codes[fresh])
        self._by_codes.insert(hashes[fresh], np.arange(self._size - len(fresh), self._size, dtype=np.int32))
        found = self._by_codes.find(hashes)
        found[found < 0] = _OVER_LIMIT
        return found

    def _append(self, codes: _Codes) -> None:
        size = self._size + len(codes)
        if size > len(self._codes):
            grown = np.empty((max(size, 2 * len(self._codes)), 6), dtype=np.int32)
            grown[: self._size] = self._codes[: self._size]
            self._first_hash = np.concatenate(
                [self._first_hash, np.zeros(len(grown) - len(self._codes), dtype=np.uint64)]
            )
            self._codes = grown
        self._codes[self._size : size] = codes
        self._size = size

    def _intern(self, name: Name) -> tuple[int, int, int, int, int, int]:
        # A full table learns no words either: an identity with a new word is new, and gets a code that matches nothing.
        full = self._size >= self.limit
        entity, metric, attributes, unit, peer, kind, _ = name
        known, words = self._word_codes, self._words
        return (
            _code(entity, self._entity_codes, self.entities, full=full),
            _code(metric, known, words, full=full),
            _code(attributes, known, words, full=full),
            _code(unit, known, words, full=full),
            -1 if peer is None else _code(peer, known, words, full=full),
            kind,
        )

    def entity_code(self, entity: str) -> int:
        """Code of an entity, interned now; -2 where it is new and the table is full."""
        return _code(entity, self._entity_codes, self.entities, full=self._size >= self.limit)

    def word_code(self, text: str) -> int:
        """Code of a word, interned now; -2 where it is new and the table is full."""
        return _code(text, self._word_codes, self._words, full=self._size >= self.limit)

    @property
    def _most_hashes(self) -> int:
        """Aliases and refusals are bounded too: a sender could shuffle its attributes for ever."""
        return 4 * self.limit + 1024

    def since(self, version: Version = (0, 0, 0, 0)) -> Arrays:
        """Everything that was added after ``version``."""
        entities, words, series, aliases = version
        hashes = np.concatenate([np.empty(0, np.uint64), *self._alias_hash])
        numbers = np.concatenate([np.empty(0, np.int32), *self._alias_series])
        self._alias_hash, self._alias_series = [hashes], [numbers]
        entity_text, entity_ends = _pack(self.entities[entities:])
        word_text, word_ends = _pack(self._words[words:])
        return {
            "since": np.array(version, dtype=np.int64),
            "entity_text": entity_text,
            "entity_ends": entity_ends,
            "word_text": word_text,
            "word_ends": word_ends,
            "codes": self._codes[series : self._size].copy(),
            "alias_hash": hashes[aliases:].copy(),
            "alias_series": numbers[aliases:].copy(),
        }

    def to_arrays(self) -> Arrays:
        """The whole table; ``from_arrays`` of it gives the same bytes again."""
        return self.since()

    def extend(self, arrays: Arrays) -> None:
        """Adds what ``since`` of another table gave, whose version then was this table's version now."""
        if tuple(arrays["since"].tolist()) != self.version:
            raise ValueError(f"the part begins at {arrays['since'].tolist()}, the table is at {self.version}")
        for text in _unpack(arrays["entity_text"], arrays["entity_ends"]):
            _code(text, self._entity_codes, self.entities, full=False)
        for text in _unpack(arrays["word_text"], arrays["word_ends"]):
            _code(text, self._word_codes, self._words, full=False)
        codes = arrays["codes"]
        hashes = np.empty(len(codes), dtype=np.uint64)
        _code_hashes(codes, hashes)
        self._append(codes)
        self._by_codes.insert(hashes, np.arange(self._size - len(codes), self._size, dtype=np.int32))
        self.remember(arrays["alias_hash"], arrays["alias_series"])

    @classmethod
    def from_arrays(cls, arrays: Arrays, limit: int = 2_000_000) -> SeriesTable:
        """The table that ``to_arrays`` was called on."""
        table = cls(limit)
        table.extend(arrays)
        return table


def attributes_text(attributes: Sequence[tuple[str, str]]) -> str:
    """Attributes as the text of a JSON object; empty where there are none."""
    if not attributes:
        return ""
    return "{" + ",".join([f"{encode_basestring(key)}:{encode_basestring(value)}" for key, value in attributes]) + "}"


def parse_attributes(text: str) -> tuple[tuple[str, str], ...]:
    """Sorted attributes from the text of a JSON object with values of text.

    Raises:
        ValueError: when it is none.
    """
    if not text:
        return ()
    pairs = json.loads(text)
    if not isinstance(pairs, dict):
        raise ValueError("attributes must be a JSON object")  # noqa: TRY004 (it is the text that is wrong)
    return tuple(sorted((key, value if isinstance(value, str) else json.dumps(value)) for key, value in pairs.items()))


def _code(text: str, codes: dict[str, int], texts: list[str], *, full: bool) -> int:
    known = codes.get(text)
    if known is not None:
        return known
    if full:
        return -2
    codes[text] = len(texts)
    texts.append(text)
    return len(texts) - 1


def _pack(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    pieces = [text.encode() for text in texts]
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    return np.frombuffer(b"".join(pieces), dtype=np.uint8), ends


def _unpack(text: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> list[str]:
    whole = text.tobytes()
    starts = [0, *ends.tolist()]
    return [whole[start:end].decode() for start, end in pairwise(starts)]
