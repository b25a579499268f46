"""Witnesses that read metrics, alone and along calls."""

from __future__ import annotations

import numpy as np

from aiops.model.episodes import Source
from aiops.model.prose import Prose
from aiops.model.series_evidence import Floats
from topology.hints import Family
from topology.testimony.inquiry import FELT, INNER, SLOW, Inquiry
from topology.testimony.sentences import duration, moved

BUSIER = float(np.log1p(3.0))
"""Traffic that rose by less than three spreads, in nats, is not more than usual."""
SIGNIFICANT = 3.0
"""Divisor of a correlation's z-score: about one nat for each three standard errors."""
OUT = float(np.log1p(5.0))
"""From this many nats on a series counts for when its entity was first abnormal."""


class InnerDeviation:
    """A cause shows in its own resources; a victim only in what it serves.

    The largest robust deviation in processor, memory, disk, queues and restarts: the internal metrics of PRISM (2026),
    measured as BARO does (Pham et al., FSE 2024), on a logarithmic scale.
    """

    name = "inner deviation"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        return inquiry.largest(inquiry.own & inquiry.in_families(INNER), inquiry.size)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The series that moved most."""
        row = inquiry.row_of(candidate, inquiry.own & inquiry.in_families(INNER), inquiry.size)
        return None if row is None else moved(inquiry, row)


class HarmBegins:
    """Harm begins where callees are healthy.

    Harm in the symptom's kind of metric, less the worst such harm among the callees: the last abnormal node of
    MicroHECL (Liu et al., ICSE-SEIP 2021), graded instead of with a threshold.
    """

    name = "harm begins"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        return np.maximum(inquiry.kin - inquiry.of_callees(inquiry.kin), 0.0)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The series that got worst, and whether its callees are as bad."""
        row = inquiry.row_of(candidate, inquiry.akin, inquiry.harm)
        if row is None or inquiry.harm[row] <= 0:
            return None
        callees = inquiry.calls[1][inquiry.calls[0] == candidate]
        if not len(callees):
            return moved(inquiry, row)
        worst = int(callees[np.argmax(inquiry.kin[callees])])
        below = (
            "its callees are nearer to usual"
            if inquiry.kin[worst] < inquiry.kin[candidate]
            else (f"its callee {inquiry.names[worst]} is as bad")
        )
        return Prose(f"{moved(inquiry, row)}; {below}")


class HarmSpreads:
    """The cause's harm reaches its callers.

    The smaller of an entity's own deviation and its callers' harm: what nobody above feels explains no symptom
    (traversal from the symptom, as in PetShop's baseline, Hardt et al., CLeaR 2024).
    """

    name = "harm spreads"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        felt = inquiry.largest(inquiry.own & inquiry.in_families(FELT), inquiry.harm)
        inner = inquiry.largest(inquiry.own & inquiry.in_families(INNER), inquiry.size)
        return np.minimum(np.maximum(felt, inner), inquiry.of_callers(felt))

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The caller that is worst off."""
        callers = inquiry.calls[0][inquiry.calls[1] == candidate]
        felt = inquiry.own & inquiry.in_families(FELT)
        rows = [row for caller in callers.tolist() if (row := inquiry.row_of(caller, felt, inquiry.harm)) is not None]
        if not rows:
            return None
        worst = max(rows, key=lambda row: float(inquiry.harm[row]))
        caller = inquiry.names[inquiry.of[worst]]
        return Prose(f"{inquiry.names[candidate]} is called by {caller}, where {moved(inquiry, worst)}")


class Overload:
    """Who has more traffic than usual is harmed by its callers. Its scores are negative."""

    name = "overload"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats, at most 0."""
        rows = inquiry.own & inquiry.in_families(frozenset({Family.TRAFFIC})) & (inquiry.evidence.deviation > 0)
        busier = np.maximum(inquiry.largest(rows, inquiry.size) - BUSIER, 0.0)
        return -np.minimum(busier, inquiry.largest(inquiry.own & ~rows, inquiry.harm))

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The traffic that rose."""
        rows = inquiry.own & inquiry.in_families(frozenset({Family.TRAFFIC})) & (inquiry.evidence.deviation > 0)
        row = inquiry.row_of(candidate, rows, inquiry.size)
        return None if row is None or inquiry.size[row] < BUSIER else moved(inquiry, row)


class SymptomCorrelation:
    """The cause moves with the symptom.

    Spearman's correlation of latency, errors and availability with the symptom's worst series, as PetShop's strongest
    baseline ranks by its p-value. The symptom itself gets what the best of the others gets.
    """

    name = "symptom correlation"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats."""
        evidence = inquiry.evidence
        way = np.sign(evidence.deviation) == inquiry.worse
        found = inquiry.largest(inquiry.own & inquiry.in_families(FELT) & way, np.maximum(evidence.correlation, 0.0))
        entrances = np.isin(np.arange(len(inquiry)), sorted(inquiry.entrances))
        others = found[~entrances]
        return np.where(entrances, np.minimum(found, others.max(initial=0.0)), found) / SIGNIFICANT

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The series that moves with the symptom."""
        row = inquiry.row_of(candidate, inquiry.own & inquiry.in_families(FELT), inquiry.evidence.correlation)
        if row is None or inquiry.evidence.correlation[row] <= 0 or candidate in inquiry.entrances:
            return None
        errors = float(inquiry.evidence.correlation[row])
        series = inquiry.evidence.series[row]
        return Prose(f"{series} of {inquiry.names[candidate]} moves with the symptom, {errors:.2g} standard errors")


class Residual:
    """A cause is slow by more than what its callees explain.

    Latency gained less the callees' largest gain, as a share of the largest such residual: a regression with weight 1,
    after CIRCA (Li et al., KDD 2022).
    """

    name = "residual"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) in [0, 1]."""
        found = np.maximum(self._gain(inquiry) - inquiry.of_callees(self._gain(inquiry)), 0.0)
        return found / max(float(found.max(initial=0.0)), 1e-9)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The latency that callees do not explain."""
        gain = self._gain(inquiry)
        rest = float(gain[candidate] - inquiry.of_callees(gain)[candidate])
        if rest <= 0:
            return None
        name = inquiry.names[candidate]
        return Prose(f"{duration(rest)} of the latency that {name} gained do not come from its callees")

    @staticmethod
    def _gain(inquiry: Inquiry) -> Floats:
        """(m,) seconds."""
        rows = inquiry.own & inquiry.in_families(SLOW)
        factors = {metric: inquiry.hints.of_metric(metric)[0].unit.factor for metric in set(inquiry.evidence.metric)}
        factor = np.array([factors[metric] for metric in inquiry.evidence.metric], np.float64)
        return inquiry.largest(rows, np.nan_to_num(inquiry.evidence.difference * factor))


class Silence:
    """Who is dead sends nothing: the share of an entity's metrics that stopped."""

    name = "silence"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) in [0, 1]."""
        many = inquiry.total(inquiry.metrics, np.ones(len(inquiry.evidence)))
        return inquiry.total(inquiry.metrics, inquiry.evidence.silent.astype(np.float64)) / np.maximum(many, 1.0)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """How many stopped."""
        mine = inquiry.metrics & (inquiry.of == candidate)
        stopped = int((mine & inquiry.evidence.silent).sum())
        return (
            Prose(f"{stopped} of {int(mine.sum())} series of {inquiry.names[candidate]} stopped") if stopped else None
        )


class Earliest:
    """The cause is abnormal first, as far as the sampling can tell: 1 / (1 + steps after the first)."""

    name = "earliest"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) in [0, 1]."""
        first = self._first(inquiry)
        known = np.isfinite(first)
        if not np.any(known) or not inquiry.evidence.resolution:
            return np.zeros(len(inquiry))
        late = (first - first[known].min()) / inquiry.evidence.resolution
        return np.where(known, 1.0 / (1.0 + np.where(known, late, 0.0)), 0.0)

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """How long after the first."""
        first = self._first(inquiry)
        known = np.isfinite(first)
        if not known[candidate]:
            return None
        late = float(first[candidate] - first[known].min()) / 1e9
        name, many = inquiry.names[candidate], int(known.sum())
        if late * 1e9 <= inquiry.evidence.resolution:
            return Prose(f"{name} was among the first of {many} entities to leave their usual range")
        return Prose(f"{name} left its usual range {late:.0f} s after the first of {many} entities")

    @staticmethod
    def _first(inquiry: Inquiry) -> Floats:
        """(m,) ns; infinite: never."""
        evidence = inquiry.evidence
        rows = (evidence.changed_at > 0) & inquiry.own & (inquiry.size > OUT)
        found = np.full(len(inquiry), np.inf)
        np.minimum.at(found, inquiry.of[rows], evidence.changed_at[rows].astype(np.float64))
        return found


class OddSibling:
    """An instance that differs from its siblings has the trouble itself; what all share comes from elsewhere.

    Largest deviation less the siblings' largest: the comparison with untreated instances of ChangeRCA (Yu et al., FSE
    2024), without a change.
    """

    name = "odd sibling"
    source = Source.METRIC

    def scores(self, inquiry: Inquiry) -> Floats:
        """(m,) nats; 0 without siblings."""
        base = self._base(inquiry)
        return np.array(
            [base[at] - base[list(others)].max() if others else 0.0 for at, others in enumerate(inquiry.siblings)]
        )

    def says(self, inquiry: Inquiry, candidate: int) -> Prose | None:
        """The sibling that is next."""
        others = inquiry.siblings[candidate]
        row = inquiry.row_of(candidate, self._rows(inquiry), inquiry.harm)
        if not others or row is None:
            return None
        base = self._base(inquiry)
        next_to = max(others, key=lambda at: float(base[at]))
        times = float(np.expm1(base[next_to]))
        return Prose(f"{moved(inquiry, row)}; its sibling {inquiry.names[next_to]} moved by {times:.3g} spreads")

    @staticmethod
    def _rows(inquiry: Inquiry) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        rows: np.ndarray[tuple[int], np.dtype[np.bool_]] = inquiry.own & inquiry.in_families(FELT | INNER)
        return rows

    def _base(self, inquiry: Inquiry) -> Floats:
        return inquiry.largest(self._rows(inquiry), inquiry.harm)
