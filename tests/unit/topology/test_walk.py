from __future__ import annotations

from dataclasses import replace

import numpy as np

from aiops.model.entities import Edge, Item
from aiops.model.episodes import Episode, SignalDirection
from aiops.model.reports import Change
from tests.benchmarks.graph import estate, storm
from tests.unit.topology.estates import SECOND, START, episode, part_of, runs_on, shop
from topology.graph import Graph
from topology.rankers.protocol import Candidate, Ranking, RankingQuestion
from topology.rankers.walk import WalkRanker, _sharp


def ask(*episodes: Episode, graph: Graph | None = None, changes: tuple[Change, ...] = ()) -> Ranking:
    return WalkRanker().rank(RankingQuestion(episodes, graph or shop(), START, changes))


def first(*episodes: Episode, graph: Graph | None = None) -> str:
    return ask(*episodes, graph=graph).candidates[0].entity


def sentences(candidate: Candidate, *, supports: bool) -> str:
    return "; ".join(e.what for e in candidate.evidence if e.supports is supports)


def test_chain_ends_at_the_lowest() -> None:
    """Of callers that became abnormal one after another, the one that all need is the cause."""
    found = ask(episode("web", 40), episode("checkout", 20), episode("payment"))
    assert found.candidates[0].entity == "payment"
    assert found.candidates[0].probability > 0.5
    assert found.candidates[0].members == ("payment", "checkout", "web")


def test_storm_of_equal_scores_finds_the_lowest() -> None:
    """It is the graph that decides where scores and times are equal."""
    assert first(*(episode(name) for name in ("web", "checkout", "payment", "db"))) == "db"


def test_later_need_is_no_cause() -> None:
    """What became abnormal long after those that need it did not harm them."""
    assert first(episode("checkout"), episode("payment", 900)) == "checkout"


def test_local_signal_holds_the_walker() -> None:
    """Saturation of its own makes an entity the cause although something below it is a little abnormal."""
    assert (
        first(episode("checkout", 10), episode("payment", metric="cpu", score=0.99), episode("db", 5, score=0.75))
        == "payment"
    )


def test_silent_host_under_two_services() -> None:
    """A host that says nothing is the cause when all that runs on it is abnormal."""
    graph = Graph.build([], [runs_on("a", "h"), runs_on("b", "h"), Edge("x", "y"), Edge("y", "z")])
    found = ask(episode("a"), episode("b"), graph=graph).candidates[0]
    assert found.entity == "h"
    assert "2 of 2 other abnormal entities need h" in sentences(found, supports=True)
    assert "shows no anomaly" in sentences(found, supports=False)


def test_host_is_no_suspect_where_everybody_is_unwell() -> None:
    """That all services of one host are abnormal says nothing when all others are abnormal too."""
    edges = [runs_on(f"s{at}", f"h{at % 2}") for at in range(8)] + [Edge(f"s{at}", "db") for at in range(8)]
    assert first(*(episode(f"s{at}", 10) for at in range(8)), episode("db"), graph=Graph.build([], edges)) == "db"


def test_healthy_callers_speak_against_a_silent_cause() -> None:
    """Something that most of its callers are well with is not down."""
    graph = Graph.build([], [Edge(f"s{at}", "db") for at in range(10)])
    chances = {c.entity: c.probability for c in ask(episode("s1"), episode("s2"), graph=graph).candidates}
    assert chances["s1"] == chances["s2"] > chances.get("db", 0.0)


def test_figures_about_a_call_point_at_its_other_end() -> None:
    """A caller whose calls to one peer fail blames the peer, also where the graph has no such edge."""
    found = ask(episode("web", peer="partner"), graph=Graph.empty()).candidates[0]
    assert found.entity == "partner"
    assert "web sees it in its calls to partner" in sentences(found, supports=True)


def test_two_faults_share_the_probability() -> None:
    """Two causes at once come first and second, and neither is sure."""
    graph = Graph.build([], [Edge("a", "b"), Edge("c", "d")])
    found = ask(episode("a", 10), episode("b"), episode("c", 10), episode("d"), graph=graph)
    assert {c.entity for c in found.candidates[:2]} == {"b", "d"}
    assert found.candidates[0].probability == found.candidates[1].probability < 0.5


def test_isolated_entity_is_its_own_cause() -> None:
    """What nothing is known about can only be its own cause."""
    found = ask(episode("lonely"), graph=Graph.empty())
    assert [c.entity for c in found.candidates] == ["lonely"]


def test_weak_evidence_is_unknown() -> None:
    """A faint signal leaves most of the probability to "unknown"."""
    assert ask(episode("web", score=0.2)).p_unknown > 0.5


def test_change_at_the_onset_is_evidence() -> None:
    """A deployment just before the onset makes an abnormal entity more suspicious, and is named."""
    change = Change("c7", "checkout", START - 60 * SECOND, "deploy")
    episodes = (episode("checkout"), episode("payment"))
    without, with_it = ask(*episodes), ask(*episodes, changes=(change,))
    chance = {c.entity: c.probability for c in without.candidates}["checkout"]
    suspect = next(c for c in with_it.candidates if c.entity == "checkout")
    assert suspect.probability > chance
    assert any(e.id == "c7" and e.source == "change" for e in suspect.evidence)


def test_cycles_end() -> None:
    """Services that call each other do not trap the walk."""
    graph = Graph.build([], [Edge("a", "b"), Edge("b", "a"), Edge("c", "a")])
    found = ask(episode("a"), episode("b"), episode("c", 30), graph=graph)
    assert {c.entity for c in found.candidates[:2]} == {"a", "b"}


def test_evidence_names_its_episode_and_says_what_happened() -> None:
    """Each sentence can be traced."""
    found = ask(episode("db"), episode("payment", 30)).candidates[0]
    assert any(e.id == f"db@{START}" and e.what == "db: errors rose to 1, usual 0.1" for e in found.evidence)
    late = next(c for c in ask(episode("db"), episode("payment", 30)).candidates if c.entity == "payment")
    assert "payment became abnormal 30 s after db" in sentences(late, supports=False)


def test_evidence_names_series_by_what_distinguishes_them() -> None:
    """Of the sender's attributes a sentence has the route, which its two series differ in."""
    one = episode("db")
    names = [f"errors{{db.system=postgres,http.route={route},otel.scope.name=lib}}" for route in ("/a", "/b")]
    signals = tuple(replace(one.signals[0], series=name) for name in names)

    (found, *_) = ask(replace(one, signals=signals)).candidates
    told = sentences(found, supports=True)

    assert "db: errors{http.route=/a} rose to 1, usual 0.1" in told
    assert "db: errors{http.route=/b} rose to 1, usual 0.1" in told
    assert "otel.scope" not in told


def test_episode_without_signals_counts_by_its_severity() -> None:
    """An alert that names no figure is evidence all the same."""
    bare = replace(episode("db"), signals=(), signals_total=0)
    assert [c.entity for c in ask(bare).candidates][:1] == ["db"]


def test_silence_reads_as_silence() -> None:
    """A series that stopped is told as such."""
    quiet = episode("db")
    signal = replace(quiet.signals[0], direction=SignalDirection.SILENT)
    found = ask(replace(quiet, signals=(signal,))).candidates[0]
    assert "errors fell silent" in sentences(found, supports=True)


def test_a_deep_storm_is_sure_of_its_root() -> None:
    """Thousands of symptoms keep a few walkers each; the root is named surely all the same, and a silent one too."""
    items, edges = estate(6000)
    graph = Graph.build(items, edges)
    root = f"s{len(items) - len(items) // 20 - 10}"
    abnormal = storm(graph, root)
    assert len(abnormal) > 3000
    for episodes in (abnormal, abnormal[1:]):
        best = ask(*episodes, graph=graph).candidates[0]
        assert best.entity == root
        assert best.probability > 0.5


def test_few_symptoms_are_as_sure_as_before() -> None:
    """What many witnesses add begins above fifty symptoms; the order of candidates never changes."""
    stopped = np.array([4.0, 2.0, 1.0, 0.0])
    few, many = _sharp(stopped, 50), _sharp(stopped, 5000)
    assert few.tolist() == [1.0, 0.5**1.5, 0.25**1.5, 0.0]
    assert np.argsort(-many).tolist() == [0, 1, 2, 3]
    assert many[1] < few[1] / 5


def figure(
    entity: str, metric: str, way: SignalDirection = SignalDirection.UP, *, peer: str | None = None, host: str = ""
) -> Episode:
    """One strong figure from the start."""
    found = episode(entity, metric=metric, peer=peer)
    series = f"{metric}{{host.name={host}}}" if host else metric
    return replace(found, signals=(replace(found.signals[0], direction=way, series=series),))


def test_who_only_loses_traffic_is_no_cause() -> None:
    """The basket dies and calls its cache no more: less to do goes from caller to callee."""
    dead = figure("basket", "available_pods", SignalDirection.DOWN)
    idle = figure("cache", "requests.count", SignalDirection.DOWN)
    assert first(dead, idle, episode("checkout", metric="errors", peer="basket")) == "basket"


def test_one_of_many_callers_accuses_itself() -> None:
    """That only one of four callers fails at the store speaks for the store; where all do it is the store."""
    graph = Graph.build((), [Edge(name, "store") for name in "abcd"])
    failing = figure("a", "errors", peer="store")
    assert first(failing, figure("a", "errors"), graph=graph) == "a"
    every = [figure(name, "errors", peer="store") for name in "abcd"]
    assert first(*every, graph=graph) == "store"


def test_somebody_elses_interface_cannot_speak_for_itself() -> None:
    """What callers say of another firm's interface weighs in full; queues of who waits for it are not their own."""
    graph = Graph.build([Item("gate", "external")], [Edge("pay", "gate"), Edge("web", "pay")])
    slow = [figure("pay", "request.latency", peer="gate"), figure("pay", "queue"), figure("web", "latency", peer="pay")]
    assert first(*slow, graph=graph) == "gate"


def instances(*places: tuple[str, str]) -> Graph:
    """Instances ``service-n`` on hosts, three hosts a zone."""
    items = [Item(f"{service}-{host}", "instance") for service, host in places]
    items += [Item(f"{zone}{n}", "host") for zone in "ab" for n in range(3)]
    edges = [part_of(f"{service}-{host}", service) for service, host in places]
    edges += [runs_on(f"{service}-{host}", host) for service, host in places]
    edges += [part_of(f"{zone}{n}", f"zone-{zone}") for zone in "ab" for n in range(3)]
    return Graph.build([*items, Item("zone-a", "zone"), Item("zone-b", "zone")], edges)


def test_a_host_is_reached_through_instances_that_say_nothing() -> None:
    """Services whose slow instances sit on one host point at that host, not at the others that they run on."""
    graph = instances(("x", "a0"), ("x", "b0"), ("y", "a0"), ("y", "b1"))
    slow = [figure("x", "latency", host="a0"), figure("y", "latency", host="a0"), figure("a0", "system.cpu", host="a0")]
    assert first(*slow, graph=graph) == "a0"


def silent(entity: str) -> Episode:
    """All figures of an entity stopped."""
    found = episode(entity, score=0.53)
    one = found.signals[0]
    several = tuple(
        replace(one, metric=name, series=name, direction=SignalDirection.SILENT) for name in ("a", "b", "c")
    )
    return replace(found, signals=several, signals_total=3)


def test_what_all_hosts_of_a_zone_show_is_the_zones() -> None:
    """Three hosts that fell silent together are one zone; pods that were lost on them are no trouble of their own."""
    graph = instances(("x", "a0"), ("x", "b0"), ("y", "a1"), ("y", "b1"))
    hosts = [silent(f"a{n}") for n in range(3)]
    lost = [figure(name, "available_pods", SignalDirection.DOWN) for name in "xy"]
    assert first(*hosts, *lost, graph=graph) == "zone-a"
    assert first(hosts[0], *lost[:1], graph=graph) == "a0"
