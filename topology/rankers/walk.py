"""The first ranker: from every symptom walk to what may have harmed it, and see where the walkers stop.

A random walk with restart over the graph of harm, as MonitorRank (Kim, Sumbaly and Shah, SIGMETRICS 2013) and MicroRCA
(Wu et al., NOMS 2020) do, with three differences. It goes by onset: a step to something that became abnormal later than
the one it should have harmed is improbable. A walker stops where local signals (saturation, silence, a fresh change)
explain more than what the entity needs. And the answer is where walkers stop, not where they pass, so that healthy
items between symptoms and cause, and callers that everybody passes, collect nothing.
"""

from __future__ import annotations

from math import exp, log10

import numpy as np

from topology.graph import Floats
from topology.rankers.protocol import DIGITS, MOST_CANDIDATES, NOTHING, Candidate, Ranking, RankingQuestion
from topology.rankers.reasons import Reasons
from topology.rankers.scene import Scene, scene
from topology.suspects import proximity

STOP = 0.1
"""Least share of walkers that stop at each abnormal entity: graphs are incomplete, any symptom may be its own cause."""
STRAY = 0.02
"""Weight of a step to a healthy item, relative to the entity's own strength."""
PATIENCE = 6.0
"""A step to something that became abnormal this many resolutions later is e times less probable."""
LEAST_PATIENCE = 60.0
"""… but at least this many seconds."""
SHARPEN = 1.5
"""Exponent from stopped walkers to probabilities; it grows by itself once for each tenfold of …"""
WITNESSES = 50
"""… this many symptoms. Each symptom keeps some walkers, so in a storm the cause's share of them falls although there
is more evidence for it; the ratio to the next candidate tells, and more witnesses make the same ratio surer. On storms
of 3 to 4,000 abnormal entities over seeded estates this makes the first hypothesis' probability and the share of right
ones agree within about 0.1; without it they are 0.45 and 0.8 to 0.9 above 150."""
FAINT = 0.1
"""Nats with which the faintest symptom counts."""
BY_CHANGE = 2.0
"""Nats of local strength that a change at the onset adds to an abnormal entity."""
EXPLAINED = 50
"""Candidates whose share of explained trouble is computed."""
MOST_TIED = 500
ROUNDS = 60


class WalkRanker:
    """Onset order and a walk over the graph; finds silent roots, common causes, and two faults at once."""

    name = "walk"

    def rank(self, question: RankingQuestion) -> Ranking:
        """Candidates with evidence; below 1 s for 5,000 abnormal entities among 100,000 items."""
        if not question.episodes:
            return NOTHING
        made = scene(question)
        if not np.any(made.strength > 0):
            return NOTHING
        changed = self._add_changes(made, question)
        stopped = _walk(made, question) * _early(made, question)
        reasons = Reasons(made, question, changed)
        chances = _sharp(stopped * _explained(made, stopped, reasons), len(made.anomalies))
        total = float(chances.sum())
        if not total > 0:
            return NOTHING
        p_unknown = min(max(exp(-max(float(t.strength) for t in made.anomalies.values())), 0.02), 0.98)
        chances = np.round(chances / total * (1.0 - p_unknown), DIGITS)
        best = sorted(np.flatnonzero(chances > 0).tolist(), key=lambda at: (-chances[at], made.names[at]))
        listed = tuple(
            Candidate(made.names[at], float(chances[at]), reasons.evidence(at), reasons.members(at))
            for at in best[:MOST_CANDIDATES]
        )
        rest = max(1.0 - p_unknown - sum(c.probability for c in listed), 0.0) if len(best) > len(listed) else 0.0
        return Ranking(listed, 1.0 - rest - sum(c.probability for c in listed), rest)

    @staticmethod
    def _add_changes(made: Scene, question: RankingQuestion) -> dict[int, float]:
        """Fresh changes make an abnormal entity more of a cause; returns the nats that each added."""
        node = {made.names[at]: at for at in made.anomalies}
        added: dict[int, float] = {}
        for change in question.changes:
            for name in {change.entity, *change.instances} & node.keys():
                nats = BY_CHANGE * proximity(change, question.onset)
                added[node[name]] = max(added.get(node[name], 0.0), nats)
        for at, nats in added.items():
            made.own[at] += nats
            made.strength[at] += nats
        return {at: nats for at, nats in added.items() if nats > 0}


def _sharp(stopped: Floats, symptoms: int) -> Floats:
    """(n,) relative chances; their order is that of ``stopped``."""
    exponent = SHARPEN * (1.0 + log10(max(symptoms / WITNESSES, 1.0)))
    highest = float(stopped.max(initial=0.0))
    chances: Floats = np.round(stopped / highest, DIGITS) ** exponent if highest > 0 else stopped
    return chances


def _explained(made: Scene, stopped: Floats, reasons: Reasons) -> Floats:
    """(n,) share of all trouble that each node explains: one cause of much is likelier than many of little.

    Known for the ``EXPLAINED`` nodes where most walkers stop; the rest get the least that was found.
    """
    symptoms = np.array(sorted(made.anomalies))
    strength = np.array([made.anomalies[at].strength for at in symptoms.tolist()])
    strength /= strength.sum()
    least = np.partition(stopped, -EXPLAINED)[-EXPLAINED] if len(stopped) > EXPLAINED else 0.0
    best = np.flatnonzero(stopped >= least)[:MOST_TIED]  # all that tie, so that names do not matter
    found = np.array([strength[reasons.reached(at)[symptoms]].sum() for at in best.tolist()])
    shares = np.full(len(stopped), found.min())
    shares[best] = found
    return shares


def _early(made: Scene, question: RankingQuestion) -> Floats:
    """(n,) factor for how early each node became abnormal; 1 where no time is known."""
    if not question.onset:
        return np.ones(len(made.names))
    late = made.since - question.onset / 1e9 - question.resolution / 1e9
    return np.maximum(np.exp(-np.nan_to_num(np.maximum(late, 0.0)) / (5.0 * _patience(question))), 0.3)


def _patience(question: RankingQuestion) -> float:
    return max(PATIENCE * question.resolution / 1e9, LEAST_PATIENCE)


def _walk(made: Scene, question: RankingQuestion) -> Floats:
    """(n,) share of walkers that stop at each node. A walker starts at a symptom in proportion to its strength."""
    count, frm, to = len(made.names), made.harmed, made.by
    late = made.since[to] - made.since[frm] - question.resolution / 1e9
    in_order = np.exp(-np.nan_to_num(np.maximum(late, 0.0)) / _patience(question))
    # who has nothing but another load harms nobody who needs it: load goes from caller to callee
    harmful = made.strength - np.maximum(2.0 * made.load - made.strength, 0.0)
    offered = harmful[to] * in_order * made.pull + made.blame
    step = offered + STRAY * made.strength[frm]
    strongest = np.zeros(count)
    np.maximum.at(strongest, frm, offered)
    inherited = made.strength - made.own - made.load
    stay = made.own + np.maximum(inherited - strongest, 0.0)
    leave = np.bincount(frm, step, minlength=count)
    abnormal = np.zeros(count)
    abnormal[list(made.anomalies)] = STOP
    stop = abnormal + (1.0 - abnormal) * np.where(leave > 0, stay / np.maximum(stay + leave, 1e-300), 1.0)
    # who shows nothing at all and is implied by nobody is not where trouble comes from
    blank = made.strength <= 0
    share = step / np.maximum(leave[frm], 1e-300)
    walkers: Floats = np.zeros(count)
    symptoms = sorted(made.anomalies)
    # who has less to do only shows that somebody else is in trouble
    walkers[symptoms] = [max(made.anomalies[at].strength - made.anomalies[at].load, FAINT) for at in symptoms]
    walkers /= walkers.sum()
    stopped = np.zeros(count)
    for _ in range(ROUNDS):
        stopped += np.where(blank, 0.0, walkers * stop)
        walkers = np.bincount(to, (walkers * (1.0 - stop))[frm] * share, minlength=count).astype(np.float64)
        if walkers.sum() < 1e-9:
            break
    return stopped
