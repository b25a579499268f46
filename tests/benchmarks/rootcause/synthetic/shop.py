"""A shop by the second: 38 series of 11 services, faults in resources or in the network. Synthetic.

Written from the public description of RCAEval's Online Boutique cases (Pham et al., "RCAEval", WWW 2025): processor,
memory, disk, delay and loss faults in five services, about five minutes of reference, metrics ``cpu``, ``mem``,
``latency``, ``diskio`` and ``error`` of each service, as far as it has them. Real here: noise that is autocorrelated,
grows with the level, has spikes, and follows a common load; latency that reaches every caller, by the share of its
calls and with jitter of its own; users who send less while answers are late, so that all services have less to do;
faults that ramp up and differ in size; other services' jobs that begin and end at any time. Not real: sampling is
exact, and the load is stationary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from aiops.model.durations import SECOND
from aiops.model.entities import Edge
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, shifted
from topology.cases.case import METRICS, Case

Series = npt.NDArray[np.float64]

START = 1_600_000_000 * SECOND
REFERENCE = 300
"""Seconds before the onset."""
LASTS = 240
"""Seconds from the onset to the end."""
CALLS: dict[str, dict[str, float]] = {
    "frontend": {
        "adservice": 0.7,
        "cartservice": 1.0,
        "checkoutservice": 0.15,
        "currencyservice": 1.0,
        "productcatalogservice": 1.0,
        "recommendationservice": 0.8,
        "shippingservice": 0.2,
    },
    "checkoutservice": {
        "cartservice": 1.0,
        "currencyservice": 1.0,
        "emailservice": 1.0,
        "paymentservice": 1.0,
        "productcatalogservice": 1.0,
        "shippingservice": 1.0,
    },
    "recommendationservice": {"productcatalogservice": 1.0},
    "cartservice": {"redis": 1.0},
}
"""Caller to callees, with calls for each of the caller's requests."""
DEPTH = ("redis", "productcatalogservice", "recommendationservice", "cartservice", "checkoutservice", "frontend")
"""Services with callees or that are called by such, callees first."""
LEVELS = {
    "frontend": {"cpu": 0.35, "mem": 9.0e7, "latency": 0.012, "error": 0.002},
    "checkoutservice": {"cpu": 0.06, "mem": 3.0e7, "latency": 0.008, "error": 0.001, "diskio": 2.0e3},
    "cartservice": {"cpu": 0.10, "mem": 6.0e7, "latency": 0.003, "diskio": 6.0e3},
    "productcatalogservice": {"cpu": 0.12, "mem": 2.5e7, "latency": 0.002, "diskio": 1.0e3},
    "currencyservice": {"cpu": 0.20, "mem": 5.5e7, "latency": 0.002, "diskio": 8.0e2},
    "recommendationservice": {"cpu": 0.08, "mem": 4.5e7, "latency": 0.004},
    "adservice": {"cpu": 0.05, "mem": 1.6e8, "latency": 0.003, "diskio": 1.5e3},
    "shippingservice": {"cpu": 0.04, "mem": 2.0e7, "latency": 0.002},
    "paymentservice": {"cpu": 0.02, "mem": 4.0e7, "latency": 0.002},
    "emailservice": {"cpu": 0.02, "mem": 4.8e7},
    "redis": {"cpu": 0.03, "mem": 8.0e6},
}
"""Usual levels: cores, bytes, seconds of own work, share of calls, bytes a second. 38 series."""
TARGETS = ("adservice", "cartservice", "checkoutservice", "currencyservice", "productcatalogservice")
NOISE = {"cpu": 0.12, "mem": 0.006, "latency": 0.15, "error": 0.5, "diskio": 0.4}
"""Standard deviation of a series, relative to its level."""
THINKS = 0.15
"""Seconds that the load's users wait between requests; while answers are late they send less."""
KINDS = {"resource": ("cpu", "mem", "disk"), "network": ("delay", "loss")}
REPEATS = 4
JOBS = 2.0
"""Mean number of jobs of a case: they raise processor, memory or disk of one service for a while, in any service."""


@dataclass(frozen=True, slots=True)
class _Fault:
    service: str
    kind: str


def load(family: str, seed: int = 1) -> CaseSet:
    """``resource`` or ``network`` faults, each kind ``REPEATS`` times in each of five services."""
    return CaseSet(
        f"shop-{family}",
        lambda: _cases(family, seed),
        shifted(-60, 30, 60, 120),
        normal=lambda: _normal(family, seed),
        synthetic=True,
    )


def _cases(family: str, seed: int) -> Iterator[LabelledCase]:
    for kind in KINDS[family]:
        for service in TARGETS:
            for repeat in range(REPEATS):
                yield _case(f"shop/{kind}/{service}/{repeat}", _Fault(service, kind), seed)


def _normal(family: str, seed: int) -> Iterator[LabelledCase]:
    for number in range(40):
        yield _case(f"shop/{family}/normal/{number}", None, seed)


def _case(name: str, fault: _Fault | None, seed: int) -> LabelledCase:
    random = np.random.default_rng([seed, *name.encode()])
    onset = START + REFERENCE * SECOND
    table = _recorded(_Shop(random).simulate(fault), random)
    case = Case(
        id=name,
        from_at=START,
        to_at=onset + (LASTS - 1) * SECOND,
        step=SECOND,
        metrics=table,
        edges=tuple(Edge(caller, callee) for caller, callees in CALLS.items() for callee in callees),
    )
    return LabelledCase(case, frozenset({fault.service} if fault else ()), onset, fault.kind if fault else "")


class _Shop:
    """Nine minutes of all services. Arrays have shape (seconds,)."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._steps = REFERENCE + LASTS
        self._load = 1.0 + 0.06 * self._wander(0.97)

    def simulate(self, fault: _Fault | None) -> dict[tuple[str, str], Series]:
        """Values of each (service, metric)."""
        added: dict[tuple[str, str], Series] = {}
        extra = {service: np.zeros(self._steps) for service in LEVELS}
        failing = {service: np.zeros(self._steps) for service in LEVELS}
        if fault:
            self._strike(fault, added, extra=extra, failing=failing)
        for service in DEPTH:
            for callee, calls in CALLS.get(service, {}).items():
                extra[service] += calls * extra[callee] * np.clip(1.0 + 0.2 * self._wander(0.3), 0.2, None)
                failing[service] += np.minimum(calls, 1.0) * failing[callee]
        self._load /= 1.0 + extra["frontend"] / THINKS
        self._begin_jobs(added)
        values = {
            (service, metric): self._usual(level, metric) + added.get((service, metric), 0.0)
            for service, levels in LEVELS.items()
            for metric, level in levels.items()
        }
        for service, metric in values:
            if metric == "latency":
                values[service, metric] += extra[service]
            if metric == "error":
                values[service, metric] += failing[service] * np.clip(1.0 + 0.3 * self._wander(0.2), 0.0, None)
        return values

    def _strike(
        self,
        fault: _Fault,
        added: dict[tuple[str, str], Series],
        *,
        extra: dict[str, Series],
        failing: dict[str, Series],
    ) -> None:
        name, levels = fault.service, LEVELS[fault.service]
        size = self._random.uniform(0.7, 1.6)
        match fault.kind:
            case "cpu":
                added[name, "cpu"] = self._ramp(4) * size * max(6 * levels["cpu"], 0.4) * self._jitter(0.1)
                extra[name] += self._ramp(6) * size * 1.2 * levels["latency"] * self._jitter(0.3)
            case "mem":
                added[name, "mem"] = self._ramp(25) * size * 1.5 * levels["mem"] * self._jitter(0.02)
                added[name, "cpu"] = self._ramp(25) * size * 0.6 * levels["cpu"] * self._jitter(0.3)
                extra[name] += self._ramp(40) * size * 0.4 * levels["latency"] * self._jitter(0.4)
            case "disk":
                added[name, "diskio"] = self._ramp(5) * size * 400 * levels["diskio"] * self._jitter(0.3)
                added[name, "cpu"] = self._ramp(5) * size * 0.8 * levels["cpu"] * self._jitter(0.2)
                extra[name] += self._ramp(8) * size * 0.5 * levels["latency"] * self._jitter(0.4)
            case "delay":
                extra[name] += self._ramp(2) * size * 0.1 * self._jitter(0.05)
                added[name, "mem"] = self._ramp(15) * size * 0.03 * levels["mem"] * self._jitter(0.2)
            case _:
                extra[name] += self._ramp(2) * size * 0.03 * self._jitter(0.8)
                failing[name] += self._ramp(4) * size * 0.06 * self._jitter(0.5)
                added[name, "mem"] = self._ramp(15) * size * 0.02 * levels["mem"] * self._jitter(0.2)

    def _begin_jobs(self, added: dict[tuple[str, str], Series]) -> None:
        resources = [(name, metric) for name in LEVELS for metric in ("cpu", "mem", "diskio") if metric in LEVELS[name]]
        for _ in range(self._random.poisson(JOBS)):
            name, metric = resources[self._random.integers(len(resources))]
            begin = self._random.integers(self._steps)
            during = np.zeros(self._steps)
            during[begin : begin + self._random.integers(15, 120)] = 1.0
            usual = {"cpu": 0.8, "mem": 0.05, "diskio": 4.0}[metric]
            size = LEVELS[name][metric] * usual * self._random.lognormal(0.0, 0.5)
            added[name, metric] = added.get((name, metric), np.zeros(self._steps)) + size * during * self._jitter(0.1)

    def _usual(self, level: float, metric: str) -> Series:
        spread = NOISE[metric]
        if metric == "mem":
            return level * (1.0 + spread * self._wander(0.98))
        if metric in {"error", "diskio"}:
            return level * self._load * np.exp(spread * self._wander(0.3) - spread**2 / 2)
        spikes = self._random.random(self._steps) < 0.004
        shape = 1.0 + spread * (0.6 * self._wander(0.7) + 0.8 * self._wander(0.0))
        return np.clip(level * self._load * shape, 0.1 * level, None) * np.where(
            spikes, self._random.uniform(1.3, 2.2, self._steps), 1.0
        )

    def _wander(self, memory: float) -> Series:
        """Autoregressive noise with variance 1; ``memory`` is the correlation of neighbours."""
        drawn = self._random.standard_normal(self._steps + 200)
        held, last = np.empty(len(drawn)), 0.0
        scale = float(np.sqrt(1.0 - memory**2))
        for at, value in enumerate(drawn):
            last = memory * last + scale * value
            held[at] = last
        return held[200:]

    def _ramp(self, seconds: int) -> Series:
        """0 before the onset, then to 1 in ``seconds``."""
        ramp: Series = np.clip((np.arange(self._steps) - REFERENCE + 1) / seconds, 0.0, 1.0)
        return ramp

    def _jitter(self, spread: float) -> Series:
        return np.clip(1.0 + spread * self._wander(0.5), 0.05, None)


def _recorded(values: dict[tuple[str, str], Series], random: np.random.Generator) -> pl.DataFrame:
    """The long table; one value in 200 is missing."""
    frames = []
    for (service, metric), series in values.items():
        kept = np.flatnonzero(random.random(len(series)) >= 0.005)
        frames.append(
            pl.DataFrame(
                {
                    "ts": START + kept * SECOND,
                    "entity": [service] * len(kept),
                    "metric": [metric] * len(kept),
                    "value": series[kept],
                    "peer": [None] * len(kept),
                },
                schema=METRICS,
            )
        )
    return pl.concat(frames).sort("ts", "entity", "metric")
