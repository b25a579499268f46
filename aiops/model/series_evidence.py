"""Evidence about one incident: what every series of the candidate region did at the onset, as columns.

Shards and ``diagnose`` make the same type. A series that raised no signal is a row too. Magnitudes are not squashed
and have no cap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int8]


class EvidenceKind(IntEnum):
    """What a row measures; the value is its code in ``SeriesEvidence.kind``."""

    METRIC = 0
    """A metric, or a count or duration a step of spans or log lines."""
    OWN_TIME = 1
    """Time of one operation that its child spans do not cover, seconds."""
    NETWORK_TIME = 2
    """Duration of a call as ``peer``, the caller, sees it, less the duration that the callee sees, seconds."""
    CALL_SHAPE = 3
    """Share of an operation's spans that have a certain child operation."""
    FIRST_ERROR = 4
    """Share of an operation's spans that fail while none of their children fails."""
    TEMPLATE = 5
    """Lines of one template; ``usual`` is how many were to be expected."""
    ALERT = 6
    """An alert of another system; its magnitude is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class SeriesEvidence:
    """Rows 0 … n-1, one a series. ``usual`` and ``spread`` come from a reference that ends before the onset."""

    entities: tuple[str, ...]
    """Names of entities, sorted; ``entity`` and ``peer`` are indices into it."""
    entity: Ints
    peer: Ints
    """The other entity of a call; -1: there is none."""
    kind: Codes
    series: tuple[str, ...]
    """Name for people."""
    metric: tuple[str, ...]
    """Name for the table of metric semantics."""
    usual: Floats
    """Median of the reference, in the series' unit."""
    spread: Floats
    """Robust standard deviation of the reference, at least the least effect, in the series' unit."""
    level: Floats
    """Median after the onset, in the series' unit; NaN: no value."""
    deviation: Floats
    """Signed, in spreads: ``(level - usual) / spread``; of shares and counts a signed root of the likelihood ratio."""
    changed_at: Times
    """First time out of the usual range at or after the onset, ns; 0: never or not known."""
    sharpness: Floats
    """Share in [0, 1] of the whole change that the largest single step makes; NaN: not known."""
    correlation: Floats
    """Spearman's correlation with the symptom around the onset, as a z-score; 0: none or not known."""
    silent: npt.NDArray[np.bool_]
    """The series had values in nearly every step of the reference and has none after the onset."""
    onset: int = 0
    """When the trouble began, ns; 0: not known."""
    onset_interval: tuple[int, int] = (0, 0)
    """Earliest and latest plausible onset, ns."""
    resolution: int = 0
    """Times closer than this cannot be told apart, ns."""
    symptom: str | None = None
    """The entity whose trouble was noticed."""
    times_known: bool = True
    """False: no row has a time, as in a list of alerts."""

    def __len__(self) -> int:
        return len(self.entity)

    @property
    def difference(self) -> Floats:
        """(n,) level less usual, in the series' unit."""
        return self.level - self.usual

    @property
    def ratio(self) -> Floats:
        """(n,) level over usual; NaN where usual is 0."""
        return self.level / np.where(self.usual == 0, np.nan, self.usual)

    def of_kind(self, *kinds: EvidenceKind) -> npt.NDArray[np.bool_]:
        """(n,) whether each row is of one of ``kinds``."""
        return np.isin(self.kind, kinds)


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceColumns:
    """Rows of one source with entities by name; ``assemble`` numbers them. Columns that are not given are unknown."""

    entity: Sequence[str]
    kind: EvidenceKind
    series: Sequence[str]
    metric: Sequence[str]
    usual: Floats
    spread: Floats
    level: Floats
    deviation: Floats
    peer: Sequence[str | None] | None = None
    changed_at: Times | None = None
    sharpness: Floats | None = None
    correlation: Floats | None = None
    silent: npt.NDArray[np.bool_] | None = None


def assemble(
    parts: Iterable[EvidenceColumns],
    *,
    onset: int,
    onset_interval: tuple[int, int] = (0, 0),
    resolution: int,
    symptom: str | None = None,
) -> SeriesEvidence:
    """One table of all parts; rows keep the order of the parts.

    Args:
        parts: rows by source.
        onset: ns; 0: not known.
        onset_interval: earliest and latest plausible onset, ns.
        resolution: step of the data, ns.
        symptom: the entity whose trouble was noticed.
    """
    held = [part for part in parts if len(part.entity)]
    peers = [part.peer if part.peer is not None else [None] * len(part.entity) for part in held]
    named = {name for part in held for name in part.entity} | {p for part in peers for p in part if p}
    entities = tuple(sorted(named))
    number: dict[str | None, int] = {name: at for at, name in enumerate(entities)}
    lengths = [len(part.entity) for part in held]

    def column(name: str, otherwise: float, kind: type) -> npt.NDArray[np.generic]:
        found: list[npt.NDArray[np.generic]] = [
            np.full(size, otherwise, kind) if getattr(part, name) is None else np.asarray(getattr(part, name), kind)
            for part, size in zip(held, lengths, strict=True)
        ]
        return np.concatenate(found) if found else np.empty(0, kind)

    return SeriesEvidence(
        entities=entities,
        entity=np.fromiter((number[name] for part in held for name in part.entity), np.int32, sum(lengths)),
        peer=np.fromiter((number.get(name, -1) for part in peers for name in part), np.int32, sum(lengths)),
        kind=np.repeat(np.array([part.kind for part in held], np.int8), lengths),
        series=tuple(chain.from_iterable(part.series for part in held)),
        metric=tuple(chain.from_iterable(part.metric for part in held)),
        usual=column("usual", np.nan, np.float64).astype(np.float64),
        spread=column("spread", np.nan, np.float64).astype(np.float64),
        level=column("level", np.nan, np.float64).astype(np.float64),
        deviation=column("deviation", 0.0, np.float64).astype(np.float64),
        changed_at=column("changed_at", 0, np.int64).astype(np.int64),
        sharpness=column("sharpness", np.nan, np.float64).astype(np.float64),
        correlation=column("correlation", 0.0, np.float64).astype(np.float64),
        silent=column("silent", 0, np.bool_).astype(np.bool_),
        onset=onset,
        onset_interval=onset_interval,
        resolution=resolution,
        symptom=symptom,
        times_known=any(part.changed_at is not None and np.any(part.changed_at) for part in held),
    )
