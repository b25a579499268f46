"""Instances that were replaced."""

from __future__ import annotations

import numpy as np

from aiops.agents.monitor.siblings import sibling_spoke_later
from aiops.model.durations import SECOND
from detectors.bank.series_bank import BankSettings, SeriesBank
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.series import SeriesTable


def last_points(*series: tuple[str, str, str, int]) -> tuple[SeriesTable, SeriesBank]:
    """Series of (entity, metric, instance, time of the only point in s)."""
    table, bank = SeriesTable(), SeriesBank(BankSettings(capacity=16))
    table.add(
        [
            SeriesIdentity(entity, metric, (("instance", instance),), "1", SeriesKind.GAUGE)
            for entity, metric, instance, _ in series
        ]
    )
    bank.admit(np.zeros(len(series), np.uint8))
    at = np.array([time * SECOND for *_, time in series], np.int64)
    bank.update(np.arange(len(series), dtype=np.int32), at, np.ones(len(series)))
    return table, bank


def test_a_newer_instance_replaces_an_older_one() -> None:
    """The newest instance has no newer sibling; another metric or entity is no sibling."""
    table, bank = last_points(
        ("shop", "load", "a", 10), ("shop", "load", "b", 50), ("shop", "queue", "a", 90), ("pay", "load", "a", 90)
    )
    assert sibling_spoke_later(table, bank, np.arange(4, dtype=np.int32)).tolist() == [True, False, False, False]


def test_siblings_of_the_same_age_are_all_lost() -> None:
    """No instance took over: the whole entity fell silent."""
    table, bank = last_points(("shop", "load", "a", 10), ("shop", "load", "b", 10))
    assert sibling_spoke_later(table, bank, np.arange(2, dtype=np.int32)).tolist() == [False, False]


def test_no_series_have_no_siblings() -> None:
    """Nothing fell silent."""
    table, bank = last_points(("shop", "load", "a", 10))
    assert sibling_spoke_later(table, bank, np.zeros(0, np.int32)).tolist() == []
