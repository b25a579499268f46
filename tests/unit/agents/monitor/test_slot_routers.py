"""The router sends each point to the slot that owns its entity, also when numbers and codes are given again."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.agents.monitor.slot_routers import PointRouter
from detectors.wire.identity import SeriesIdentity
from detectors.wire.memory import WireMemory
from detectors.wire.slots import slot_of

SLOTS = 3
ENTITIES = [f"pod-{number}" for number in range(24)]


def identity(entity: str) -> SeriesIdentity:
    """A gauge of an entity."""
    return SeriesIdentity(entity, "queue.length")


def router(memory: WireMemory, own: WireMemory, slot: int = 0) -> PointRouter:
    """The router of one slot."""
    return PointRouter(slot, SLOTS, "keyed", memory, own.table)


def owners(found: PointRouter, entities: list[str]) -> list[int]:
    """Slots of the entities' series, as the router gives them."""
    numbers = found.transit.table.add([identity(entity) for entity in entities])
    return [int(owner) for owner in found.owners(numbers)]


def expected(entities: list[str]) -> list[int]:
    """Slots of entities."""
    return [slot_of(entity, SLOTS) for entity in entities]


def test_an_entity_that_gets_a_free_code_after_a_restart_goes_to_its_own_slot() -> None:
    """The table of a snapshot has codes without an entity; they belong to nobody until they are given."""
    before = WireMemory(100)
    before.table.add([identity(entity) for entity in ENTITIES[:12]])
    before.reclaim(np.arange(8, dtype=np.int32))
    memory = WireMemory(100)
    memory.extend(before.to_arrays())
    found = router(memory, WireMemory(100))
    assert owners(found, ENTITIES[8:12]) == expected(ENTITIES[8:12])
    assert owners(found, ENTITIES[12:20]) == expected(ENTITIES[12:20])


def test_an_entity_that_was_refused_leaves_no_owner_behind() -> None:
    """The codes of entities whose series were broken are given to the entities that come next."""
    memory = WireMemory(100)
    found = router(memory, WireMemory(100))
    assert owners(found, ENTITIES[:2]) == expected(ENTITIES[:2])
    for entity in ENTITIES[2:8]:
        memory.table.entity_code(entity)
    memory.table.add_codes(np.empty((0, 6), np.int32))
    assert owners(found, ENTITIES[:2]) == expected(ENTITIES[:2])
    assert owners(found, ENTITIES[8:20]) == expected(ENTITIES[8:20])


@pytest.mark.parametrize("restarted", [False, True])
def test_a_keyed_topic_finds_strays_among_codes_that_were_free(restarted: bool) -> None:  # noqa: FBT001
    """All series of the table were the slot's own; the entity that comes next belongs to another slot."""
    own = [entity for entity in ENTITIES if slot_of(entity, SLOTS) == 0]
    stray = next(entity for entity in ENTITIES if slot_of(entity, SLOTS) != 0)
    memory = WireMemory(100)
    found = router(memory, memory)
    numbers = memory.table.add([identity(entity) for entity in own])
    assert found.foreign(numbers) is None
    found.forget(numbers[:1], memory.reclaim(numbers[:1]))
    if restarted:
        copy = WireMemory(100)
        copy.extend(memory.to_arrays())
        memory, found = copy, router(copy, copy)
        assert found.foreign(numbers[1:]) is None
    (number,) = memory.table.add([identity(stray)])
    assert number == numbers[0]
    foreign = found.foreign(np.array([number, numbers[1]], np.int32))
    assert foreign is not None
    assert foreign.tolist() == [True, False]
