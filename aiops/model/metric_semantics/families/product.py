"""What the runtime itself makes of logs, spans, tickets and objectives, and what it says of its own health."""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    AVAILABILITY,
    ERRORS,
    LATENCY,
    NEITHER,
    TRAFFIC,
    UP,
    MetricFamily,
)
from aiops.model.metric_semantics.rows import MetricRow as Row

# fmt: off
FAMILY = MetricFamily(
    "aiops",
    "docs/metrics.md",
    (
        Row("span.rate",                          "1/s",      TRAFFIC,    NEITHER),
        Row("span.errors",                        "1",        ERRORS,     UP),
        Row("span.p50",                           "ms",       LATENCY,    UP),
        Row("span.p99",                           "ms",       LATENCY,    UP),
        Row("log.count",                          "{line}",   TRAFFIC,    NEITHER),
        Row("log.new",                            "{line}",   ERRORS,     UP),
        Row("slo.burn",                           "{budget}", ERRORS,     UP),
        Row("tickets",                            "{ticket}", ERRORS,     UP),
        Row("aiops.lost.records",                 "{record}", ERRORS,     UP),
        Row("aiops.blind",                        "{topic}",  AVAILABILITY, UP),
        Row("aiops.clock.skew",                   "s",        AVAILABILITY, NEITHER),
        Row("aiops.stalled",                      "{record}", AVAILABILITY, UP),
    ),
)
