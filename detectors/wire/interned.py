"""Interned text with a count of uses: text to a small code, and back; codes of text that nobody uses are given again.

The lowest free code is given first. So which code a text gets follows from the state alone, and a restored table goes
on as the one that was saved.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from detectors.turns import NO_SHARE, Share
from detectors.wire.changes import ChangeLog

Codes = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[np.generic]]
FULL = -2
"""In place of the code of a text that is new, where there is no room."""


class InternedTexts:
    """Texts by code."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        """Text of each code; empty where the code is free."""
        self.changes = ChangeLog()
        """Codes that were given or taken back."""
        self._codes: dict[str, int] = {}
        self._uses = np.zeros(1024, np.int32)
        self._free: list[int] = []
        """Free codes below ``len(texts)``, as a heap."""
        self._fresh: list[int] = []
        """Codes that were given since the last ``settle``."""

    def __len__(self) -> int:
        return len(self._codes)

    def find(self, text: str) -> int:
        """Code of a text; -1 where it is not known."""
        return self._codes.get(text, -1)

    def code(self, text: str, *, full: bool) -> int:
        """Code of a text, given now where it is new; FULL where it is new and there is no room."""
        known = self._codes.get(text)
        if known is not None:
            return known
        if full:
            return FULL
        code = heapq.heappop(self._free) if self._free else len(self.texts)
        self._put(code, text)
        self._fresh.append(code)
        return code

    def _put(self, code: int, text: str) -> None:
        if code >= len(self.texts):
            self.texts += [""] * (code + 1 - len(self.texts))
            if code >= len(self._uses):
                self._uses = np.concatenate([self._uses, np.zeros(max(code, len(self._uses)), np.int32)])
        self.texts[code] = text
        self._codes[text] = code

    def use(self, codes: npt.NDArray[np.integer]) -> None:
        """Counts a use of each code; codes below 0 are none."""
        np.add.at(self._uses, codes[codes >= 0], np.int32(1))

    def leave(self, codes: npt.NDArray[np.integer]) -> None:
        """Takes back a use of each code."""
        np.subtract.at(self._uses, codes[codes >= 0], np.int32(1))

    def settle(self) -> None:
        """Takes back the codes that were given since the last call and are not used; the others have changed."""
        fresh, self._fresh = self._fresh, []
        for code in fresh:
            if self._uses[code]:
                self.changes.add(code)
        self._forget([code for code in fresh if not self._uses[code]])

    def forget_unused(self, codes: npt.NDArray[np.integer]) -> Codes:
        """Takes back those of some codes that are not used any more; gives them, sorted."""
        codes = np.unique(codes).astype(np.int32)
        gone: Codes = codes[(codes >= 0) & (self._uses[codes] == 0)]
        self._forget(gone.tolist())
        self.changes.extend(gone)
        return gone

    def _forget(self, codes: Sequence[int]) -> None:
        for code in codes:
            del self._codes[self.texts[code]]
            self.texts[code] = ""
            heapq.heappush(self._free, code)

    # ------------------------------------------------------------------------------------------------ snapshots

    def since(self, position: int, share: Share = NO_SHARE) -> Arrays:
        """The codes that changed after a position of ``changes``, 0: all in use; with their text and whether free.

        ``share``: codes that are added whether they changed or not.
        """
        codes = self.changes.since(position) if position else np.sort(np.array([*self._codes.values()], np.int32))
        if share != NO_SHARE:
            codes = np.union1d(codes, np.arange(*share, dtype=np.int32))
        texts = [self.texts[code] for code in codes.tolist()]
        free = [not text and self._codes.get("") != code for text, code in zip(texts, codes.tolist(), strict=True)]
        pieces = [text.encode() for text in texts]
        return {
            "codes": codes,
            "free": np.array(free, np.bool_),
            "ends": np.cumsum([len(piece) for piece in pieces], dtype=np.int64),
            "text": np.frombuffer(b"".join(pieces), np.uint8),
        }

    def extend(self, arrays: Arrays) -> None:
        """Applies what ``since`` of another table gave; uses are counted by the caller."""
        whole, codes = arrays["text"].tobytes(), arrays["codes"].tolist()
        for code in codes:
            if code < len(self.texts) and self._codes.get(self.texts[code]) == code:
                del self._codes[self.texts[code]]
                self.texts[code] = ""
        spans = pairwise([0, *arrays["ends"].tolist()])
        for code, free, (begin, end) in zip(codes, arrays["free"].tolist(), spans, strict=True):
            if not free:
                self._put(code, whole[begin:end].decode())
            elif code >= len(self.texts):
                self.texts += [""] * (code + 1 - len(self.texts))
        held = set(self._codes.values())
        self._free = [code for code in range(len(self.texts)) if code not in held]
