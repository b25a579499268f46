"""What every further view must do. The subject is its module; it is judged inside a real, compiled bank."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.contracts.rule import require
from detectors.bank.layout import FIRST_VIEW
from detectors.bank.series_bank import BankResult, BankSettings, SeriesBank
from detectors.views.protocol import MOST_BYTES, ViewModule

SECOND: Final = 1_000_000_000
START: Final = 1_750_000_000 * SECOND
SETTINGS: Final = BankSettings(capacity=8, ring_steps=4)
POINTS: Final = 600


def its_state_is_small(view: ViewModule) -> None:
    """A million series are kept: the state is structured and at most ``MOST_BYTES``."""
    size = view.STATE.itemsize
    require(view.STATE.names is not None and size <= MOST_BYTES, f"{size} B a series, at most {MOST_BYTES} are allowed")


def plain_noise_is_told_by_no_view(view: ViewModule) -> None:
    """With the view, noise opens no episode of it, and hardly a point more is flagged than without."""
    plain, extended = _bank(None), _bank(view)
    before, after = _run(plain, 0, POINTS), _run(extended, 0, POINTS)
    more = int((after.score >= 0.5).sum()) - int((before.score >= 0.5).sum())
    require(more <= POINTS * 8 / 200, f"{more} points of normal noise more are flagged with this view")
    spoken = after.transitions["view"]
    require(not (spoken == FIRST_VIEW).any(), "the view opens an episode on normal noise")


def any_split_gives_the_same_bytes(view: ViewModule) -> None:
    """However the input is cut into batches, scores and state are the same."""
    whole, cut = _bank(view), _bank(view)
    expected = _run(whole, 0, POINTS).score
    found = np.concatenate([_run(cut, begin, begin + 50).score for begin in range(0, POINTS, 50)])
    require(expected.tobytes() == found.tobytes(), "scores depend on how the input is cut")
    one, two = whole.to_arrays(), cut.to_arrays()
    same = all(one[name].tobytes() == two[name].tobytes() for name in one if name != "head")
    require(same, "the state depends on how the input is cut")


def a_restored_view_goes_on_exactly(view: ViewModule) -> None:
    """From a snapshot the bank gives the scores of one that never stopped."""
    running = _bank(view)
    _run(running, 0, 300)
    restored = SeriesBank(SETTINGS, (view,))
    restored.extend(running.to_arrays())
    same = _run(running, 300, POINTS).score.tobytes() == _run(restored, 300, POINTS).score.tobytes()
    require(same, "a restored bank scores otherwise than the one that went on")


def wild_values_give_scores(view: ViewModule) -> None:
    """Huge, tiny, constant: every score stays a number in [0, 1]."""
    bank = _bank(view)
    values = np.tile([0.0, 1e300, -1e300, 1e-300, 5.0, 5.0], 100)
    at = START + np.arange(len(values), dtype=np.int64) * SECOND
    score = bank.update(np.zeros(len(values), np.int32), at, values).score
    require(bool(((score >= 0.0) & (score <= 1.0)).all()), "a score is not a number in [0, 1]")


RULES: Final = (
    its_state_is_small,
    plain_noise_is_told_by_no_view,
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
