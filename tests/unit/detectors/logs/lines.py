"""Lines as a slot hands them to its counter, for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detectors.logs.counter import LEVEL_NAMES, LogCounter
from detectors.logs.lookup import Lines

SEVERITIES = (9, 13, 17)


def laid_out(lines: Sequence[bytes], severities: Sequence[int]) -> tuple[npt.NDArray[np.uint8], Lines]:
    """Lines in one buffer, and where they are."""
    ends = np.cumsum([len(line) for line in lines], dtype=np.int64)
    begins = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    text = np.frombuffer(b"".join(lines), np.uint8)
    return text, Lines(begins, ends, np.zeros(len(lines), np.uint64), np.array(severities, np.int64))


def write(counter: LogCounter, lines: Sequence[tuple[str, int, str]], interval: int) -> None:
    """Counts lines given by entity, level and text."""
    text, found = laid_out([line.encode() for _, _, line in lines], [SEVERITIES[level] for _, level, _ in lines])
    entity = np.array([counter.entity(name, interval) for name, _, _ in lines], np.int32)
    found = found._replace(owner=counter.owners(entity))
    counter.add(text, found, entity, occurrences=(np.full(len(lines), interval), np.ones(len(lines), np.int64)))


def told(counter: LogCounter, closed: int) -> dict[tuple[str, str, str, int], tuple[int, bool]]:
    """Count and whether news, by entity, level, template and end of the interval."""
    found = {}
    for one in counter.close(closed):
        for row, count, new in zip(one.rows.tolist(), one.counts.tolist(), one.new.tolist(), strict=True):
            known = counter.table.rows[row]
            name = counter.names.texts[known["entity"]]
            text = counter.table.texts[row].decode()
            found[name, LEVEL_NAMES[known["level"]], text, one.at] = (count, new)
    return found
