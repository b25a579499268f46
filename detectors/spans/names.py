"""Names of services and of other ends of calls as small numbers, for the arrays of one slot's spans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int32]
NONE = -1


@dataclass(slots=True)
class SpanNames:
    """Text to code and back. Codes are given in the order of first sight; part of the slot's snapshot.

    Args:
        most: names at a time; a further one has no code until ``keep`` makes room.
    """

    most: int = 65_536
    texts: list[str] = field(default_factory=list)
    _codes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._codes = {text: code for code, text in enumerate(self.texts)}

    def __len__(self) -> int:
        return len(self.texts)

    def code(self, text: str) -> int:
        """The code of a name, NONE where there is no room for it."""
        code = self._codes.get(text)
        if code is None:
            if len(self.texts) >= self.most:
                return NONE
            code = self._codes[text] = len(self.texts)
            self.texts.append(text)
        return code

    def find(self, text: str) -> int:
        """The code of a name, NONE where it has none."""
        return self._codes.get(text, NONE)

    def codes(self, texts: Iterable[str]) -> Codes:
        """The code of each name."""
        return np.array([self.code(text) for text in texts], np.int32)

    def keep(self, used: npt.NDArray[np.bool_]) -> Codes:
        """Forgets all names but the used ones; the new code of each old one, NONE last and where it is forgotten."""
        renamed = np.full(len(used) + 1, NONE, np.int32)
        renamed[:-1][used] = np.arange(np.count_nonzero(used), dtype=np.int32)
        self.texts = [text for text, kept in zip(self.texts, used.tolist(), strict=True) if kept]
        self._codes = {text: code for code, text in enumerate(self.texts)}
        return renamed
