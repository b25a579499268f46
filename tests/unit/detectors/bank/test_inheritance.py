"""A new pod is judged from its tenth point on by what its siblings learned."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.bank.inheritance import FIRST_JUDGED
from detectors.bank.layout import Ended, Phase, ViewCode
from detectors.bank.series_bank import BankSettings, SeriesBank

S = 10**9
T0 = 1_770_000_000 * S
STEP = 10 * S
HEIR = 3


def taught(
    rng: np.random.Generator, levels: tuple[float, ...] = (95.0, 100.0, 105.0), points: int = 1000
) -> SeriesBank:
    """A bank with teachers at some levels, spread 3, and room for an heir."""
    bank = SeriesBank(BankSettings(capacity=16))
    bank.admit(np.zeros(len(levels), np.uint8))
    series = np.tile(np.arange(len(levels), dtype=np.int32), points)
    at = T0 + np.repeat(np.arange(points), len(levels)) * STEP
    bank.update(series, at, np.tile(levels, points) + rng.normal(0, 3, len(series)))
    kin = np.array([[number + 1 for number in range(len(levels))] + [0] * (3 - len(levels))], np.int32)
    bank.admit(np.zeros(1, np.uint8), kin=kin)
    return bank


def heir_of(bank: SeriesBank, values: np.ndarray, begin: int = 1000):  # type: ignore[no-untyped-def]
    """Points of the newest series."""
    series = np.full(len(values), len(bank) - 1, np.int32)
    return bank.update(series, T0 + (begin + np.arange(len(values))) * STEP, values)


def test_the_tenth_point_is_the_first_that_is_judged() -> None:
    """With teachers nine points warm up; without them, thirty do."""
    rng = np.random.default_rng(1)
    found = heir_of(taught(rng), 100 + rng.normal(0, 3, 40)).ended
    alone = heir_of(taught(rng, ()), 100 + rng.normal(0, 3, 40)).ended
    assert (found == Ended.WARMING_UP).sum() == FIRST_JUDGED - 1 == 9
    assert (alone == Ended.WARMING_UP).sum() == 30


@pytest.mark.parametrize("seed", range(40))
def test_a_healthy_pod_raises_nothing(seed: int) -> None:
    """Anywhere between its siblings' levels, for three hours, no episode opens."""
    rng = np.random.default_rng(seed)
    found = heir_of(taught(rng), rng.uniform(95, 105) + rng.normal(0, 3, 1000))
    assert len(found.transitions) == 0


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("level", [60.0, 160.0, 1000.0])
def test_a_sick_pod_is_found_between_its_tenth_and_thirtieth_point(seed: int, level: float) -> None:
    """Sick from birth, it is far from what its siblings know; alone it would be called usual."""
    rng = np.random.default_rng(seed)
    values = level + rng.normal(0, 3, 30)
    opened = [t for t in heir_of(taught(rng), values).transitions if t["phase"] == Phase.OPENED]
    assert len(opened) == 1
    assert T0 + 1009 * STEP <= opened[0]["at"] < T0 + 1029 * STEP
    assert opened[0]["direction"] == (1 if level > 100 else -1)
    assert len(heir_of(taught(rng, ()), values).transitions) == 0


def test_siblings_that_differ_teach_a_wide_range() -> None:
    """Where levels of 10, 100 and 400 are usual, a pod at 250 is no anomaly."""
    rng = np.random.default_rng(3)
    assert len(heir_of(taught(rng, (10.0, 100.0, 400.0)), 250 + rng.normal(0, 3, 200)).transitions) == 0


@pytest.mark.parametrize(("levels", "points"), [((100.0,), 1000), ((95.0, 105.0), 20)])
def test_one_teacher_or_young_ones_are_not_enough(levels: tuple[float, ...], points: int) -> None:
    """The series warms up by itself."""
    rng = np.random.default_rng(4)
    found = heir_of(taught(rng, levels, points), 100 + rng.normal(0, 3, 40)).ended
    assert (found == Ended.WARMING_UP).sum() == 30


def test_the_daily_pattern_is_inherited() -> None:
    """A pod that is born at noon knows the afternoon's peak from three days of its siblings."""
    rng = np.random.default_rng(5)
    bank = SeriesBank(BankSettings(capacity=16))
    bank.admit(np.zeros(2, np.uint8))
    minutes = np.arange(3 * 1440 + 720)
    wave = 100 + 60 * np.sin(2 * np.pi * minutes / 1440)
    begin = T0 - T0 % (86_400 * S)
    at = begin + np.repeat(minutes, 2) * 60 * S
    bank.update(np.tile(np.arange(2, dtype=np.int32), len(minutes)), at, np.repeat(wave, 2) + rng.normal(0, 2, len(at)))
    for kin in ([[1, 2, 0]], [[0, 0, 0]]):
        bank.admit(np.zeros(1, np.uint8), kin=np.array(kin, np.int32))
    later = np.arange(3 * 1440 + 720, 4 * 1440 + 720)
    values = 100 + 60 * np.sin(2 * np.pi * later / 1440)
    series = np.tile(np.array([2, 3], np.int32), len(later))
    noise = rng.normal(0, 2, len(series))
    found = bank.update(series, begin + np.repeat(later, 2) * 60 * S, np.repeat(values, 2) + noise)
    assert [t for t in found.transitions if t["series"] == 2] == []
    rows = bank._state.rows
    assert (rows["hour_known"][2], int(rows["hours_seen"][2]).bit_count()) == (1, 24)
    assert abs(bank._state.hours[2] + rows["origin"][2] - bank._state.hours[0] - rows["origin"][0]).max() < 15


def test_a_teacher_that_is_reclaimed_teaches_no_more() -> None:
    """Its number may belong to somebody else by then; two others go on."""
    rng = np.random.default_rng(6)
    bank = taught(rng)
    bank.release(np.array([0], np.int32))
    bank.admit(np.ones(1, np.uint8), series=np.zeros(1, np.int32))
    assert bank._state.kin[HEIR].tolist() == [0, 2, 3]
    values = 160 + rng.normal(0, 3, 30)
    assert len(heir_of(bank, values).transitions) == 1


@pytest.mark.parametrize("cut", [1, 5, 9, 10, 11, 20])
def test_inheritance_does_not_depend_on_cuts_or_snapshots(cut: int) -> None:
    """Teachers and heir in one batch, in two, and across a snapshot end in the same bytes."""
    rng = np.random.default_rng(7)
    series = np.tile(np.arange(4, dtype=np.int32), 40)
    at = T0 + (1000 + np.repeat(np.arange(40), 4)) * STEP
    value = np.tile((95.0, 100.0, 105.0, 100.0), 40) + rng.normal(0, 3, len(series))
    whole, parts = taught(np.random.default_rng(8)), taught(np.random.default_rng(8))
    whole.update(series, at, value)
    parts.update(series[: 4 * cut], at[: 4 * cut], value[: 4 * cut])
    restored = SeriesBank.from_arrays(parts.to_arrays(), BankSettings(capacity=16))
    for bank in (parts, restored):
        bank.update(series[4 * cut :], at[4 * cut :], value[4 * cut :])
    expected = whole.to_arrays()
    for bank in (parts, restored):
        found = bank.to_arrays()
        for name in ("rows_data", "hours_data", "kin_data", "ring_data", "troubles_data"):
            assert found[name].tobytes() == expected[name].tobytes(), name


def test_the_view_that_found_it_is_told() -> None:
    """An heir's anomaly names a view of the bank, as everybody's."""
    rng = np.random.default_rng(9)
    (opened,) = heir_of(taught(rng), 160 + rng.normal(0, 3, 20)).transitions
    assert opened["view"] in {ViewCode.RANGE, ViewCode.DEVIATION, ViewCode.SHIFT}
    assert abs(opened["expected"] - 100) < 5
