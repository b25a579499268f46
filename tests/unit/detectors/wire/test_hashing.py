"""Hashes of strings."""

from __future__ import annotations

import numpy as np

from detectors.wire.hashing import SEED, hash_strings

TEXTS = ["", "a", "checkout", "k8s.pod.name=shop-7f9c", "x" * 100]


def hashes(seed: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Hash of each text."""
    ends = np.cumsum([0, *(len(text) for text in TEXTS)]).astype(np.int32)
    out = np.empty(len(TEXTS), np.uint64)
    buffer = np.frombuffer("".join(TEXTS).encode() + b"\0" * 16, np.uint8)
    assert hash_strings(buffer, ends, out, np.uint64(seed))
    return out


def test_texts_and_start_values_give_different_hashes() -> None:
    """None of them is 0, which marks an empty place."""
    found = [*hashes(7).tolist(), *hashes(8).tolist(), *hashes(int(SEED)).tolist()]
    assert len(set(found)) == 3 * len(TEXTS)
    assert 0 not in found


def test_offsets_that_leave_the_buffer_are_refused() -> None:
    """A forged Arrow array."""
    out = np.empty(1, np.uint64)
    assert not hash_strings(np.zeros(8, np.uint8), np.array([0, 9], np.int32), out, SEED)
