"""The example package, installed by pip into an environment of its own, takes part in `aiops up` on Kafka and Ray."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.model.records import OutRecord
from tests.integration.runtime.harness import Running, configure, describe, incidents, service, until
from tests.plugin.example_package import FOLDER, bundle_with_recycle, lines

ROOT = Path(__file__).resolve().parents[3]
QUIET, MOST = 240, 180
pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of a new environment that sees this one's packages and has the example installed, offline."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, system_site_packages=True, with_pip=True)
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (own / "tested.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    source = folder / "example"
    shutil.copytree(FOLDER, source)
    made = str(folder / "bin" / "python")
    # an old setuptools that comes with the environment would hide the one that the tests are locked to
    pip(made, "uninstall", "--yes", "setuptools")
    pip(made, "install", "--no-build-isolation", "--no-deps", "--no-index", str(source))
    return made


def pip(python: str, *words: str) -> None:
    """Run pip there; a failure shows what it said."""
    told = subprocess.run(
        [python, "-m", "pip", "--quiet", *words], capture_output=True, text=True, check=False, env=environment()
    )
    assert told.returncode == 0, told.stdout + told.stderr


def environment() -> dict[str, str]:
    """This process's, with the product that is tested first on the path."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass
class System:
    """The runtime and a sender of the example's format."""

    running: Running
    producer: KafkaPythonProducer
    folder: Path
    topic: str
    sent: int = 0

    def send(self, begin: int, values: list[float]) -> None:
        """A point a second from ``begin`` on."""
        records = lines(begin, {("queue", "queue.length"): values})
        self.producer.send(OutRecord(self.topic, None, record, (), 0) for record in records)
        self.producer.flush()
        self.sent += len(values)


@pytest.fixture(scope="module")
def system(embedded: EmbeddedBroker, python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Up, warmed up, and then with a queue whose length jumps until somebody was paged."""
    folder, broker = tmp_path_factory.mktemp("up"), embedded.start()
    settings = configure(
        folder,
        broker,
        "plugged",
        topics={"formats": {"plugged.lines": "plain-lines"}},
        kafka={"partitions": 1},
        data={"shards": 1, "detectors": [{"name": "steps", "metrics": ["queue.*"]}], "views": ["jump"]},
        analysis={"ranker": "loudest"},
        acting={"executors": {"recycle": {"kind": "ledger", "folder": str(folder / "orders")}}},
        paging={"levels": [[f"lines://{folder / 'pages.txt'}"]]},
        bundle=str(bundle_with_recycle(folder)),
    )
    running = Running(folder, settings, python=python)
    producer = KafkaPythonProducer(broker)
    made = System(running, producer, folder, "plugged.lines")
    try:
        running.start()
        describe(producer, settings, [service(name) for name in ("queue", "shop", "cart", "web", "db")])
        now = int(time.time())
        made.send(now - QUIET, np.random.default_rng(3).normal(50, 1, QUIET).tolist())
        until("the quiet points are taken", lambda: running.counted("plugged.lines") == QUIET, 60)
        for second in range(now, now + MOST):
            time.sleep(max(0.0, second - time.time()))
            made.send(second, [5000.0 if second % 2 else 50.0])
            if (folder / "pages.txt").exists() and (folder / "orders").exists():
                break
        yield made
    finally:
        running.stop()
        running.forget()
        producer.close()


def signals(system: System) -> set[str]:
    """Detectors that spoke, by the reports of episodes in the journal."""
    rows = [json.loads(row.entry.event) for row in system.running.reader().rows(limit=10_000)]
    return {s["detector"] for row in rows if row["type"] == "episode" for s in row["episode"]["signals"]}


def test_its_format_is_decoded(system: System) -> None:
    """Every line that was sent is in the ledger of the plug-in's topic, and the difference is zero."""
    until("all lines are counted", lambda: system.running.counted("plugged.lines") == system.sent, 30)
    assert system.running.difference() == 0


def test_its_detector_opens_an_episode(system: System) -> None:
    """The journal holds an episode with a signal of the detector."""
    assert "steps" in signals(system)


def test_its_ranker_ranks_its_primitive_is_planned_and_its_executor_runs_it(system: System) -> None:
    """The order that reached the executor is the runbook's step, on the entity that the ranker named."""
    (incident,) = [one for one in incidents(system.running) if "queue" in one["entities"]]
    assert incident["diagnosis"]["hypotheses"][0]["probability"] == pytest.approx(0.95)
    orders = [json.loads(file.read_text()) for file in (system.folder / "orders").glob("*.json")]
    actions = {(one["capability"]["action"]["primitive"], one["capability"]["action"]["target"]) for one in orders}
    assert actions == {("recycle", "queue")}


def test_its_notifier_gets_the_page(system: System) -> None:
    """Recycling does not help, so a person is told through the plug-in's channel."""
    assert "queue" in (system.folder / "pages.txt").read_text()


def test_doctor_lists_the_package_and_its_version(system: System) -> None:
    """All eight kinds, each loaded."""
    command = [system.running.python, "-m", "aiops.cli.main", "doctor", "--json", "--config"]
    config = str(system.running.folder / "aiops.yaml")
    told = subprocess.run([*command, config], capture_output=True, text=True, check=False, env=environment())
    found: list[dict[str, Any]] = json.loads(told.stdout)
    listed = [one["what"] for one in found if one["about"] == "plug-ins" and one["level"] == "OK"]
    assert len([what for what in listed if what.endswith("aiops-example 1.0.0")]) == 8


def test_without_the_package_the_settings_are_refused_with_a_reason(system: System, tmp_path: Path) -> None:
    """The same file in an environment without the plug-in starts nothing and says what is missing."""
    config = tmp_path / "aiops.yaml"
    text = (system.running.folder / "aiops.yaml").read_text()
    config.write_text(text.replace(str(system.running.settings.state), str(tmp_path / "state")))
    command = [sys.executable, "-m", "aiops.cli.main", "up", "--config", str(config)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment())
    assert told.returncode != 0
    assert "topics.formats.plugged.lines: no format is named 'plain-lines'" in told.stderr + told.stdout
