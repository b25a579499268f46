"""Compiles the inner loops into the cache, which shortens their first use.

Three processes run in parallel, because compilation uses one core each: the simulated world's kernel, decoding with
detection, and the JSON scanner. Set-up calls this script. If it fails, a loop is compiled at its first use.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiops.model.durations import SECOND

ROOT: Final = Path(__file__).resolve().parent.parent
BEGIN: Final = 1_700_000_000 * SECOND
POINTS: Final = 120


def world() -> None:
    """Simulate one second of the shop."""
    from simulations.world.estate import load  # noqa: PLC0415 (one process needs one part only)
    from simulations.world.world import World  # noqa: PLC0415

    World(load(), 1).step()


def text() -> None:
    """Decode a request without metrics."""
    from detectors.wire.otlp_json import metrics_protobuf  # noqa: PLC0415

    metrics_protobuf(b"{}", 2)


def points() -> None:
    """Decode and detect two minutes of an anomalous gauge and a histogram, as OTLP and Arrow, keyed and unkeyed."""
    from aiops.agents.monitoring import MonitoringAgent  # noqa: PLC0415
    from aiops.model.records import FetchedRecords, TopicPartition  # noqa: PLC0415
    from aiops.settings import Kafka, Settings  # noqa: PLC0415

    values = [10.0 + place % 3 + 1000.0 * (place > POINTS - 20) for place in range(POINTS)]
    times = [BEGIN + place * SECOND for place in range(POINTS)]
    otlp, arrow = _otlp_points(times, values), _arrow_points(times, values)
    end = times[-1] + SECOND
    for partitions in (1, 4):
        settings = Settings(kafka=Kafka(partitions=partitions))
        agent = MonitoringAgent(settings)
        agent.adopt(0, 1)
        for topic, value in ((settings.topics.otlp_metrics, otlp), (settings.topics.metrics_arrow, arrow)):
            fetched = FetchedRecords(TopicPartition(topic, 0), (0,), [value], [None], [end])
            made = agent.handle([fetched], end)
            for number, record in enumerate(made.forwards):
                forwarded = TopicPartition(settings.topics.keyed, 0)
                agent.handle([FetchedRecords(forwarded, (number,), [record.value], [None], [end])], end)
        agent.tick(end + SECOND, lag_is_small=True)
        agent.snapshot(0)


def _otlp_points(times: list[int], values: list[float]) -> bytes:
    """An OTLP request with a gauge of ``values`` and one point of a delta histogram."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (  # noqa: PLC0415
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA  # noqa: PLC0415

    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "one"
    gauge = resource.scope_metrics.add().metrics.add(name="queue.length").gauge
    for at, height in zip(times, values, strict=True):
        gauge.data_points.add(time_unix_nano=at, as_double=height)
    histogram = resource.scope_metrics[0].metrics.add(name="queue.wait", unit="s").histogram
    histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_DELTA
    histogram.data_points.add(time_unix_nano=BEGIN, count=2, bucket_counts=[1, 1], explicit_bounds=[1.0])
    return bytes(request.SerializeToString())


def _arrow_points(times: list[int], values: list[float]) -> bytes:
    """An Arrow batch with a gauge of ``values``."""
    import numpy as np  # noqa: PLC0415

    from detectors.wire.arrow_encoding import PointEncoder  # noqa: PLC0415
    from detectors.wire.identity import SeriesIdentity, SeriesKind  # noqa: PLC0415
    from detectors.wire.series import SeriesTable  # noqa: PLC0415

    table = SeriesTable(10)
    table.add([SeriesIdentity("two", "queue.length", (), "1", SeriesKind.GAUGE, None)])
    return PointEncoder(table).encode(np.zeros(POINTS, np.int32), np.array(times, np.int64), np.array(values))


PARTS: Final[dict[str, Callable[[], None]]] = {"points": points, "world": world, "text": text}


def main() -> None:
    """Compile all parts, or the named one."""
    if sys.argv[1:]:
        PARTS[sys.argv[1]]()
        return
    command = [sys.executable, "-m", "scripts.compile_loops"]
    started = [subprocess.Popen([*command, part], cwd=ROOT) for part in PARTS]
    sys.exit(max(process.wait() for process in started))


if __name__ == "__main__":
    main()
