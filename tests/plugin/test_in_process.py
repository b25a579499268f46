"""The example package closes the loop in one process: decoded, detected, ranked, planned, carried out, paged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from aiops.adapters.bundle.loading import load_bundle
from aiops.adapters.executors.factory import open_executors
from aiops.adapters.extension_checks import check_choices
from aiops.adapters.paging.channels import open_channel
from aiops.agents.composition import control_agents
from aiops.agents.monitoring import MonitoringAgent
from aiops.driver.in_process import InProcessRuntime, Surroundings
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.entities import Criticality, Item
from aiops.model.episodes import Episode
from aiops.model.errors import PermanentError
from aiops.model.events import EpisodeReported, ItemReported
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.plugins import ExtensionKind
from aiops.settings import Settings
from remediations.budget import MemoryBudget
from simulations.running.healers import settings_for
from simulations.running.outside import AgentFleet
from simulations.running.simulation import Simulation, Who
from simulations.scenarios.scenario import FOLDER, find
from tests.plugin.example_package import bundle_with_recycle, example, lines

SECOND = 10**9
BEGIN = 1_750_000_000
QUIET, ODD = 240, 200
PLUGINS = example()


def settings_of(folder: Path, **over: object) -> Settings:
    """Everything that can be chosen is the example's."""
    chosen = {
        "state": folder,
        "topics": {"formats": {"lines": "plain-lines"}},
        "kafka": {"partitions": 1},
        "data": {
            "series_limit": 100,
            "clear_seconds": 3.0,
            "ring_step_seconds": 1.0,
            "model_series": 0,
            "detectors": [{"name": "steps", "metrics": ["queue.*"]}],
            "views": ["jump"],
        },
        "control": {"gather_seconds": 4.0},
        "analysis": {"ranker": "loudest"},
        "acting": {"executors": {"recycle": {"kind": "ledger", "folder": str(folder / "orders")}}},
        "paging": {"levels": [[f"lines://{folder / 'pages.txt'}"]]},
    }
    return Settings.model_validate(chosen | over)


@dataclass
class Estate:
    """One queue whose length jumps about, and the whole product around it."""

    folder: Path
    episodes: list[Episode] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = settings_of(self.folder)
        self.monitoring = MonitoringAgent(self.settings, plugins=PLUGINS)
        self.monitoring.adopt(0, 1)
        bundle = load_bundle(bundle_with_recycle(self.folder), PLUGINS)
        assert not bundle.problems
        clock = self
        outside = Surroundings(
            agents=control_agents(self.settings, bundle, PLUGINS),
            fleet=AgentFleet(self.monitoring, lambda: self.runtime.now),
            budget=MemoryBudget(),
            executors=open_executors(self.settings, PLUGINS, clock),
            notifier=open_channel(self.settings.paging.levels[0][0], clock, PLUGINS),
        )
        self.runtime = InProcessRuntime(self.settings, outside, MemoryJournal(), at=BEGIN * SECOND)

    def now(self) -> int:
        """The clock of notifier and executor."""
        return self.runtime.now

    def run(self) -> None:
        """Quiet minutes, then wild ones; the control plane hears of everything as it comes."""
        for name in ("queue", "shop", "cart", "web", "db"):
            item = Item(name, owner="team", criticality=Criticality.LOW, replicas=4, value_per_minute=1.0)
            self.runtime.offer(ItemReported(id=f"item/{name}", at=BEGIN * SECOND, item=item, edges=()))
        rng = np.random.default_rng(3)
        length = rng.normal(50, 1, QUIET + ODD)
        length[QUIET:] = np.where(np.arange(ODD) % 2, 5000.0, 50.0)
        wave = 100.0 * np.sin(2 * np.pi * np.arange(QUIET + ODD) / 200)
        wave[QUIET:] += np.where(np.arange(ODD) % 2, 40.0, -40.0)
        records = lines(BEGIN, {("queue", "queue.length"): length.tolist(), ("shop", "basket.size"): wave.tolist()})
        for k, record in enumerate(records):
            at = (BEGIN + k) * SECOND
            fetched = FetchedRecords(TopicPartition("lines", 0), (k,), [record], [None], [at])
            made = self.monitoring.handle([fetched], at)
            made.add(self.monitoring.tick(at, lag_is_small=True))
            for one in made.episodes:
                self.episodes.append(one)
                name = f"{one.id}/{one.revision}"
                self.runtime.offer(EpisodeReported(id=name, at=at, episode=one, domain=self.settings.domain))
            self.runtime.run_until(at)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """After its run."""
    made = Estate(tmp_path_factory.mktemp("estate"))
    made.run()
    return made


def test_its_format_is_decoded_and_every_line_accounted_for(estate: Estate) -> None:
    """The ledger has one unit a line on the plug-in's topic, and no difference."""
    (line,) = [one for one in estate.monitoring.ledger() if one.topic == "lines"]
    assert (line.items, line.difference) == (2 * (QUIET + ODD), 0)


def test_its_detector_opens_an_episode(estate: Estate) -> None:
    """The signal names the detector as the settings do."""
    assert "steps" in {signal.detector for one in estate.episodes for signal in one.signals}


def test_its_view_speaks_beside_it(estate: Estate) -> None:
    """A wave that jumps inside its own range is abnormal to no other view."""
    detection = estate.monitoring._owned[0].slot.detection
    found = detection.folder.signals
    told = {
        (detection.table.entities[detection.table.entity[s]], detection.names[d])
        for s, d in zip(found["series"], found["detector"], strict=True)
    }
    assert ("shop", "jump") in told


def test_its_ranker_ranks_and_its_primitive_is_carried_out_by_its_executor(estate: Estate) -> None:
    """The order in the executor's folder is the runbook's step on the ranked cause."""
    orders = [json.loads(file.read_text()) for file in sorted((estate.folder / "orders").glob("*.json"))]
    assert orders
    action = orders[0]["capability"]["action"]
    assert (action["primitive"], action["target"]) == ("recycle", "queue")


def test_its_notifier_gets_the_page(estate: Estate) -> None:
    """Recycling does not help, so a person is told."""
    assert "queue" in (estate.folder / "pages.txt").read_text()


def test_a_restart_goes_on_with_its_state(tmp_path: Path) -> None:
    """With a snapshot in between, detector and view give the same snapshot as without."""
    whole, begun = (MonitoringAgent(settings_of(tmp_path), plugins=PLUGINS) for _ in range(2))
    records = lines(BEGIN, {("queue", "queue.length"): np.random.default_rng(1).normal(50, 1, 300).tolist()})

    def feed(agent: MonitoringAgent, first: int, last: int) -> None:
        at = [(BEGIN + k) * SECOND for k in range(first, last)]
        nothing = [None] * len(at)
        agent.handle(
            [FetchedRecords(TopicPartition("lines", 0), range(first, last), records[first:last], nothing, at)], at[-1]
        )

    whole.adopt(0, 1)
    begun.adopt(0, 1)
    feed(whole, 0, 300)
    feed(begun, 0, 170)
    resumed = MonitoringAgent(settings_of(tmp_path), plugins=PLUGINS)
    resumed.adopt(0, 1, [begun.snapshot(0)])
    feed(resumed, 170, 300)
    one, two = (agent.snapshot(0, full=True).parts for agent in (whole, resumed))
    for part in ("detector-steps", "bank"):
        names = [name for name in one[part] if name != "head"]
        assert names
        assert all(one[part][name].tobytes() == two[part][name].tobytes() for name in names)


def test_without_the_plug_in_its_signals_end(tmp_path: Path) -> None:
    """A detector that settings no longer name leaves no open signal behind."""
    before = MonitoringAgent(settings_of(tmp_path), plugins=PLUGINS)
    before.adopt(0, 1)
    wild = np.concatenate([np.random.default_rng(1).normal(50, 1, 100), np.where(np.arange(8) % 2, 9e3, 50.0)])
    records = lines(BEGIN, {("queue", "queue.length"): wild.tolist()})
    at = [(BEGIN + k) * SECOND for k in range(len(records))]
    fetched = FetchedRecords(TopicPartition("lines", 0), range(len(records)), records, [None] * len(records), at)
    before.handle([fetched], at[-1])
    assert len(before._owned[0].slot.detection.folder.active(3)) == 1
    plain = settings_of(tmp_path, data={"series_limit": 100, "ring_step_seconds": 1.0})
    after = MonitoringAgent(plain, plugins=PLUGINS)
    after.adopt(0, 1, [before.snapshot(0)])
    assert len(after._owned[0].slot.detection.folder.active(3)) == 0


def test_a_choice_that_nobody_brings_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """The text names the setting and lists what there is."""
    with pytest.raises(PermanentError, match=r"analysis\.ranker: no ranker is named 'loudestt'; known are .*loudest"):
        check_choices(settings_of(tmp_path, analysis={"ranker": "loudestt"}), PLUGINS)
    with pytest.raises(PermanentError, match=r"topics\.formats\.t: no format is named"):
        check_choices(settings_of(tmp_path, topics={"formats": {"t": "csv"}}), PLUGINS)
    check_choices(settings_of(tmp_path), PLUGINS)


def test_a_detector_that_raises_ends_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent says which and why; the bank still scores the series."""

    def fail(*_: object) -> float:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(PLUGINS.load(ExtensionKind.DETECTOR, "steps"), "update", fail)
    agent = MonitoringAgent(settings_of(tmp_path), plugins=PLUGINS)
    agent.adopt(0, 1)
    records = lines(BEGIN, {("queue", "queue.length"): [50.0] * 40})
    at = [(BEGIN + k) * SECOND for k in range(40)]
    agent.handle([FetchedRecords(TopicPartition("lines", 0), range(40), records, [None] * 40, at)], at[-1])
    assert agent.error == "detector steps ended: ZeroDivisionError: oh"
    assert sum(line.difference for line in agent.ledger()) == 0


def test_a_simulation_uses_them(tmp_path: Path) -> None:
    """In a scenario the plug-in's ranker ranks and its primitive is what the product does."""
    scenario = find("crash")
    chosen = settings_for(light=True, chosen=settings_of(tmp_path))
    bundle = load_bundle(bundle_with_recycle(tmp_path), PLUGINS)
    run = Simulation(scenario.plot(FOLDER), bundle, Who.PRODUCT, 1, light=True, settings=chosen, plugins=PLUGINS).run()
    assert {judged.act.action.split(" ")[0] for judged in run.actions} <= {"recycle"}
    assert run.actions
