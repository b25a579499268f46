"""The page for people shows what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiops.model.metric_semantics.custom import parse_rows
from aiops.model.metric_semantics.semantics import MetricPart, MetricRole, MetricSubject, Worse
from aiops.model.metric_semantics.shipped import rows
from aiops.model.metric_semantics.table import MetricTable

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "metrics.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0]


def test_the_example_is_a_file_that_loads_and_means_what_the_page_says() -> None:
    """Each row of it is used below."""
    table = MetricTable(parse_rows(EXAMPLE))
    assert len(table.custom) == len(EXAMPLE.strip().splitlines())
    assert table.of("shop.cart.abandoned").role is MetricRole.ERRORS
    assert table.of("shop.pay.queue.depth").full == 10_000
    assert table.of("postgresql.backends").role is MetricRole.SATURATION
    assert table.of("billing.render.time.p99", "ms").role is MetricRole.LATENCY
    assert table.of("billing.render.time.count", "1").role is MetricRole.TRAFFIC
    assert (table.of("shop.stock.level").worse, table.of("shop.stock.level").full) == (Worse.DOWN, 0.0)


@pytest.mark.parametrize("value", [*MetricRole, *MetricPart, *MetricSubject, "up", "down", "neither"])
def test_every_value_is_explained(value: str) -> None:
    """Nobody has to read the source for a word."""
    assert f"`{value}`" in PAGE


def test_the_number_of_names_is_about_right() -> None:
    """The page says about how many."""
    told = int(re.findall(r"about\s+([\d,]+)\s+metrics", PAGE)[0].replace(",", ""))
    assert abs(len(list(rows())) - told) < 100


def test_the_words_of_the_page_mean_what_it_says() -> None:
    """The examples of guesses."""
    table = MetricTable()
    assert table.of("shop.checkout.errors").role is MetricRole.ERRORS
    assert table.of("shop.stock.unavailable").worse is Worse.UP
    assert table.of("shop.stock.available").worse is Worse.DOWN
