"""What log lines say: templates that appear, vanish or burst."""

from __future__ import annotations

import numpy as np
import polars as pl

from aiops.model.durations import SECOND
from aiops.model.series_evidence import EvidenceColumns
from tests.unit.topology.evidence.recorded import ONSET
from topology.cases.case import LOGS
from topology.evidence.logs import PLAIN, TROUBLE, of_logs


def lines(before: dict[str, int], after: dict[str, int], severity: str | None = None) -> pl.DataFrame:
    rows = [(ONSET - SECOND, "store", severity, body) for body, many in before.items() for _ in range(many)]
    rows += [(ONSET + SECOND, "store", severity, body) for body, many in after.items() for _ in range(many)]
    return pl.DataFrame(rows, schema=LOGS, orient="row")


def read(before: dict[str, int], after: dict[str, int], severity: str | None = None) -> EvidenceColumns:
    (part,) = of_logs(lines(before, after, severity), ONSET)
    return part


def test_figures_and_identifiers_do_not_make_templates() -> None:
    """Orders of any number, time and identifier are one template."""
    bodies = {f"order {n} of 4bf92f3577b34da6 took {n}.5 ms": 1 for n in range(8)}
    part = read(bodies, bodies)
    assert len(part.series) == 1
    assert (part.usual.tolist(), part.level.tolist()) == ([8.0], [8.0])


def test_a_new_template_is_unexpected() -> None:
    """None were expected, nine came."""
    part = read({"calm": 100}, {"calm": 91, "refused": 9})
    at = list(part.series).index("refused")
    assert (part.usual[at], part.level[at]) == (0.0, 9.0)
    assert part.deviation[at] > 2.0


def test_expected_lines_follow_the_volume() -> None:
    """Twice the lines of everything is no change of any template."""
    part = read({"a": 50, "b": 10}, {"a": 100, "b": 20})
    assert np.abs(part.deviation).max() < 0.5


def test_a_template_that_vanishes_is_negative() -> None:
    """Thirty were to come."""
    part = read({"a": 30, "b": 30}, {"b": 60})
    assert part.deviation[list(part.series).index("a")] < -2.0


def test_trouble_is_told_by_severity_or_by_words() -> None:
    """A severity counts before the text."""
    assert set(read({"x": 5}, {"x": 5}, "ERROR").metric) == {TROUBLE}
    assert set(read({"no error": 5}, {"no error": 5}, "INFO").metric) == {PLAIN}
    assert set(read({"caught exception": 5}, {"caught exception": 5}).metric) == {TROUBLE}
    assert set(read({"caught exception": 5}, {"caught exception": 5}, "").metric) == {TROUBLE}


def test_one_side_alone_is_no_comparison() -> None:
    """Logs that begin with the fault say nothing of what is new."""
    assert of_logs(lines({}, {"a": 9}), ONSET) == []
    assert of_logs(lines({"a": 9}, {}), ONSET) == []


def test_no_onset_is_nothing() -> None:
    """Without a time there is no before."""
    assert of_logs(lines({"a": 9}, {"a": 9}), 0) == []


def test_a_line_without_text_is_a_template() -> None:
    """A missing body does not fail."""
    table = pl.DataFrame([(ONSET + at, "store", None, None) for at in (-3, -2, 2, 3)], schema=LOGS, orient="row")
    assert len(of_logs(table, ONSET)[0].series) == 1
