"""Records of Kafka as the runtime handles them, and the snapshot of a slot that was made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.model.entities import MAIN_DOMAIN

Arrays = dict[str, npt.NDArray[np.generic]]
"""Named arrays, as snapshots hold them."""


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class FetchedRecords:
    """Records of one partition in offset order, as parallel sequences: no object a record on the hot path."""

    source: TopicPartition
    offsets: Sequence[int]
    values: Sequence[bytes]
    """A null value (tombstone) is ``b""``."""
    keys: Sequence[bytes | None]
    appended_at: Sequence[int]
    """Time of the broker's append, ns."""
    headers: Sequence[Sequence[tuple[str, bytes]]] = ()
    """Empty: none of the records has any."""


@dataclass(frozen=True, slots=True)
class OutRecord:
    """One record to write. ``partition`` None: by the key."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class SlotSnapshot:
    """State of one slot at one point of its inputs. ``parts`` may be only what changed since ``base``."""

    slot: int
    generation: int
    sequence: int
    """Rises by one with each snapshot of a slot."""
    positions: Mapping[TopicPartition, int]
    parts: Mapping[str, Arrays]
    base: int | None = None
    """Sequence of the full snapshot that this one adds to; None: this one is full."""
    domain: str = MAIN_DOMAIN
