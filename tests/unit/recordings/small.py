"""A small recording: two services a minute at a time; one uses ten times its CPU and answers slowly for a while."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aiops.model.entities import Edge, Item
from aiops.model.times import rfc3339
from aiops.recordings.recording import Stream
from aiops.recordings.recording_writer import Point, RecordingWriter, gauges

MINUTE = 60 * 10**9
START = 1_700_000_040 * 10**9


def write(folder: Path, minutes: int = 90, bad: range = range(60, 70), seed: int = 3) -> Path:
    """``web`` calls ``cart``; minutes in ``bad`` are cart's trouble, which web feels."""
    random = np.random.default_rng(seed)
    with RecordingWriter(folder) as writer:
        writer.items([Item("web"), Item("cart")], [Edge("web", "cart")], START)
        for minute in range(minutes):
            at = START + minute * MINUTE
            factor = 10.0 if minute in bad else 1.0
            cart: list[Point] = [
                ("cpu.usage", "%", float(random.normal(5, 0.3)) * factor, {}),
                ("server.latency", "s", float(random.normal(0.1, 0.005)) * factor, {}),
            ]
            web: list[Point] = [("server.latency", "s", float(random.normal(0.3, 0.01)) + 0.1 * (factor - 1), {})]
            groups = [gauges({"service.name": "cart"}, at, cart), gauges({"service.name": "web"}, at, web)]
            writer.request(Stream.METRICS, {"resourceMetrics": groups})
        end = rfc3339(START + (minutes - 1) * MINUTE)
        writer.about(name="small", source="made up", licence="none", period={"from": rfc3339(START), "to": end})
        begin, over = START + bad.start * MINUTE, START + bad.stop * MINUTE
        writer.truth(
            faults=[{"entity": "cart", "kind": "cpu", "from": rfc3339(begin), "to": rfc3339(over)}], step_seconds=60
        )
    return folder
