"""The tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Figures = Mapping[str, object]
NAB_HEAD = f"{'':18} {'standard':>20} {'low FP':>20} {'low FN':>20} {'found':>7} {'own':>7} {'own false/day':>13}"
SET_HEAD = (
    f"{'':18} {'AUC-PR':>20} {'found at 1 false/day':>20} {'delay':>8} {'own found':>9} {'own false/day':>13} "
    f"{'µs/point':>9}"
)


def labelled(name: str, rows: Mapping[str, Figures]) -> str:
    """The table of a labelled set: one line a detector."""
    lines = [
        _nab_line(detector, each) if name == "nab" else _set_line(detector, each) for detector, each in rows.items()
    ]
    head = NAB_HEAD if name == "nab" else SET_HEAD
    return "\n".join([f"{name} ({next(iter(rows.values()))['events']} events)", head, *lines])


def number(value: object, digits: int = 3) -> str:
    """A figure as text; a dash stands for one that does not exist."""
    return "-" if value is None else f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def within(value: object, interval: object, digits: int = 3) -> str:
    """A figure and its interval."""
    assert isinstance(interval, Sequence)
    return f"{number(value, digits)} [{number(interval[0], digits)}, {number(interval[1], digits)}]"


def _nab_line(detector: str, each: Figures) -> str:
    names = ("standard", "reward_low_FP", "reward_low_FN")
    scores = " ".join(f"{within(each[name], each[name + '_interval'], 1):>20}" for name in names)
    own = f"{number(each.get('own_found')):>7} {number(each.get('own_false_a_day')):>13}"
    return f"{detector:18} {scores} {number(each['found']):>7} {own}"


def _set_line(detector: str, each: Figures) -> str:
    delay = each["delay_seconds"]
    return (
        f"{detector:18} {within(each['auc_pr'], each['auc_pr_interval']):>20} {number(each['found']):>20} "
        f"{'-' if delay is None else f'{delay:.0f} s':>8} {number(each.get('own_found')):>9} "
        f"{number(each.get('own_false_a_day')):>13} {number(each['us_a_point']):>9}"
    )
