"""What decoding remembers per slot: the table of series and the last point of each cumulative distribution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.wire.batch import WireSettings
from detectors.wire.envelope import Origins
from detectors.wire.hashing import SEED
from detectors.wire.histograms import HistogramMemory
from detectors.wire.relations import Relations
from detectors.wire.series import NO_SHARES, SeriesTable, Shares, Version
from detectors.wire.series_parts import merged
from detectors.wire.series_rows import Arrays, Numbers


class WireMemory:
    """State of one slot's decoding; part of the slot's snapshot."""

    def __init__(
        self,
        series_limit: int = 2_000_000,
        settings: WireSettings | None = None,
        *,
        quota: int | None = None,
        key: int = int(SEED),
    ) -> None:
        self.settings = settings or WireSettings()
        self.seed = np.uint64(key)
        """Where the hashes of series' bytes start; a random number of the slot, kept in its snapshots."""
        self.table = SeriesTable(series_limit, quota)
        self.relations = Relations(self.settings.naming)
        """What resources state about each other; several memories of a slot may share it."""
        self.origins = Origins(self.settings, self.relations)
        """Senders of logs and spans by the bytes of their resource; it is made anew after a restart."""
        self.histograms = HistogramMemory(series_limit)

    def reclaim(self, series: Numbers) -> Numbers:
        """Gives up series, sorted and each once, with all that is remembered of them; codes of the entities that end.

        No number of a series may be held back by a poll that is still under way.
        """
        self.histograms.forget(series)
        return self.table.reclaim(series)

    def since(self, version: Version = (0, 0, 0), shares: Shares = NO_SHARES) -> Arrays:
        """What changed in the table after ``version``, a share of the rest, and all histograms.

        Histograms change with every point.
        """
        table = {f"table.{name}": array for name, array in self.table.since(version, shares).items()}
        histograms = {f"histograms.{name}": array for name, array in self.histograms.to_arrays().items()}
        return table | histograms | {"key": np.array([self.seed], np.uint64)}

    def to_arrays(self) -> Arrays:
        """Everything; ``extend`` of a new memory with it gives the same bytes again."""
        return self.since()

    def restore(self, chain: Sequence[Arrays]) -> None:
        """Restores an empty memory from parts that ``since`` gave, which hold everything together, in their order."""
        table = merged([_part(arrays, "table.") for arrays in chain])
        self.extend({**chain[-1], **{f"table.{name}": array for name, array in table.items()}})

    def extend(self, arrays: Arrays) -> None:
        """Restores a part that ``since`` gave; parts must come in their order. The key is the part's from then on."""
        self.seed = np.uint64(arrays["key"][0])
        self.table.extend(_part(arrays, "table."))
        self.histograms = HistogramMemory.from_arrays(_part(arrays, "histograms."), self.table.limit)


def _part(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
