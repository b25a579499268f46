# ruff: noqa: PLC0415 (only one of them need be there)
"""The peers of the throughput benchmark: bytewax and quixstreams with a river detector a series, over the same topic.

``python throughput_peers.py NAME BOOTSTRAP TOPIC POINTS SECONDS CORE``, in any Python that has them; it needs none
of this project. Both read Arrow records with confluent-kafka beneath, decode a record with pyarrow at once, and give
each point to river's StandardAbsoluteDeviation of its series: score, then learn. State is kept in memory where the
library allows it, which favours it. Prints one JSON line: points a second from the first record on.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from river.anomaly import StandardAbsoluteDeviation


class Stop:
    """Counts points, and ends the process with a report once there were enough or time is up."""

    def __init__(self, points: int, seconds: float) -> None:
        self._points, self._seconds = points, seconds
        self._seen, self._wall, self._cpu = 0, 0.0, 0.0

    def begin(self) -> None:
        """The first record is here."""
        if not self._wall:
            self._wall, self._cpu = time.perf_counter(), time.process_time()

    def point(self) -> None:
        """A point was scored and learned."""
        self._seen += 1
        if self._seen % 1024:
            return
        wall = time.perf_counter() - self._wall
        if self._seen < self._points and wall < self._seconds:
            return
        cpu = time.process_time() - self._cpu
        found = {"points": self._seen, "seconds": wall, "cpu_seconds": cpu}
        found |= {"points_per_second": self._seen / wall, "points_per_cpu_second": self._seen / cpu}
        print(json.dumps(found), flush=True)
        os._exit(0)  # neither library ends a stream at once


def points_of(record: bytes) -> Iterator[tuple[str, float]]:
    """Series and value of each point."""
    with pa.ipc.open_stream(record) as reader:
        for batch in reader:
            columns = [batch.column(name).to_pylist() for name in ("entity", "metric", "attributes", "value")]
            for entity, metric, attributes, value in zip(*columns, strict=True):
                yield f"{entity}|{metric}|{attributes}", value


def step(detector: Any, value: float, stop: Stop) -> tuple[Any, float]:
    """Score first, learn after."""
    detector = detector or StandardAbsoluteDeviation()
    score = detector.score_one(None, value)
    detector.learn_one(None, value)
    stop.point()
    return detector, score


def bytewax(bootstrap: str, topic: str, stop: Stop) -> None:
    """A dataflow of three steps and a sink that keeps nothing."""
    import bytewax.operators as op
    from bytewax.connectors.kafka import KafkaSource
    from bytewax.dataflow import Dataflow
    from bytewax.testing import TestingSink, run_main
    from confluent_kafka import OFFSET_BEGINNING

    flow = Dataflow("peer")
    source = KafkaSource([bootstrap], [topic], starting_offset=OFFSET_BEGINNING, tail=True, batch_size=16)
    records = op.input("records", flow, source)

    def decoded(message: Any) -> list[tuple[str, float]]:
        stop.begin()
        return list(points_of(message.value))

    points = op.flat_map("decode", records, decoded)
    scores = op.stateful_map("score", points, lambda detector, value: step(detector, value, stop))
    few = op.filter("few", scores, lambda _: False)

    op.output("out", few, TestingSink([]))
    run_main(flow)


def quixstreams(bootstrap: str, topic: str, stop: Stop) -> None:
    """A streaming data frame; detectors in a dictionary, which spares it its state store."""
    from quixstreams import Application

    application = Application(
        broker_address=bootstrap,
        consumer_group=f"peer-{time.time_ns()}",
        auto_offset_reset="earliest",
        loglevel="ERROR",
    )
    frame = application.dataframe(application.topic(topic, value_deserializer="bytes"))
    detectors: dict[str, Any] = {}

    def decoded(record: bytes) -> list[tuple[str, float]]:
        stop.begin()
        return list(points_of(record))

    def score(point: tuple[str, float]) -> float:
        detectors[point[0]], found = step(detectors.get(point[0]), point[1], stop)
        return found

    frame.apply(decoded, expand=True).apply(score)
    application.run()


def main() -> None:
    """Run one of them until it stops itself."""
    name, bootstrap, topic, points, seconds, core = sys.argv[1:]
    os.sched_setaffinity(0, {int(core)})
    stop = Stop(int(points), float(seconds))
    {"bytewax": bytewax, "quixstreams": quixstreams}[name](bootstrap, topic, stop)


if __name__ == "__main__":
    main()
