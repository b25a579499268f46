"""Light runs see what the runtime's decoder would see."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.wire.logs import decode as decode_logs
from detectors.wire.memory import WireMemory
from detectors.wire.metrics import decode_otlp
from detectors.wire.spans import decode as decode_spans
from simulations.faults.registry import make
from simulations.telemetry import otlp
from simulations.telemetry.emission import Emission
from simulations.telemetry.points import DirectPoints
from simulations.world.estate import load
from simulations.world.reporter import items
from simulations.world.world import World


def test_direct_points_are_what_decoding_gives() -> None:
    """Same series, times, starts, units and values, while instances die and come back; nothing is rejected."""
    world = World(load(), 5)
    emission = Emission(world, light=True)
    memory = WireMemory()
    direct = DirectPoints(emission.metrics, memory.table)
    other = WireMemory()
    world.inject(make("crash-loop"), 20)
    for _ in range(150):
        world.step()
        if (now := emission.collect()) is None:
            continue
        bytes_ = otlp.metrics(emission.metrics, now.metrics).SerializeToString()
        decoded, straight = decode_otlp([bytes_], other, world.now), direct.batch(now.metrics)
        assert not decoded.rejected
        assert straight.difference == decoded.difference == 0
        rows = []
        for batch, table in ((decoded, other.table), (straight, memory.table)):
            fields = zip(batch.series, batch.at, batch.start, batch.unit, batch.value, strict=True)
            rows.append({table.identity(int(n)): rest for n, *rest in fields})
        assert rows[0].keys() == rows[1].keys()
        for identity, row in rows[0].items():
            assert row == pytest.approx(rows[1][identity], rel=1e-9), identity


def test_entities_of_telemetry_are_items_of_the_cmdb() -> None:
    """What metrics, logs and spans call their sender is the id of an item, so that the graph finds it."""
    world = World(load(), 5)
    emission = Emission(world)
    world.run(15)
    now = emission.collect()
    assert now is not None
    assert now.logs is not None
    assert now.spans is not None
    memory = WireMemory()
    decode_otlp([otlp.metrics(emission.metrics, now.metrics).SerializeToString()], memory, world.now)
    logs = decode_logs([otlp.logs(emission.metrics, now.logs).SerializeToString()], world.now)
    spans = decode_spans([otlp.spans(emission.metrics, now.spans).SerializeToString()], world.now)
    assert not logs.rejected
    assert not spans.rejected
    known = {item.id for item in items(world.layout)}
    assert set(memory.table.entities) <= known
    assert np.unique(now.spans.trace, axis=0).shape[0] > 3
