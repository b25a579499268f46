"""A recording is replayed in one process, under its own clock, and nothing is executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiops.apps.kafka_replay import kafka_settings, own_topics
from aiops.apps.replay import TELEMETRY, InProcessReplay, in_domain, replay_settings, topic_of
from aiops.apps.replay_results import faults
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.cloudevents import encode, of_item
from aiops.model.cloudevents_reader import Receipt, UnusableMessage, decode
from aiops.model.entities import Item
from aiops.model.journal import JournalEntry, Transaction
from aiops.model.times import nanoseconds, rfc3339
from aiops.recordings.recording import Recording, Stream
from aiops.settings import Settings
from aiops.topic_names import Topics
from tests.unit.recordings.small import MINUTE, START, write


def replay(recording: Path, out: Path) -> list[dict[str, Any]]:
    """With the shipped settings."""
    return InProcessReplay(Recording(recording), Settings(), out).run()


def test_the_trouble_is_found_named_and_left_alone(tmp_path: Path) -> None:
    """Opened within three steps on the recording's clock, with the right root, and no plan was carried out."""
    found = replay(write(tmp_path / "small"), tmp_path / "out")
    in_time = [
        one
        for one in found
        if START + 60 * MINUTE <= nanoseconds(one["opened_at"]) <= START + 63 * MINUTE and one["causes"]
    ]
    assert in_time, found
    assert in_time[0]["causes"][0]["entity"] == "cart"
    assert in_time[0]["outcome"].startswith("shadow: ")
    assert {signal["source"] for episode in in_time[0]["episodes"] for signal in episode["signals"]} == {"metric"}


def test_a_quiet_recording_has_no_incident(tmp_path: Path) -> None:
    """The same services without the trouble."""
    assert replay(write(tmp_path / "small", bad=range(0)), tmp_path / "out") == []


def test_the_same_recording_gives_the_same_incidents(tmp_path: Path) -> None:
    """Also into a folder that holds the results of an earlier replay."""
    recording = write(tmp_path / "small")
    first = replay(recording, tmp_path / "out")
    assert replay(recording, tmp_path / "out") == first


def test_results_are_written_with_an_account_that_adds_up(tmp_path: Path) -> None:
    """Every point is in the ledger; incidents are one a line."""
    found = replay(write(tmp_path / "small"), tmp_path / "out")
    lines = (tmp_path / "out" / "incidents.jsonl").read_text().splitlines()
    summary = json.loads((tmp_path / "out" / "replay.json").read_text())
    assert [json.loads(line) for line in lines] == found
    assert summary["ledger_difference"] == 0
    assert summary["records"] == 92
    assert summary["faults"] == 0
    (line,) = [one for one in summary["ledger"] if one["topic"] == "otlp_metrics"]
    assert line["items"] == 90 * 3


def test_control_events_become_the_replays_own() -> None:
    """A recording's events are of another domain; Alertmanager's body gets an envelope."""
    item = in_domain(encode(of_item(Item("web"), (), 5)), "replay-x", 5)
    (event,) = _events(item)
    assert event.domain == "replay-x"
    body = {"alerts": [{"status": "firing", "labels": {"service": "web"}, "startsAt": "2023-01-01T00:00:00Z"}]}
    alert = in_domain(json.dumps({"version": "4", **body}).encode(), "replay-x", 5)
    assert json.loads(alert)["domain"] == "replay-x"


def _events(value: bytes) -> tuple[Any, ...]:
    read = decode(value, Receipt(nanoseconds("2024-01-01T00:00:00Z")))
    assert not isinstance(read, UnusableMessage)
    return read


def test_a_broken_control_event_is_a_dead_letter(tmp_path: Path) -> None:
    """The good ones around it are taken."""
    recording = write(tmp_path / "small")
    bad = {"specversion": "1.0", "id": "1", "source": "/s", "type": "nonsense", "time": rfc3339(START), "data": {}}
    (recording / "changes.jsonl").write_text(json.dumps(bad) + "\n")
    replay(recording, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "replay.json").read_text())["dead_letters"] == 1


def test_a_replay_has_domain_state_and_shadow_of_its_own(tmp_path: Path) -> None:
    """Whatever the runtime's settings say."""
    made = replay_settings(Settings(), Recording(write(tmp_path / "small")), tmp_path / "out")
    assert made.domain == "replay-small"
    assert made.state == tmp_path / "out" / "state"
    assert made.control.shadow


def test_through_kafka_our_own_work_gets_more_of_the_recordings_time(tmp_path: Path) -> None:
    """What bounds answers of agents is stretched by the speed; timers of incidents are not; nobody is paged."""
    made = kafka_settings(Settings(), Recording(write(tmp_path / "small")), tmp_path / "out", speed=60.0)
    usual = Settings().control
    assert made.control.handoff_seconds == 60 * usual.handoff_seconds
    assert made.control.gather_seconds == usual.gather_seconds
    assert made.paging.levels == ((f"file://{tmp_path / 'out' / 'pages.jsonl'}",),)
    assert made.clock is not None


def test_topics_of_a_replay_are_nobody_elses() -> None:
    """All of them, and what is keyed stays keyed."""
    mine, usual = own_topics(Topics(), "replay-x"), Topics()
    assert all(name.startswith("replay-x.") for name in (*mine.telemetry, *mine.control, mine.keyed, mine.audit))
    assert mine.keyed_by_entity == tuple(f"replay-x.{name}" for name in usual.keyed_by_entity)


@pytest.mark.parametrize("stream", list(Stream))
def test_every_stream_has_its_topic(stream: Stream) -> None:
    """Telemetry goes to the shards, the rest to the orchestrator."""
    topics = Topics()
    read_by = topics.telemetry if stream in TELEMETRY else topics.control
    assert topic_of(stream, topics) in read_by


def test_faults_of_ours_are_counted() -> None:
    """An event that was refused for a good reason is none; one whose handling raised is."""
    journal = MemoryJournal()
    said = [
        ("refused", "KeyError: 'x'", "fault"),
        ("refused", "fault: of yours", "malformed"),
        ("applied", "no", "fault"),
    ]
    entries = tuple(
        JournalEntry(f"e{n}", n, entry, "", "", "{}", json.dumps([{"refused": why, "kind": kind, "old": False}]))
        for n, (entry, why, kind) in enumerate(said)
    )
    journal.commit([Transaction("main", journal.claim("orchestrator", "test"), entries)])
    assert faults(journal, "main") == 1
