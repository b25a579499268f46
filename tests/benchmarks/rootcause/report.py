"""Figures of results: as a table that people read, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tests.benchmarks.rootcause.grading import (
    BAR,
    BARS,
    MOST_WORSE,
    Answer,
    average_at_5,
    best_of,
    calibration_error,
    compare,
    reliability,
    share_within,
    wilson,
)
from tests.benchmarks.rootcause.run import Graded, Results

TOPS = (1, 3, 5)


def figures(results: Results) -> dict[str, Any]:
    """Everything about one set under one protocol."""
    cases = len(results.answers[results.product])
    rankers = {name: _ranker(results.answers[name]) for name in (results.product, *results.baselines)}
    best = best_of({name: results.places(name) for name in results.baselines})
    paired = None
    if best is not None:
        found = compare(results.places(results.product), results.places(best), best)
        paired = {"baseline": best, "wins": found.wins, "losses": found.losses, "holds": found.holds}
    return {
        "set": results.set_name,
        "protocol": results.protocol,
        "cases": cases,
        "product": results.product,
        "rankers": rankers,
        "calibration": calibration(firsts(results.answers[results.product])),
        "against_best": paired,
        "by_kind": _kinds(results.answers[results.product]),
        "places": {
            name: {each.case: each.place for each in results.answers[name]}
            for name in (results.product, *results.baselines)
        },
    }


def _ranker(answers: Sequence[Graded]) -> dict[str, Any]:
    places = [each.place for each in answers]
    shares: dict[str, Any] = {}
    for top in TOPS:
        hits = sum(at is not None and at <= top for at in places)
        shares[f"ac@{top}"] = share_within(places, top)
        shares[f"ac@{top}_interval"] = wilson(hits, len(places))
    return {
        **shares,
        "avg@5": average_at_5(places),
        "empty": sum(not each.answer.scores for each in answers),
        "unknown": sum(each.answer.unknown for each in answers),
        "ms_a_case": 1000 * sum(each.answer.seconds for each in answers) / max(len(answers), 1),
    }


def _kinds(answers: Sequence[Graded]) -> dict[str, dict[str, float]]:
    kinds = sorted({each.kind for each in answers})
    held = {kind: [each.place for each in answers if each.kind == kind] for kind in kinds}
    return {
        kind: {"cases": len(places), **{f"ac@{top}": share_within(places, top) for top in TOPS}}
        for kind, places in held.items()
    }


def firsts(answers: Iterable[Graded]) -> list[tuple[float, bool]]:
    """Probability of the first hypothesis, and whether it is right alone in its place."""
    return [(each.answer.first, each.place == 1) for each in answers]


def calibration(pairs: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Calibration of the first hypothesis, with what is wrong above the bar."""
    above = [right for chance, right in pairs if chance >= BAR]
    return {
        "cases": len(pairs),
        "ece": calibration_error(pairs),
        "above_bar": len(above),
        "wrong_above_bar": sum(not right for right in above),
        "reliability": [
            {
                "low": each.low,
                "high": each.high,
                "cases": each.cases,
                "probability": each.probability,
                "right": each.right,
            }
            for each in reliability(pairs)
        ],
    }


def false_blame(answers: Sequence[Answer]) -> dict[str, Any]:
    """Of windows without a fault: shares with a first hypothesis at or above each bar."""
    many = len(answers)
    held = {bar: sum(each.first >= bar and not each.unknown for each in answers) for bar in BARS}
    return {
        "windows": many,
        "unknown": sum(each.unknown for each in answers),
        **{f"at_least_{bar}": {"share": hits / many, "interval": wilson(hits, many)} for bar, hits in held.items()},
    }


def table(found: dict[str, Any]) -> str:
    """One set under one protocol, a line each ranker."""
    head = f"\n{found['set']}  onset {found['protocol']}  {found['cases']} cases\n"
    names = f"  {'ranker':<20}" + "".join(f"AC@{top} [95 %]".ljust(20) for top in TOPS)
    lines = [head + names + "Avg@5  empty  unknown  ms a case"]
    for name, row in found["rankers"].items():
        shares = "".join(
            f"{row[f'ac@{top}']:.3f} [{row[f'ac@{top}_interval'][0]:.2f}, {row[f'ac@{top}_interval'][1]:.2f}]".ljust(20)
            for top in TOPS
        )
        mark = "*" if name == found["product"] else " "
        counts = f"{row['avg@5']:.3f}  {row['empty']:>5}  {row['unknown']:>7}  {row['ms_a_case']:>9.1f}"
        lines.append(f"{mark} {name:<20}{shares}{counts}")
    pair = found["against_best"]
    if pair:
        verdict = "holds" if pair["holds"] else "does not hold"
        lines.append(
            f"  against {pair['baseline']}, the best baseline: {pair['wins']} won, {pair['losses']} lost; "
            f"at most {MOST_WORSE} worse {verdict}"
        )
    lines.append(_sure(found["calibration"]))
    return "\n".join(lines)


def _sure(found: dict[str, Any]) -> str:
    return (
        f"  first hypothesis: ECE {found['ece']:.3f}; {found['above_bar']} at or above {BAR}, "
        f"{found['wrong_above_bar']} of them wrong"
    )


def reliability_table(found: dict[str, Any]) -> str:
    """Calibration of all sets pooled, a line each bin."""
    lines = [f"\nall sets, {found['cases']} answers", _sure(found), "  probability    cases   mean    right"]
    for each in found["reliability"]:
        shares = f"{each['cases']:>9}  {each['probability']:>5.2f}  {each['right']:>7.2f}"
        lines.append(f"  ({each['low']:.1f}, {each['high']:.1f}]  {shares}")
    return "\n".join(lines)


def blame_line(name: str, found: dict[str, Any]) -> str:
    """False blame of one set."""
    shares = "  ".join(f">= {bar}: {found[f'at_least_{bar}']['share']:.3f}" for bar in BARS)
    low, high = found[f"at_least_{BAR}"]["interval"]
    return f"  {name:<20}{found['windows']:>4} windows  {shares}  ({BAR}: [{low:.2f}, {high:.2f}])"
