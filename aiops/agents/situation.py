"""Facts of an incident for primitives and runbooks, read from a view: facts of targets, values of placeholders."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.agents.view import AgentView
from aiops.model.diagnoses import Diagnosis
from aiops.model.entities import EdgeKind, Item
from aiops.model.plans import Parameter
from aiops.model.situations import Situation
from remediations.primitives.fail_over import STORES
from remediations.primitives.protocol import Facts
from topology.graph import TIERS, Graph

SUSPECTED = 0.3
"""Least suspicion, in [0, 1], of a change that a roll-back may revert."""
TAKEN_BACK = frozenset({"deploy", "config", "flag"})
"""Kinds of change that a roll-back reverts."""
MUTE_KINDS = frozenset({"zone", "site", "external", "business_service", "instance", "agent"})
"""Kinds of items that send no telemetry under their own name."""


def item_of(view: AgentView, name: str) -> Item | None:
    """The item from the CMDB, else from the graph; None: neither has it."""
    if name in view.items:
        return view.items[name]
    graph = view.graph
    at = graph.number(name)
    if at is None or not bool(graph.known[at]):
        return None
    return Item(
        name,
        kind=graph.kinds[at],
        owner=graph.owners[at],
        criticality=TIERS[int(graph.tiers[at])],
        value_per_minute=float(graph.values[at]),
        replicas=int(graph.replicas[at]),
        failure_domain=graph.domains[at],
        attributes=dict(graph.attributes.get(name, {})),
    )


def kind_of(view: AgentView, name: str) -> str:
    """Kind of an item; ``service`` if no kind is known."""
    item = item_of(view, name)
    at = view.graph.number(name)
    return item.kind if item else view.graph.kinds[at] if at is not None else "service"


def facts_of(view: AgentView, target: str, diagnosis: Diagnosis | None) -> Facts:
    """The known facts of a target."""
    item = item_of(view, target) or Item(target, kind=kind_of(view, target))
    versions = _versions(view, target, item)
    return Facts(
        target,
        kind=item.kind,
        replicas=max(item.replicas, 1),
        zone=item.failure_domain,
        version=versions[0],
        previous=versions[1],
        criticality=item.criticality,
        attributes=item.attributes,
        abnormal=target in view.incident.open_entities or _is_root(diagnosis, target),
        changed=_changed(view, target, diagnosis),
    )


def _is_root(diagnosis: Diagnosis | None, target: str) -> bool:
    return bool(diagnosis and diagnosis.hypotheses and diagnosis.hypotheses[0].entity == target)


def _versions(view: AgentView, target: str, item: Item) -> tuple[str, str]:
    """The present and the previous version, if the CMDB or the newest changes name them."""
    deployed = [change for change in view.changes if change.entity == target and change.kind == "deploy"]
    named = [change.version for change in deployed if change.version]
    now = item.attributes.get("version", named[0] if named else "")
    return now, next((version for version in named if version != now), "")


def _changed(view: AgentView, target: str, diagnosis: Diagnosis | None) -> bool:
    known = {change.id: change for change in view.changes}
    for suspect in diagnosis.changes if diagnosis else ():
        change = known.get(suspect.id)
        undoable = change is None or (change.reversible and change.kind in TAKEN_BACK)
        if suspect.entity == target and suspect.suspicion >= SUSPECTED and undoable:
            return True
    return False


def situation_of(view: AgentView, diagnosis: Diagnosis) -> Situation:
    """The facts by which runbooks are chosen. The diagnosis must have at least one hypothesis."""
    root = diagnosis.hypotheses[0]
    own = [episode for episode in view.episodes if episode.entity == root.entity]
    return Situation(
        kind=root.kind,
        item_kind=kind_of(view, root.entity),
        metrics=tuple(sorted({signal.metric for episode in own for signal in episode.signals})),
        change=_changed(view, root.entity, diagnosis),
        others=any(entity != root.entity for entity in view.incident.open_entities),
        bindings=bindings_of(view.graph, root.entity, view),
    )


def bindings_of(graph: Graph, root: str, view: AgentView) -> Mapping[str, Parameter]:
    """Values of ``root``, ``service`` (of an instance), ``caller`` (with the most calls), ``consumer``, ``store``."""
    service = next((name for name, how in graph.needs_of(root) if how is EdgeKind.PART_OF), root)
    if kind_of(view, root) != "instance":
        service = root
    found: dict[str, Parameter] = {"root": root, "service": service}
    users = [name for name, how in graph.serves_of(service) if how in (EdgeKind.CALLS, EdgeKind.USES)]
    doors = [name for name in users if kind_of(view, name) in ("service", "deployment")]
    if doors:
        found["caller"] = max(doors, key=lambda name: (_weight(graph, service, name), name))
    workers = [name for name in users if kind_of(view, name) == "worker"]
    if workers:
        found["consumer"] = min(workers)
    hosted = [name for name, how in graph.serves_of(root) if how is EdgeKind.RUNS_ON]
    wholes = [whole for name in hosted for whole, how in graph.needs_of(name) if how is EdgeKind.PART_OF]
    stores = sorted({name for name in (*hosted, *wholes) if kind_of(view, name) in STORES})
    if len(stores) == 1:
        found["store"] = stores[0]
    return found


def _weight(graph: Graph, target: str, source: str) -> float:
    """Largest weight (calls a second) of the edges from ``source`` to ``target``; 0 if there is none."""
    at, end = graph.number(target), graph.number(source)
    assert at is not None
    assert end is not None
    rows = graph.serves
    span = range(int(rows.starts[at]), int(rows.starts[at + 1]))
    return max((float(rows.weights[edge]) for edge in span if int(rows.ends[edge]) == end), default=0.0)
