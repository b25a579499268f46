"""A made-up case of three services: web calls cart, cart calls store. Twenty seconds, the fault begins at second 12."""

from __future__ import annotations

import polars as pl

from aiops.model.durations import SECOND
from aiops.model.entities import Edge
from tests.benchmarks.rootcause.labelled import LabelledCase
from topology.cases.case import METRICS, Case

START = 1_000 * SECOND
ONSET = START + 12 * SECOND
END = START + 19 * SECOND
WAVE = (-1.0, 1.0)

Values = dict[tuple[str, str], list[float]]


def steady(level: float, after: list[float], spread: float = 1.0) -> list[float]:
    """Twelve values that alternate around a level, then ``after``."""
    return [level + spread * WAVE[at % 2] for at in range(12)] + after


def metrics(values: Values) -> pl.DataFrame:
    """The long table of each (entity, metric), a value a second."""
    rows = [
        (START + at * SECOND, entity, metric, value, None)
        for (entity, metric), series in values.items()
        for at, value in enumerate(series)
    ]
    return pl.DataFrame(rows, schema=METRICS, orient="row")


def case(values: Values, name: str = "made-up") -> Case:
    """The three services with these series."""
    return Case(
        id=name,
        from_at=START,
        to_at=END,
        step=SECOND,
        symptom="web",
        metrics=metrics(values),
        edges=(Edge("web", "cart"), Edge("cart", "store")),
    )


def store_fails() -> Values:
    """Latency rises in all three; only the store's processor is busy, only its rise is not explained by a callee."""
    return {
        ("web", "latency"): steady(100, [140, 150, 180, 170, 190, 200, 210, 205]),
        ("cart", "latency"): steady(50, [80, 85, 82, 90, 88, 91, 80, 84]),
        ("store", "latency"): steady(20, [60, 70, 100, 90, 110, 120, 130, 125]),
        ("web", "cpu"): steady(10, [10, 11, 9, 10, 11, 9, 10, 11]),
        ("cart", "cpu"): steady(10, [11, 9, 10, 11, 9, 10, 11, 9]),
        ("store", "cpu"): steady(10, [20, 30, 30, 30, 30, 30, 30, 30]),
    }


def labelled(values: Values | None = None) -> LabelledCase:
    """The made-up case with its truth."""
    return LabelledCase(
        case(values or store_fails()), truth=frozenset({"store"}), onset=ONSET, kind="cpu", symptom_metric="latency"
    )
