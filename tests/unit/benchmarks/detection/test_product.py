"""The product is run as `aiops detect` runs it."""

from __future__ import annotations

import numpy as np

from detectors.detection import detect
from tests.benchmarks.detection.product import as_table, eager, product, strict
from tests.benchmarks.detection.protocol import regular


def values() -> np.ndarray:
    """Three series with a level shift in the second."""
    made = np.random.default_rng(1).normal(size=(800, 3)) + 100
    made[600:, 1] += 8.0
    made[::5, 2] = np.nan
    return made


def test_columns_together_are_one_entity_of_a_wide_table() -> None:
    """Its scores and alerts, learned rows before."""
    rows = regular(values(), 60, learned=200)
    expected = detect(as_table(rows), 200)
    found = product(rows)
    assert found.score[:, 0].tolist() == expected.score.tolist()
    assert found.onset[:, 0].tolist() == expected.onset.tolist()
    assert found.opened is not None
    assert found.opened[:, 0].tolist() == expected.alert.tolist()
    assert found.opened[600:].any()


def test_columns_apart_are_tables_of_one_column() -> None:
    """Each has the scores and the alerts that it has alone."""
    found = product(regular(values(), 60, learned=200, apart=True))
    assert found.opened is not None
    for column in range(3):
        alone = detect(as_table(regular(values()[:, [column]], 60)), 200)
        kept = np.isfinite(values()[:, column])
        assert found.score[kept, column].tolist() == alone.score[kept].tolist()
        assert np.flatnonzero(found.opened[:, column]).tolist() == np.flatnonzero(alone.alert).tolist()


def test_a_larger_budget_opens_no_fewer_episodes() -> None:
    """One, ten and a hundred false episodes a day per 1,000 series."""
    rows = regular(values(), 60, learned=200, apart=True)
    opened = [run(rows).opened for run in (strict, product, eager)]
    counts = [int(one.sum()) for one in opened if one is not None]
    assert counts == sorted(counts)
    assert counts[-1] > 0
