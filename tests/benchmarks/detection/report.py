"""The tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Figures = Mapping[str, object]
NAB_HEAD = f"{'':18} {'standard':>20} {'low FP':>20} {'low FN':>20} {'own found':>9} {'own false/day':>13}"
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
    return f"{detector:18} {scores} {number(each.get('own_found')):>9} {number(each.get('own_false_a_day')):>13}"


def _set_line(detector: str, each: Figures) -> str:
    delay = each["delay_seconds"]
    return (
        f"{detector:18} {within(each['auc_pr'], each['auc_pr_interval']):>20} {number(each['found']):>20} "
        f"{'-' if delay is None else f'{delay:.0f} s':>8} {number(each.get('own_found')):>9} "
        f"{number(each.get('own_false_a_day')):>13} {number(each['us_a_point']):>9}"
    )


def power(rows: Mapping[str, Figures]) -> str:
    """Share found of each case, a column a detector."""
    cases = {name: _mapping(each["cases"]) for name, each in rows.items()}
    names = list(next(iter(cases.values())))
    lines = [f"{name:36} " + " ".join(_share(_mapping(each[name])) for each in cases.values()) for name in names]
    head = f"{'found, and the median delay in seconds':36} " + " ".join(f"{name[:18]:>18}" for name in rows)
    return "\n".join(["power, at 10 false episodes a day per 1,000 series", head, *lines])


def false_episodes(name: str, rows: Mapping[str, Figures]) -> str:
    """False episodes a day per 1,000 series at each budget, a line a detector; then by kind at a budget of 10."""
    lines = [f"{name}: false episodes a day per 1,000 series, at budgets of 1, 10 and 100"]
    for detector, each in rows.items():
        everything = _mapping(_mapping(each["rates"])["all"])
        rates = " ".join(f"{_rate(_mapping(rate)):>26}" for rate in everything.values())
        lines.append(f"{detector:18} {rates} {number(each['series_days'], 0):>9} series-days")
    kinds = [kind for kind in _mapping(next(iter(rows.values()))["rates"]) if kind != "all"]
    lines.append(f"{'by kind, at a budget of 10':24} " + " ".join(f"{each[:18]:>18}" for each in rows))
    for kind in kinds:
        each_rate = [_mapping(_mapping(_mapping(each["rates"])[kind])["10"]) for each in rows.values()]
        lines.append(f"{kind:24} " + " ".join(f"{number(rate['a_day_per_1000'], 1):>18}" for rate in each_rate))
    return "\n".join(lines)


def _mapping(value: object) -> Figures:
    assert isinstance(value, Mapping)
    return value


def _share(case: Figures) -> str:
    delay = case["delay_seconds"]
    return f"{number(case['share'], 2):>9} {'-' if delay is None else f'{delay:.0f}':>8}"


def _rate(rate: Figures) -> str:
    return within(rate["a_day_per_1000"], rate["interval"], 1)
