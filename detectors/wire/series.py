"""The table of one slot's series: from hash to number, from number to identity.

A series gets a number when it is first seen and keeps it while it lives. Its identity is kept as codes of interned
text, so a million series cost tens of bytes each beside the text they do not share. In front stands a cache from the
hash of raw bytes, as some sender happens to write them, to the number (``aliases``).

A series that is reclaimed leaves its row, aliases and text to others; the lowest free number is given first. A series
that comes back afterwards is a new one. What changed since a snapshot is in logs, so an increment holds only that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from aiops.model.deadletters import DeadLetterReason
from detectors.turns import NO_SHARE, Share
from detectors.wire.aliases import Aliases
from detectors.wire.code_index import OVER_LIMIT, OVER_QUOTA
from detectors.wire.hashing import Hashes
from detectors.wire.identity import MAX_IDENTITY_CHARS, SeriesIdentity, SeriesKind
from detectors.wire.interned import InternedTexts
from detectors.wire.last_seen import LastSeen
from detectors.wire.series_rows import Arrays, Numbers, SeriesRows
from detectors.wire.series_text import attributes_text, parse_attributes

REFUSED: Mapping[int, DeadLetterReason] = {
    OVER_LIMIT: DeadLetterReason.SERIES_LIMIT,
    OVER_QUOTA: DeadLetterReason.ENTITY_LIMIT,
    -3: DeadLetterReason.TOO_LARGE,
    -4: DeadLetterReason.MISSING_FIELD,
}
"""Numbers that a lookup gives in place of a series that the table does not take."""
TOO_LARGE, NO_NAME = -3, -4
Name = tuple[str, str, str, str, str | None, int, int]
"""An identity as plain text: entity, metric, ``attributes_text``, unit, peer, kind; and its ``chars``."""
Version = tuple[int, int, int]
"""How many changes of entities, words and series a table had."""
_NOTHING: Version = (0, 0, 0)
Shares = tuple[Share, Share, Share]
"""Shares of the codes of entities and words, and of the numbers of series."""
NO_SHARES: Shares = (NO_SHARE, NO_SHARE, NO_SHARE)


class SeriesTable:
    """Series of one slot.

    Args:
        limit: how many series there may be; further ones are refused, the old ones go on.
        quota: how many of them an entity may have; None: all.
    """

    def __init__(self, limit: int = 2_000_000, quota: int | None = None) -> None:
        self.rows = SeriesRows(limit, limit if quota is None else min(quota, limit))
        self.seen = LastSeen()
        self.aliases = Aliases()
        self._entities = InternedTexts()
        self._words = InternedTexts()
        self.entities = self._entities.texts
        """Entities by code, as in ``entity``; empty where a code is free."""
        self._new: list[Numbers] = []

    def __len__(self) -> int:
        """One more than the highest number that was given; ``live`` is how many series there are."""
        return self.rows.size

    @property
    def limit(self) -> int:
        """How many series there may be."""
        return self.rows.limit

    @property
    def live(self) -> int:
        """How many series there are."""
        return self.rows.live

    @property
    def version(self) -> Version:
        """What ``since`` takes later."""
        return self._entities.changes.position, self._words.changes.position, self.rows.changes.position

    @property
    def entity(self) -> Numbers:
        """Entity code of each series, -1 where there is none; a view."""
        return self.rows.codes[:, 0]

    @property
    def kind(self) -> npt.NDArray[np.uint8]:
        """SeriesKind of each series."""
        return self.rows.codes[:, 5].astype(np.uint8)

    @property
    def codes(self) -> Numbers:
        """Codes of each series: entity, metric, attributes, unit, peer (-1: none), kind; a view of shape (n, 6).

        All are -1 in a row without a series.
        """
        return self.rows.codes

    def word(self, code: int) -> str:
        """Interned text of a metric, attributes (JSON), unit or peer."""
        return self._words.texts[code]

    def code_of_word(self, text: str) -> int:
        """Code of a word; -1 where no series has it."""
        return self._words.find(text)

    def code_of_entity(self, entity: str) -> int:
        """Code of an entity; -1 where it has no series."""
        return self._entities.find(entity)

    def identity(self, series: int) -> SeriesIdentity:
        """Who a series is."""
        entity, metric, attributes, unit, peer, kind = (int(code) for code in self.rows.codes[series])
        words = self._words.texts
        return SeriesIdentity(
            entity=self.entities[entity],
            metric=words[metric],
            attributes=parse_attributes(words[attributes]),
            unit=words[unit],
            kind=SeriesKind(kind),
            peer=None if peer < 0 else words[peer],
        )

    @property
    def index(self) -> tuple[Hashes, Hashes]:
        """The cache from hashes to series as ``look_up`` takes it."""
        return self.aliases.index(self.rows.size)

    def find(self, hashes: Hashes) -> Numbers:
        """Series of each hash: -1 where the hash is new, a key of ``REFUSED`` where its series is not taken."""
        return self.aliases.find(hashes, self.rows.size)

    def remember(self, hashes: Hashes, series: Numbers) -> None:
        """Puts new hashes, each once, in front of what ``add`` gave for them."""
        self.rows.changes.extend(self.aliases.remember(hashes, series))

    def find_codes(self, codes: Numbers) -> Numbers:
        """Series of each row of codes, shape (n, 6) as in ``codes``; -1 where there is none."""
        return self.rows.find(codes)

    # ------------------------------------------------------------------------------------------------ new series

    def add(self, identities: Sequence[SeriesIdentity]) -> Numbers:
        """Series of each identity, new where it was not known; a key of ``REFUSED`` where it is not taken."""
        return self.add_named(
            (one.entity, one.metric, attributes_text(one.attributes), one.unit, one.peer, int(one.kind), one.chars)
            for one in identities
        )

    def add_named(self, names: Iterable[Name]) -> Numbers:
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

    def add_codes(self, codes: Numbers) -> Numbers:
        """As ``add``, for rows of codes that ``entity_code`` and ``word_code`` gave; shape (n, 6) as in ``codes``."""
        out, new = self.rows.admit(codes)
        if len(new):
            self.aliases.reserve(self.rows.capacity)
            self.seen.reserve(self.rows.capacity)
            self._use(self.rows.codes[new])
            self._new.append(new)
        self._entities.settle()
        self._words.settle()
        return out

    def _use(self, codes: Numbers) -> None:
        self._entities.use(codes[:, 0])
        self._words.use(codes[:, 1:5])

    def taken_new(self) -> Numbers:
        """Numbers of the series that came since the last call, in their order."""
        found, self._new = self._new, []
        return found[0] if len(found) == 1 else np.concatenate([np.empty(0, np.int32), *found])

    def _intern(self, name: Name) -> tuple[int, int, int, int, int, int]:
        # A full table learns no words either: an identity with a new word is new, and gets a code that matches nothing.
        entity, metric, attributes, unit, peer, kind, _ = name
        owner = self.entity_code(entity)
        full = self.rows.is_full(owner)
        code = self._words.code
        return (
            owner,
            code(metric, full=full),
            code(attributes, full=full),
            code(unit, full=full),
            -1 if peer is None else code(peer, full=full),
            kind,
        )

    def entity_code(self, entity: str) -> int:
        """Code of an entity, interned now; -2 where it is new and the table is full."""
        return self._entities.code(entity, full=self.rows.is_full())

    def word_code(self, text: str) -> int:
        """Code of a word, interned now; -2 where it is new and the table is full."""
        return self._words.code(text, full=self.rows.is_full())

    # ------------------------------------------------------------------------------------------------ reclaiming

    def reclaim(self, series: Numbers) -> Numbers:
        """Gives up series, sorted and each once; the codes of the entities that have none any more."""
        self.aliases.drop(series)
        return self._leave(self.rows.reclaim(series))

    def _leave(self, codes: Numbers) -> Numbers:
        self._entities.leave(codes[:, 0])
        self._words.leave(codes[:, 1:5])
        self._words.forget_unused(codes[:, 1:5])
        return self._entities.forget_unused(codes[:, 0])

    def refresh(self, series: Numbers) -> None:
        """Gives up the aliases of series that have several, and refusals: what is in use comes back."""
        self.rows.changes.extend(self.aliases.refresh(series))
        self.aliases.reset_refused()

    # ------------------------------------------------------------------------------------------------ snapshots

    @property
    def sizes(self) -> Version:
        """How many codes of entities and words, and numbers of series, were given."""
        return len(self._entities.texts), len(self._words.texts), len(self)

    def since(self, version: Version = _NOTHING, shares: Shares = NO_SHARES) -> Arrays:
        """Everything that changed after ``version``, and a share of the rest; and when each series was seen."""
        entities, words, rows = version
        arrays = self.rows.since(rows, shares[2])
        hashes, owners = self.aliases.of(arrays["numbers"])
        arrays |= {
            "head": np.array([version, self.version], np.int64),
            "alias_hash": hashes,
            "alias_series": owners,
            "seen": self.seen.minute[: len(self)].copy(),
            "source": self.seen.source[: len(self)].copy(),
        }
        for name, part in (
            ("entity", self._entities.since(entities, shares[0])),
            ("word", self._words.since(words, shares[1])),
        ):
            arrays |= {f"{name}_{key}": array for key, array in part.items()}
        return arrays

    def to_arrays(self) -> Arrays:
        """The whole table; ``from_arrays`` of it gives the same bytes again."""
        return self.since()

    def extend(self, arrays: Arrays) -> None:
        """Applies what ``since`` of another table gave, whose version then was this table's version now.

        Raises:
            ValueError: the part begins at another version.
        """
        begin, end = (tuple(row) for row in arrays["head"].tolist())
        if begin != self.version:
            raise ValueError(f"the part begins at {begin}, the table is at {self.version}")
        for name, texts in (("entity", self._entities), ("word", self._words)):
            texts.extend({part: arrays[f"{name}_{part}"] for part in ("codes", "free", "ends", "text")})
        numbers = arrays["numbers"].astype(np.int32)
        lost, got = self.rows.extend(arrays)
        self._entities.leave(lost[:, 0])
        self._words.leave(lost[:, 1:5])
        self._use(got)
        self.aliases.reserve(self.rows.capacity)
        self.seen.reserve(self.rows.capacity)
        self.aliases.drop(numbers[numbers < len(self)])
        self.aliases.remember(arrays["alias_hash"], arrays["alias_series"].astype(np.int32))
        self.seen.minute[: len(self)] = arrays["seen"]
        self.seen.source[: len(self)] = arrays["source"]
        for log, position in zip((self._entities.changes, self._words.changes, self.rows.changes), end, strict=True):
            log.restart(position)

    @classmethod
    def from_arrays(cls, arrays: Arrays, limit: int = 2_000_000) -> SeriesTable:
        """The table that ``to_arrays`` was called on."""
        table = cls(limit)
        table.extend(arrays)
        return table
