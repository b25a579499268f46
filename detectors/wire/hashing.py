# mypy: disable-error-code="call-arg,arg-type,unreachable"
# numba's intrinsics and compiled functions take other types than their Python text says.
"""64-bit hashes of byte ranges and the compiled hash index that turns them to numbers; the bottom of decoding.

The mixing is the folded multiplication of wyhash with the finaliser of MurmurHash3 (both public domain). Two of a
million series collide by accident with a chance of 3e-8. It is not cryptographic. Hashes of the bytes of series start
from a random number that the slot keeps to itself: how two inputs differ after a folded multiplication depends on that
number. Collisions can be made where the start value is known, as it is for log templates and names of spans.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]  # comes with numba
from numba import config, types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from detectors.wire.compiling import compiled, inner

Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]

_P1 = np.uint64(0x9E3779B185EBCA87)
_P4 = np.uint64(0x85EBCA77C2B2AE63)
_M1 = np.uint64(0xFF51AFD7ED558CCD)
_M2 = np.uint64(0xC4CEB9FE1A85EC53)
SEED = np.uint64(0x5EED0F5E1E5A10B5)
"""Start value of hashes without a key; part of the snapshot format."""

UNKNOWN = -1
"""What a lookup gives for a hash that is not in the index."""


@intrinsic
def load64(typing_context: Any, array: Any, index: Any) -> Any:  # noqa: ARG001 (numba's signature)
    """Eight little-endian bytes of a uint8 array from any offset, without a bounds check: the caller has made one."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, args[0]).data
        word = ir.IntType(64)
        pointer = builder.bitcast(builder.gep(data, [args[1]]), word.as_pointer())
        return builder.load(pointer, align=1, typ=word)

    return types.uint64(array, types.intp), generate


@intrinsic
def _folded_product(typing_context: Any, left: Any, right: Any) -> Any:  # noqa: ARG001 (numba's signature)
    """The two halves of the 128-bit product of two words, combined by exclusive or."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001 (numba's signature)
        wide, word = ir.IntType(128), ir.IntType(64)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), word)
        return builder.xor(builder.trunc(product, word), high)

    return types.uint64(types.uint64, types.uint64), generate


def _folded_in_python(left: Any, right: Any) -> Any:
    product = int(left) * int(right)
    return np.uint64((product ^ product >> 64) & 0xFFFFFFFFFFFFFFFF)


# An intrinsic exists in compiled code only; tests that do not compile need the same in Python.
_fold = _folded_in_python if config.DISABLE_JIT else _folded_product  # type: ignore[attr-defined]


@inner
def mix(state: np.uint64, word: np.uint64) -> np.uint64:
    """Folds one word into the state."""
    return np.uint64(_fold(state ^ word, _P1) + _P4)


@inner
def finish(state: np.uint64) -> np.uint64:
    """Spreads the state over all bits; never 0, which marks an empty place in the index."""
    state ^= state >> np.uint64(33)
    state *= _M1
    state ^= state >> np.uint64(33)
    state *= _M2
    state ^= state >> np.uint64(33)
    return np.uint64(1) if state == np.uint64(0) else state


@inner
def mix_range(state: np.uint64, buffer: Bytes, start: int, end: int) -> np.uint64:
    """Folds the length and the bytes ``[start, end)`` into the state; the range must lie inside the buffer."""
    state = mix(state, np.uint64(end - start))
    position = start
    while position + 8 <= end:
        state = mix(state, load64(buffer, position))
        position += 8
    if position < end:
        tail = np.uint64(0)
        shift = np.uint64(0)
        while position < end:
            tail |= np.uint64(buffer[position]) << shift
            shift += np.uint64(8)
            position += 1
        state = mix(state, tail)
    return state


@compiled
def hash_strings(buffer: Bytes, offsets: npt.NDArray[np.int32], out: Hashes, seed: np.uint64) -> bool:
    """Hashes every string of an Arrow utf8 array from a start value; False when the offsets leave the buffer."""
    size = len(buffer)
    for row in range(len(offsets) - 1):
        start = np.int64(offsets[row])
        end = np.int64(offsets[row + 1])
        if start < 0 or end < start or end > size:
            return False
        out[row] = finish(mix_range(seed, buffer, start, end))
    return True


@compiled
def hash_ranges(buffer: Bytes, ranges: npt.NDArray[np.int64], out: Hashes) -> None:
    """Hashes the bytes of each range; shape (n, 2), all inside the buffer."""
    for row in range(len(ranges)):
        out[row] = finish(mix_range(SEED, buffer, ranges[row, 0], ranges[row, 1]))


@compiled
def _find(slots: Hashes, hashes: Hashes, out: npt.NDArray[np.int32]) -> int:
    """Looks every hash up; gives how many are not there. Iterations are independent, so cache misses overlap."""
    mask = np.uint64(len(slots) // 2 - 1)
    one = np.uint64(1)
    missing = 0
    for row in range(len(hashes)):
        wanted = hashes[row]
        place = wanted & mask
        while slots[place << one] != wanted:
            if slots[place << one] == np.uint64(0):
                break
            place = (place + one) & mask
        if slots[place << one] == wanted:
            out[row] = np.int32(np.int64(slots[(place << one) + one]))
        else:
            out[row] = np.int32(-1)
            missing += 1
    return missing


@compiled
def look_up(index: tuple[Hashes, Hashes], hashes: Hashes, out: npt.NDArray[np.int32]) -> int:
    """Looks up the number of each hash, ``UNKNOWN`` where there is none; gives the lowest, at most 0.

    Senders repeat their series in the order in which they first came. So before the index is asked, which with a
    million series is a cache miss a row, the number after the last one is tried; where that fails, the more seldom.

    Args:
        index: slots of a ``HashIndex``, and a hash of each number.
        hashes: of the rows.
        out: numbers of the rows.
    """
    slots, firsts = index
    mask = np.uint64(len(slots) // 2 - 1)
    one = np.uint64(1)
    lowest = np.int32(0)
    guess, held_back, pause = np.int64(0), np.int64(0), np.int64(0)
    for row in range(len(hashes)):
        wanted = max(hashes[row], one)  # 0 marks an empty place
        if held_back > 0:
            held_back -= 1
        elif 0 <= guess < len(firsts) and firsts[guess] == wanted:
            out[row] = np.int32(guess)
            guess += 1
            pause = np.int64(0)
            continue
        else:
            pause = min(2 * pause + 1, 63)
            held_back = pause
        place = wanted & mask
        while slots[place << one] != wanted and slots[place << one] != np.uint64(0):
            place = (place + one) & mask
        found = np.int32(-1)
        if slots[place << one] == wanted:
            found = np.int32(np.int64(slots[(place << one) + one]))
        lowest = min(lowest, found)
        out[row] = found
        guess = np.int64(found) + 1
    return int(lowest)


@compiled
def _insert(slots: Hashes, hashes: Hashes, values: npt.NDArray[np.int32]) -> int:
    """Puts pairs into a table that has room for them; the first value of a hash stays. Gives how many were new."""
    mask = np.uint64(len(slots) // 2 - 1)
    one = np.uint64(1)
    added = 0
    for row in range(len(hashes)):
        wanted = hashes[row]
        place = wanted & mask
        while slots[place << one] != np.uint64(0) and slots[place << one] != wanted:
            place = (place + one) & mask
        if slots[place << one] == np.uint64(0):
            slots[place << one] = wanted
            slots[(place << one) + one] = np.uint64(np.int64(values[row]))
            added += 1
    return added


@compiled
def _remove(slots: Hashes, hashes: Hashes) -> int:
    """Removes hashes, and shifts later entries back; gives how many were there."""
    mask = np.int64(len(slots) // 2 - 1)
    removed = 0
    for row in range(len(hashes)):
        wanted = hashes[row]
        hole = np.int64(wanted & np.uint64(mask))
        while slots[2 * hole] != np.uint64(0) and slots[2 * hole] != wanted:
            hole = (hole + 1) & mask
        if slots[2 * hole] == np.uint64(0):
            continue
        removed += 1
        after = (hole + 1) & mask
        while slots[2 * after] != np.uint64(0):
            home = np.int64(slots[2 * after] & np.uint64(mask))
            if ((after - home) & mask) >= ((after - hole) & mask):
                slots[2 * hole] = slots[2 * after]
                slots[2 * hole + 1] = slots[2 * after + 1]
                hole = after
            after = (after + 1) & mask
        slots[2 * hole] = np.uint64(0)
    return removed


class HashIndex:
    """Open-addressing map from uint64 to int32: hash and value side by side, at most half full, doubled when not."""

    def __init__(self, room: int = 1024) -> None:
        self._slots = np.zeros(2 * _capacity(room), dtype=np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def slots(self) -> Hashes:
        """Hash and value of each place, one after the other, for compiled loops; valid until something is added."""
        return self._slots

    def find(self, hashes: Hashes) -> npt.NDArray[np.int32]:
        """The value of each hash, ``UNKNOWN`` where there is none."""
        out = np.empty(len(hashes), dtype=np.int32)
        _find(self._slots, hashes, out)
        return out

    def insert(self, hashes: Hashes, values: npt.NDArray[np.int32]) -> None:
        """Adds pairs; a hash that is there keeps its value. The hash 0 is not allowed."""
        needed = _capacity(self._count + len(hashes))
        if 2 * needed > len(self._slots):
            self._grow(needed)
        self._count += _insert(self._slots, hashes, values)

    def remove(self, hashes: Hashes) -> None:
        """Removes pairs by their hashes; what is not there is left out."""
        self._count -= _remove(self._slots, hashes)

    def _grow(self, capacity: int) -> None:
        pairs = self._slots.reshape(-1, 2)
        full = pairs[pairs[:, 0] != 0]
        self._slots = np.zeros(2 * capacity, dtype=np.uint64)
        _insert(self._slots, full[:, 0].copy(), full[:, 1].astype(np.int64).astype(np.int32))


def _capacity(entries: int) -> int:
    """Smallest power of two, at least 1,024, that ``entries`` fill to at most one half."""
    return max(1024, 1 << (2 * max(entries, 1) - 1).bit_length())
