"""Runs a detector over a labelled set and states its figures."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from tests.benchmarks.detection import nab
from tests.benchmarks.detection.causality import check
from tests.benchmarks.detection.figures import Found, Judged, at_rate, average_precision, grade, together
from tests.benchmarks.detection.intervals import bootstrap, wilson
from tests.benchmarks.detection.protocol import Detector, Scored
from tests.benchmarks.detection.samples import Sample

FALSE_A_DAY = 1.0
TIMES, SEED = 1_000, 1_000_001
"""Of the bootstrap over files."""
CHECKED_ROWS = 2_000
"""Rows after the learned ones that the check for look-ahead runs on."""
Figures = dict[str, object]


def run(detector: Detector, samples: Sequence[Sample], name: str) -> Figures:
    """Figures of a set. Its first file is also run on prefixes.

    Raises:
        LookAheadError: a row's result depends on a later row.
    """
    first = samples[0].rows.until(samples[0].rows.learned + CHECKED_ROWS)
    compared = check(detector, first, (first.learned + (len(first) - first.learned) * 2 // 3,))
    began = time.process_time()
    results = [detector(sample.rows) for sample in samples]
    seconds = time.process_time() - began
    points = sum(sample.rows.values.size for sample in samples)
    stated = _nab(samples, results) if name == "nab" else _machines(samples, results)
    return stated | {"us_a_point": seconds / points * 1e6, "rows_checked_for_look_ahead": compared}


def _nab(samples: Sequence[Sample], results: Sequence[Scored]) -> Figures:
    figures: Figures = {}
    for profile in nab.PROFILES:
        pairs = zip(samples, results, strict=True)
        curves = [nab.curve(result.onset[:, 0], sample.windows, profile) for sample, result in pairs]
        best = nab.optimum(curves, profile)
        drawn = nab.resampled(curves, profile, times=TIMES, seed=SEED)
        low, high = np.nanquantile(drawn, [0.025, 0.975])
        figures[profile.name] = best.score
        figures[f"{profile.name}_interval"] = [float(low), float(high)]
        figures[f"{profile.name}_threshold"] = best.threshold
    judged = [_judged(sample, result, nab.probation(len(sample.rows))) for sample, result in _pairs(samples, results)]
    return figures | _events(judged, samples, results)


def _machines(samples: Sequence[Sample], results: Sequence[Scored]) -> Figures:
    precision = [
        average_precision(sample.label[sample.rows.learned :], result.score[sample.rows.learned :, 0])
        for sample, result in _pairs(samples, results)
    ]
    judged = [_judged(sample, result, sample.rows.learned) for sample, result in _pairs(samples, results)]
    return {
        "auc_pr": float(np.mean(precision)),
        "auc_pr_interval": list(bootstrap(precision, times=TIMES, seed=SEED)),
        "auc_pr_each": {sample.name: value for sample, value in zip(samples, precision, strict=True)},
        "labelled_share": float(np.mean([sample.label[sample.rows.learned :].mean() for sample in samples])),
    } | _events(judged, samples, results)


def _pairs(samples: Sequence[Sample], results: Sequence[Scored]) -> list[tuple[Sample, Scored]]:
    return list(zip(samples, results, strict=True))


def _judged(sample: Sample, result: Scored, begin: int) -> Judged:
    """A sample from row ``begin`` on. An event that began before counts from there."""
    windows = tuple((max(first - begin, 0), last - begin) for first, last in sample.windows if last >= begin)
    return Judged(sample.rows.at[begin:], result.onset[begin:, 0], windows)


def _events(judged: Sequence[Judged], samples: Sequence[Sample], results: Sequence[Scored]) -> Figures:
    bar, found = at_rate(judged, FALSE_A_DAY)
    figures: Figures = {"bar": bar} | _stated("", found)
    own = [
        grade(part, np.flatnonzero(result.opened[len(sample.rows) - len(part.at) :, 0]))
        for part, sample, result in zip(judged, samples, results, strict=True)
        if result.opened is not None
    ]
    return figures | (_stated("own_", together(own)) if own else {})


def _stated(prefix: str, found: Found) -> Figures:
    return {
        f"{prefix}events": found.events,
        f"{prefix}found": found.found,
        f"{prefix}found_interval": list(wilson(found.found, found.events)),
        f"{prefix}delay_seconds": float(np.median(found.delays)) if found.delays else None,
        f"{prefix}false_a_day": found.false / found.days,
    }
