"""Which slot owns an entity: the partition that Kafka's default partitioner gives a record keyed by the entity."""

from __future__ import annotations

from functools import lru_cache

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """32-bit MurmurHash2 as in Kafka's ``Utils.murmur2``, unsigned."""
    state = _SEED ^ len(data)
    whole = len(data) & ~3
    for place in range(0, whole, 4):
        word = int.from_bytes(data[place : place + 4], "little") * _M & _MASK
        word = (word ^ word >> 24) * _M & _MASK
        state = (state * _M & _MASK) ^ word
    if whole < len(data):
        state = (state ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    state = (state ^ state >> 13) * _M & _MASK
    return state ^ state >> 15


@lru_cache(maxsize=1 << 16)
def slot_of(entity: str, slots: int) -> int:
    """Slot of an entity among ``slots``."""
    return (murmur2(entity.encode()) & 0x7FFFFFFF) % slots
