"""Whether one host alone tells of trouble."""

from __future__ import annotations

from aiops.model.entities import Edge, Item
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.metric_semantics.table import MetricTable
from tests.unit.topology.estates import SECOND, START, part_of, runs_on
from topology.diagnosis import TELEMETRY, DiagnosisSubject, diagnose
from topology.graph import Graph
from topology.hints import Hints
from topology.rankers.protocol import RankingQuestion
from topology.rankers.walk import WalkRanker
from topology.witnesses import doubt

MEMORY, WAIT, ERRORS = "process.memory.usage", "app.queue.wait", "http.server.errors"
HINTS = Hints(MetricTable())


def told(entity: str, *figures: str, host: str = "h1") -> Episode:
    """Figures of an entity, sent from a host."""
    tail = f"{{host.name={host},x=y}}" if host else ""
    signals = tuple(
        Signal(f"{name}{tail}", name, SignalDirection.UP, Source.METRIC, START, 0.95, 9.0, 1.0) for name in figures
    )
    return Episode(f"{entity}@{START}", entity, START, 1, 0.95, signals, len(signals), START + 60 * SECOND)


def estate(*, agent: bool = True) -> Graph:
    """``web`` on h2 calls ``api``, which runs on h1 and h2; ``lone`` runs on h1 and nobody calls it."""
    items = [Item(name, "instance") for name in ("api-0", "api-1", "web-0", "lone-0")]
    items += [Item("agent-h1", "agent")] if agent else []
    edges = [Edge("web", "api"), runs_on("api-0", "h1"), runs_on("api-1", "h2"), runs_on("web-0", "h2")]
    edges += [part_of("api-0", "api"), part_of("api-1", "api"), part_of("web-0", "web"), part_of("lone-0", "lone")]
    edges += [runs_on("lone-0", "h1"), *([runs_on("agent-h1", "h1")] if agent else [])]
    return Graph.build(items, edges)


def test_one_host_against_the_silence_of_others_is_doubted() -> None:
    """Memory and queue of one instance are off, its twin and its caller are well: the agent is the suspect."""
    found = doubt([told("api", MEMORY, WAIT)], estate(), HINTS)
    assert found is not None
    assert (found.host, found.suspect, found.quiet) == ("h1", "agent-h1", ("api", "web"))
    assert doubt([told("api", MEMORY, WAIT)], estate(agent=False), HINTS) == type(found)("h1", "h1", ("api", "web"))


def test_what_others_bear_out_is_believed() -> None:
    """A second host, or a caller's figure without a host, is a witness."""
    assert doubt([told("api", MEMORY, WAIT), told("api", WAIT, host="h2")], estate(), HINTS) is None
    assert doubt([told("api", MEMORY, WAIT), told("web", ERRORS, host="")], estate(), HINTS) is None


def test_where_nobody_else_could_tell_nothing_is_doubted() -> None:
    """Who runs on one host only and is called by nobody elsewhere has no witness; nor has an unknown one."""
    assert doubt([told("lone", MEMORY, WAIT)], estate(), HINTS) is None
    assert doubt([told("api", MEMORY, WAIT)], Graph.empty(), HINTS) is None
    assert doubt([], estate(), HINTS) is None


def test_related_figures_are_one_sign() -> None:
    """An instance that is slow waits, errs and is busy: that is one thing, and others may not feel it yet."""
    assert doubt([told("api", WAIT, ERRORS, "process.cpu.utilization")], estate(), HINTS) is None


def test_a_doubted_diagnosis_names_the_telemetry() -> None:
    """It comes first, with its reason; probabilities still add up to one."""
    question = RankingQuestion((told("api", MEMORY, WAIT),), estate(), START)
    found = diagnose(question, WalkRanker(), DiagnosisSubject("i", START))
    first = found.hypotheses[0]
    assert (first.entity, first.kind) == ("agent-h1", TELEMETRY)
    assert "only h1 reports anomalies; api, web" in first.evidence[0].what
    assert abs(sum(h.probability for h in found.hypotheses) + found.p_unknown + found.p_rest - 1.0) < 1e-9
    assert not found.unknown
