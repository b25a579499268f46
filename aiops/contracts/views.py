"""Rules for every further view. The subject is its module; the rules run it inside a real, compiled bank."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.contracts.rule import require
from aiops.model.durations import SECOND
from detectors.bank.layout import FIRST_VIEW
from detectors.bank.series_bank import BankResult, BankSettings, SeriesBank
from detectors.views.protocol import MOST_BYTES, ViewModule

START: Final = 1_750_000_000 * SECOND
SETTINGS: Final = BankSettings(capacity=8, ring_steps=4)
POINTS: Final = 600


def its_state_is_small(view: ViewModule) -> None:
    """The state per series is a structured dtype of at most ``MOST_BYTES`` bytes."""
    size = view.STATE.itemsize
    require(view.STATE.names is not None and size <= MOST_BYTES, f"{size} B a series, at most {MOST_BYTES} are allowed")


def plain_noise_is_flagged_by_no_view(view: ViewModule) -> None:
    """On normal noise the view opens no episode, and flags at most POINTS * 8 / 200 points more than the bank alone."""
    plain, extended = _bank(None), _bank(view)
    before, after = _run(plain, 0, POINTS), _run(extended, 0, POINTS)
    more = int((after.score >= 0.5).sum()) - int((before.score >= 0.5).sum())
    require(more <= POINTS * 8 / 200, f"{more} more points of normal noise are flagged with this view")
    spoken = after.transitions["view"]
    require(not (spoken == FIRST_VIEW).any(), "the view opens an episode on normal noise")


def any_split_gives_the_same_bytes(view: ViewModule) -> None:
    """Any division of the input into batches gives the same scores and state."""
    whole, cut = _bank(view), _bank(view)
    expected = _run(whole, 0, POINTS).score
    found = np.concatenate([_run(cut, begin, begin + 50).score for begin in range(0, POINTS, 50)])
    require(expected.tobytes() == found.tobytes(), "scores depend on the division into batches")
    one, two = whole.to_arrays(), cut.to_arrays()
    same = all(one[name].tobytes() == two[name].tobytes() for name in one if name != "head")
    require(same, "the state depends on the division into batches")


def a_restored_view_goes_on_exactly(view: ViewModule) -> None:
    """A bank restored from a snapshot gives the same scores as one that never stopped."""
    running = _bank(view)
    _run(running, 0, 300)
    restored = SeriesBank(SETTINGS, (view,))
    restored.extend(running.to_arrays())
    same = _run(running, 300, POINTS).score.tobytes() == _run(restored, 300, POINTS).score.tobytes()
    require(same, "a restored bank scores differently from one that never stopped")


def wild_values_give_scores(view: ViewModule) -> None:
    """For huge, tiny and constant values every score is a number in [0, 1]."""
    bank = _bank(view)
    values = np.tile([0.0, 1e300, -1e300, 1e-300, 5.0, 5.0], 100)
    at = START + np.arange(len(values), dtype=np.int64) * SECOND
    score = bank.update(np.zeros(len(values), np.int32), at, values).score
    require(bool(((score >= 0.0) & (score <= 1.0)).all()), "a score is not a number in [0, 1]")


RULES: Final = (
    its_state_is_small,
    plain_noise_is_flagged_by_no_view,
    any_split_gives_the_same_bytes,
    a_restored_view_goes_on_exactly,
    wild_values_give_scores,
)


def _bank(view: ViewModule | None) -> SeriesBank:
    bank = SeriesBank(SETTINGS, () if view is None else (view,))
    bank.admit(np.zeros(8, np.uint8))
    return bank


def _run(bank: SeriesBank, begin: int, end: int) -> BankResult:
    """Rounds [begin, end) of all eight series."""
    at = START + np.repeat(np.arange(begin, end, dtype=np.int64), 8) * 10 * SECOND
    return bank.update(np.tile(np.arange(8, dtype=np.int32), end - begin), at, _noise()[begin:end].reshape(-1))


def _noise() -> npt.NDArray[np.float64]:
    return np.random.default_rng(5).normal(50, 2, (POINTS, 8))
