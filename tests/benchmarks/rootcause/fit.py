"""Fits the weights of the weighed ranker: ``python -m tests.benchmarks.rootcause.fit --data DIR [--out FILE]``.

A conditional logistic regression: the candidates of an incident and "unknown" compete by softmax. Weights are at least
0, because each witness states its sign, and are drawn to 1, the weight of evidence in nats that needs no correction.
Every estate counts the same, whatever its number of cases. For each estate the weights are fitted again without it;
those answers give the table, and the calibration of the first candidate's probability.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.benchmarks.rootcause.catalogue import sets
from tests.benchmarks.rootcause.grading import wholes
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, Protocol
from topology.cases.episodes import question
from topology.rankers.weighed import FITTED, WeighedTestimony
from topology.testimony.inquiry import Inquiry
from topology.testimony.witnesses import WITNESSES

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]

PRIOR = 1.0
UNKNOWN_PRIOR = 6.0
RIDGE = 12.0
"""Curvature of the prior: at twice this many cases that tell as much the data count as much as the prior."""
CASES = 40.0
"""Every estate counts like so many cases."""
PROTOCOLS = frozenset({"given", "found+60", "found+300"})
"""The onset given, and found with a late detection; the other shifts are only measured."""
MOST_NORMAL = 40


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One incident: what every witness says of every candidate, and which candidates are right."""

    case: str
    estate: str
    protocol: str
    scores: Matrix
    """(candidates + 1, witnesses + 1); the last row and column are "unknown"."""
    right: npt.NDArray[np.bool_]
    """(candidates + 1,)"""


def estate_of(name: str) -> str:
    """Sets of the same faults, or of the same system, are one estate."""
    return name.removesuffix("-day").removesuffix("-resource").removesuffix("-network")


def row(labelled: LabelledCase, protocol: Protocol, estate: str) -> Row | None:
    """None: the case has no evidence."""
    asked = question(protocol.apply(labelled))
    if asked.evidence is None:
        return None
    inquiry = Inquiry(asked, asked.evidence)
    said = WeighedTestimony(inquiry, FITTED).scores
    whole = wholes(labelled.case.edges)
    truth = labelled.truth | {whole.get(name, name) for name in labelled.truth}
    right = [name in truth or whole.get(name, name) in truth for name in inquiry.names]
    scores = np.zeros((len(said) + 1, len(WITNESSES) + 1))
    scores[:-1, :-1], scores[-1, -1] = said, 1.0
    known = "given" if labelled.truth else "normal"
    name = protocol.name if labelled.truth else known
    return Row(labelled.case.id, estate, name, scores, np.append(right, not labelled.truth))


def rows(cases: CaseSet) -> list[Row]:
    """All rows of one set that are fitted or measured."""
    estate = estate_of(cases.name)
    chosen = [protocol for protocol in cases.protocols if protocol.name in PROTOCOLS]
    found = [row(each, protocol, estate) for each in cases.cases() for protocol in chosen]
    windows = islice(cases.normal(), MOST_NORMAL)
    found += [row(each, Protocol(cases.protocols[-1].source), estate) for each in windows]
    return [each for each in found if each is not None and each.right.any()]


def fit(among: Sequence[Row], *, rounds: int = 60) -> Vector:
    """(witnesses + 1,) weights: projected Newton steps on the penalised negative log-likelihood."""
    prior = np.append(np.full(len(WITNESSES), PRIOR), UNKNOWN_PRIOR)
    many: dict[str, int] = {}
    for each in among:
        many[each.estate] = many.get(each.estate, 0) + 1
    weights = prior.copy()
    value = _loss(weights, among, many, prior=prior)
    for _ in range(rounds):
        slope, curve = _derivatives(weights, among, many, prior=prior)
        free = (weights > 0) | (slope < 0)
        step = np.zeros(len(weights))
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        size, moved = 1.0, weights
        while size > 1e-4:
            moved = np.maximum(weights - size * step, 0.0)
            fresh = _loss(moved, among, many, prior=prior)
            if fresh < value:
                break
            size /= 2
        if size <= 1e-4 or value - fresh < 1e-6:
            break
        weights, value = moved, fresh
    return weights


def _shares(weights: Vector, each: Row) -> tuple[Vector, Vector]:
    """(candidates + 1,) softmax, and the same among the right ones only."""
    total = each.scores @ weights
    share = np.exp(total - total.max())
    among_right = share * each.right
    return share / share.sum(), among_right / max(float(among_right.sum()), 1e-300)


def _loss(weights: Vector, among: Iterable[Row], many: dict[str, int], *, prior: Vector) -> float:
    found = RIDGE / 2 * float(((weights - prior) ** 2).sum())
    for each in among:
        share, _ = _shares(weights, each)
        found -= CASES / many[each.estate] * float(np.log(max(share[each.right].sum(), 1e-300)))
    return found


def _derivatives(
    weights: Vector, among: Iterable[Row], many: dict[str, int], *, prior: Vector
) -> tuple[Vector, Matrix]:
    slope = RIDGE * (weights - prior)
    curve = RIDGE * np.eye(len(weights))
    for each in among:
        share, right = _shares(weights, each)
        factor = CASES / many[each.estate]
        mean = each.scores.T @ share
        slope += factor * (mean - each.scores.T @ right)
        curve += factor * ((each.scores.T * share) @ each.scores - np.outer(mean, mean))
    return slope, curve


def place(weights: Vector, each: Row) -> int:
    """Place of the best right candidate, the worst of its ties; "unknown" is no candidate."""
    total = np.round(each.scores[:-1] @ weights, 9)
    right = each.right[:-1]
    if not right.any():
        return len(total) + 1
    best = total[right].max()
    return int((total > best).sum() + ((total == best) & ~right).sum() + 1)


def first(weights: Vector, each: Row) -> tuple[float, bool]:
    """Uncalibrated probability of the first candidate, and whether it is right."""
    share, _ = _shares(weights, each)
    at = int(np.argmax(share[:-1]))
    return float(share[at]), bool(each.right[at])


def calibrate(pairs: Sequence[tuple[float, bool]], *, rounds: int = 200) -> tuple[float, float]:
    """Slope and offset of Platt's logistic regression on the log-odds."""
    chances = np.clip(np.array([chance for chance, _ in pairs]), 1e-9, 1 - 1e-9)
    odds, right = np.log(chances / (1 - chances)), np.array([float(hit) for _, hit in pairs])
    columns = np.stack((odds, np.ones(len(odds))), axis=1)
    held = np.array([1.0, 0.0])
    for _ in range(rounds):
        sure = 1.0 / (1.0 + np.exp(-columns @ held))
        slope = columns.T @ (sure - right) + 1e-3 * (held - np.array([1.0, 0.0]))
        curve = (columns.T * (sure * (1 - sure))) @ columns + 1e-3 * np.eye(2)
        held = held - 0.5 * np.linalg.solve(curve, slope)
    return float(held[0]), float(held[1])


@dataclass(slots=True)
class LeftOut:
    """What weights that were fitted on the other estates say of each estate."""

    lines: list[str]
    """The table: estate, protocol, cases, share among the first 1, 3 and 5."""
    pairs: list[tuple[float, bool]]
    """Uncalibrated probability of each first candidate, and whether it is right."""
    without: dict[str, dict[str, float]]
    """Witness to estate to the share of first places that it loses without this witness, with the onset given."""


def left_out(all_rows: Sequence[Row]) -> LeftOut:
    """Fits once for each estate, without it."""
    found = LeftOut([], [], {witness.name: {} for witness in WITNESSES})
    for estate in dict.fromkeys(each.estate for each in all_rows):
        weights = fit([each for each in all_rows if each.estate != estate])
        mine = [each for each in all_rows if each.estate == estate]
        found.pairs += [first(weights, each) for each in mine]
        for protocol in dict.fromkeys(each.protocol for each in mine if each.protocol != "normal"):
            places = [place(weights, each) for each in mine if each.protocol == protocol]
            top = [sum(at <= k for at in places) / len(places) for k in (1, 3, 5)]
            found.lines.append(f"{estate:<16}{protocol:<12}{len(places):>5}" + "".join(f"{one:8.2f}" for one in top))
        given = [each for each in mine if each.protocol == "given"]
        for at, witness in enumerate(WITNESSES):
            fewer = weights.copy()
            fewer[at] = 0.0
            lost = sum(place(weights, each) == 1 for each in given) - sum(place(fewer, each) == 1 for each in given)
            found.without[witness.name][estate] = lost / len(given)
    return found


def ablation(without: dict[str, dict[str, float]]) -> str:
    """A line a witness: the share of first places that each estate loses without it."""
    return "\n".join(
        f"{name:<22}" + "".join(f"{estate}: {lost:+.2f}  " for estate, lost in held.items() if abs(lost) >= 0.005)
        for name, held in without.items()
    )


def module(weights: Vector, slope: float, offset: float, *, command: str) -> str:
    """The text of ``topology/rankers/fitted.py``."""
    named = zip((witness.name for witness in WITNESSES), weights.tolist(), strict=False)
    body = "\n".join(f'    "{name}": {value:.3f},' for name, value in named)
    return (
        '"""Weights of the weighed ranker, in nats a nat. Made by a command; do not edit.\n\n'
        f"``{command}``\n"
        '"""\n\nfrom __future__ import annotations\n\nfrom collections.abc import Mapping\nfrom typing import Final\n\n'
        f"BY_WITNESS: Final[Mapping[str, float]] = {{\n{body}\n}}\n"
        f'UNKNOWN: Final = {weights[-1]:.3f}\n"""Score of "unknown"."""\n'
        f"SLOPE: Final = {slope:.3f}\nOFFSET: Final = {offset:.3f}\n"
        '"""Calibration of the first candidate\'s log-odds, on estates that were left out."""\n'
    )


def main() -> None:
    """Print the table, write the weights where asked."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.rootcause.fit", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("AIOPS_BENCH_DATA") or None)
    parser.add_argument("--out", type=Path, help="file for the weights: topology/rankers/fitted.py")
    given = parser.parse_args()
    found = [each for cases in sets(given.data).values() for each in rows(cases)]
    apart = left_out(found)
    print("estate, left out; protocol; cases; top-1, top-3, top-5")
    print("\n".join(apart.lines))
    print(f"\nfirst places lost without each witness, the onset given\n{ablation(apart.without)}\n")
    slope, offset = calibrate(apart.pairs)
    text = module(fit(found), slope, offset, command=f"{parser.prog} --data DIR --out topology/rankers/fitted.py")
    print(text)
    if given.out:
        given.out.write_text(text)


if __name__ == "__main__":
    main()
