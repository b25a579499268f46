"""Bad releases among pods, rolled out gradually. Synthetic.

Written from the setting of ChangeRCA (Yu et al., "ChangeRCA: Finding Root Causes from Software Changes in Large Online
Systems", FSE 2024): several services are changed within the same hour, one of the changes is bad, and pods with the
change run beside pods without it. Each release replaces one pod after another. The bad one makes its new pods slow,
failing, hungry for processor, or leaking; callers suffer by the share of calls that reach a new pod. Good releases
restart their pods, which empties memory and makes the first half minute slow, and shift processor time and memory for
good, some of them by a half. What is bad shows up to ten minutes after the release began. Real here: noise, load that
changes over time, uneven pods, good releases before, during and after the bad one. Not real: pods keep their names when
they are replaced, and nothing but releases goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from aiops.model.durations import MINUTE, SECOND
from aiops.model.entities import Edge, EdgeKind
from aiops.model.reports import Change
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, shifted
from topology.cases.case import METRICS, Case

Series = npt.NDArray[np.float64]

START = 1_600_000_000 * SECOND
STEP = 15 * SECOND
STEPS = 220
"""55 minutes."""
BEGINS = (110, 140)
"""Step in which the bad release replaces its first pod."""
LAG = 40
"""Steps from the first bad pod to the onset are fewer than this."""
LASTS = 28
"""Steps from the onset to the end: seven minutes."""
CALLS = {
    "web": ("cart", "catalog", "search", "account"),
    "cart": ("pricing", "stock"),
    "catalog": ("pricing", "media"),
    "search": ("catalog", "ranking"),
    "account": ("billing",),
    "checkout": ("cart", "billing", "shipping"),
    "shipping": ("stock",),
}
"""Caller to callees, without cycles."""
ORDER = (
    *("pricing", "stock", "media", "ranking", "billing"),
    *("cart", "catalog", "search", "account", "shipping", "checkout", "web"),
)
"""Services, callees first."""
LEVELS = {"latency": 0.02, "error_rate": 0.002, "cpu": 0.3, "memory": 2.0e8, "requests": 40.0}
NOISE = {"latency": 0.12, "error_rate": 0.5, "cpu": 0.1, "memory": 0.02, "requests": 0.06}
KINDS = ("errors", "latency", "cpu", "leak")
CASES = 60
DECOYS = (2, 5)
"""Good releases of a case."""


@dataclass(frozen=True, slots=True)
class _Release:
    service: str
    pods: tuple[int, ...]
    """Steps in which each pod is replaced; a pod whose step is beyond the end keeps running the old version."""
    kind: str = ""
    """What the new version does wrong; empty: nothing."""
    onset: int = 0
    """Step from which it does so."""
    shift: float = 0.0
    """Logarithm of what the new version needs of processor and memory, relative to the old one."""


def load(seed: int = 1) -> CaseSet:
    """One bad release each, beside good ones; windows with good releases only."""
    return CaseSet(
        "releases",
        lambda: map(partial(_case, seed=seed, bad=True), range(CASES)),
        shifted(-60, 30, 60, 120),
        normal=lambda: map(partial(_case, seed=seed, bad=False), range(CASES)),
        synthetic=True,
    )


def _case(number: int, *, seed: int, bad: bool) -> LabelledCase:
    name = f"releases/{'bad' if bad else 'normal'}/{number}"
    random = np.random.default_rng([seed, *name.encode()])
    pods = {service: int(random.integers(3, 7)) for service in ORDER}
    begin = int(random.integers(*BEGINS))
    onset = begin + int(random.integers(LAG))
    end = onset + LASTS
    chosen = [str(each) for each in random.permutation(ORDER)]
    releases = [
        _release(random, chosen[at], pods[chosen[at]], int(random.integers(begin - 40, end - 6)))
        for at in range(1, 1 + int(random.integers(DECOYS[0], DECOYS[1] + 1)))
    ]
    if bad:
        kind = KINDS[number % len(KINDS)]
        releases.append(replace(_release(random, chosen[0], pods[chosen[0]], begin), kind=kind, onset=onset))
    values = _simulate(random, pods, releases)
    at = START + onset * STEP
    case = Case(
        id=name,
        from_at=START,
        to_at=START + (end - 1) * STEP,
        step=STEP,
        symptom="web",
        metrics=_table(values, end),
        edges=tuple(_edges(pods)),
        changes=tuple(_changes(sorted(releases, key=lambda each: each.pods), end)),
    )
    return LabelledCase(case, frozenset({chosen[0]} if bad else ()), at, KINDS[number % len(KINDS)] if bad else "")


def _release(random: np.random.Generator, service: str, pods: int, begin: int) -> _Release:
    pause = int(random.integers(6, 13))
    spread = 0.4 if random.random() < 0.4 else 0.05
    return _Release(service, tuple(begin + at * pause for at in range(pods)), shift=float(random.normal(0.0, spread)))


def _simulate(
    random: np.random.Generator, pods: dict[str, int], releases: list[_Release]
) -> dict[tuple[str, int, str], Series]:
    """Values of each (service, pod, metric), shape (steps,)."""
    load = 1.0 + 0.15 * np.sin(np.arange(STEPS) / 40 + random.uniform(0, 6)) + 0.03 * _wander(random, 0.9)
    values = {
        (service, pod, metric): _usual(random, load, metric)
        for service in ORDER
        for pod in range(pods[service])
        for metric in LEVELS
    }
    for release in releases:
        for pod, begin in enumerate(release.pods):
            _replace(random, values, (release.service, pod, begin), release)
    for service in ORDER:
        for callee in CALLS.get(service, ()):
            for metric, share in (("latency", 0.6), ("error_rate", 0.8)):
                mean = np.mean([values[callee, pod, metric] for pod in range(pods[callee])], axis=0)
                excess = np.maximum(mean - np.median(mean[: BEGINS[0]]), 0.0)
                for pod in range(pods[service]):
                    values[service, pod, metric] += share * excess * _jitter(random, 0.2)
    return values


def _replace(
    random: np.random.Generator,
    values: dict[tuple[str, int, str], Series],
    which: tuple[str, int, int],
    release: _Release,
) -> None:
    """What the replacement of a (service, pod) at a step does to its series."""
    pod, begin = which[:2], which[2]
    steps = np.arange(STEPS)
    after, age = (steps >= begin).astype(float), np.maximum(steps - begin, 0)
    warm = after * (age < 2)
    values[*pod, "memory"] *= np.exp(release.shift * after) * (1.0 - 0.4 * after * np.exp(-age / 8))
    values[*pod, "cpu"] *= np.exp(release.shift * after) * (1.0 + 0.8 * warm)
    values[*pod, "latency"] *= 1.0 + 1.5 * warm
    wrong = steps >= max(begin, release.onset)
    since, size = np.maximum(steps - max(begin, release.onset), 0), float(random.uniform(0.5, 1.5))
    match release.kind:
        case "errors":
            values[*pod, "error_rate"] += wrong * size * 0.04 * _jitter(random, 0.3)
        case "latency":
            values[*pod, "latency"] += wrong * size * 0.03 * _jitter(random, 0.3)
        case "cpu":
            values[*pod, "cpu"] += wrong * size * 0.3 * _jitter(random, 0.15)
            values[*pod, "latency"] += wrong * size * 0.02 * _jitter(random, 0.3)
        case "leak":
            values[*pod, "memory"] += size * 8.0e6 * since * _jitter(random, 0.05)
            values[*pod, "latency"] += size * 0.002 * since * _jitter(random, 0.3)
        case _:
            pass


def _usual(random: np.random.Generator, load: Series, metric: str) -> Series:
    level = LEVELS[metric] * random.lognormal(0.0, 0.15)
    if metric == "memory":
        return level * (1.0 + NOISE[metric] * _wander(random, 0.95))
    if metric == "error_rate":
        return level * np.exp(NOISE[metric] * _wander(random, 0.2))
    power = 0.3 if metric == "latency" else 1.0
    return level * load**power * np.clip(1.0 + NOISE[metric] * _wander(random, 0.4), 0.1, None)


def _wander(random: np.random.Generator, memory: float) -> Series:
    """Autoregressive noise with variance 1."""
    drawn, held, last = random.standard_normal(STEPS + 50), np.empty(STEPS + 50), 0.0
    for at, value in enumerate(drawn):
        last = memory * last + float(np.sqrt(1.0 - memory**2)) * value
        held[at] = last
    return held[50:]


def _jitter(random: np.random.Generator, spread: float) -> Series:
    return np.clip(1.0 + spread * _wander(random, 0.3), 0.05, None)


def _pod(service: str, pod: int) -> str:
    return f"{service}-{pod}"


def _table(values: dict[tuple[str, int, str], Series], end: int) -> pl.DataFrame:
    times = [START + at * STEP for at in range(end)]
    frames = [
        pl.DataFrame(
            {
                "ts": times,
                "entity": [_pod(service, pod)] * end,
                "metric": [metric] * end,
                "value": series[:end],
                "peer": [None] * end,
            },
            schema=METRICS,
        )
        for (service, pod, metric), series in values.items()
    ]
    return pl.concat(frames).sort("ts", "entity", "metric")


def _edges(pods: dict[str, int]) -> Iterator[Edge]:
    for caller, callees in CALLS.items():
        yield from (Edge(caller, callee) for callee in callees)
    for service, many in pods.items():
        yield from (Edge(_pod(service, pod), service, EdgeKind.PART_OF) for pod in range(many))


def _changes(releases: list[_Release], end: int) -> Iterator[Change]:
    """The releases as they stand at the end: with the pods that were replaced by then."""
    for number, release in enumerate(releases):
        done = tuple(_pod(release.service, pod) for pod, at in enumerate(release.pods) if at < end)
        if done:
            at = START + release.pods[0] * STEP - MINUTE // 4
            yield Change(f"release-{number}", release.service, at, "deploy", instances=done)
