"""The notes of what is in progress survive a killed process, and a damaged note costs nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.attempts import FileAttempts
from aiops.adapters.shard import Shard
from aiops.adapters.shard_parts import ShardParts, ShardRhythm
from aiops.adapters.snapshots.folder import FolderFiles
from aiops.adapters.snapshots.store import ChainedSnapshotStore
from aiops.adapters.suspects import Treatment
from aiops.model.errors import TemporaryError
from aiops.model.records import FetchedRecords, OutRecord, TopicPartition
from tests.unit.adapters.test_shard import RECORDS, SLOTS, Agent, Clock, Consumer, Log, Producer
from tests.unit.adapters.test_suspects import fetched

POISON = {b"0/13", b"1/4"}
LIFE = """
import os, signal, sys
from pathlib import Path
from tests.unit.adapters import test_attempts
test_attempts.life(Path(sys.argv[1]), lambda: os.kill(os.getpid(), signal.SIGKILL))
"""


class Poisoned(Agent):
    """Dies of some records."""

    die = staticmethod(lambda: None)

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> list[OutRecord]:
        if POISON & {value for records in batch for value in records.values}:
            self.die()
        return super().handle(batch, received_at)


def life(folder: Path, die: object) -> None:
    """One process of a shard: until it dies or has read everything; then it writes what it counted and said."""
    log, agent = Log(), Poisoned()
    agent.die = die  # type: ignore[assignment]
    attempts = FileAttempts(folder / "deaths")
    parts = ShardParts(
        Consumer(log),
        Producer(log),
        ChainedSnapshotStore(FolderFiles(folder / "snapshots")),
        agent,
        Clock(),
        attempts=attempts,
    )
    shard = Shard(0, parts, ["t"], rhythm=ShardRhythm(60.0, 0.0), slots=dict.fromkeys(range(SLOTS), 1))
    shard._rewind()
    for _ in range(RECORDS):
        shard._turn()
    shard._snapshot_all()
    shard._writer.shutdown()
    seen = "".join(f"{slot} {agent.seen[slot]}\n" for slot in range(SLOTS))
    (folder / "done").write_text(seen + "".join(f"{said.decode()}\n" for said in log.said if b"unread" in said))


def parts(attempts: FileAttempts, begin: int, end: int) -> list[tuple[list[int], Treatment]]:
    return [(list(part.offsets), treatment) for part, treatment in attempts.parts(fetched(begin, end))]


def test_records_that_kill_the_process_twice_are_set_aside_and_all_others_are_counted_once(tmp_path: Path) -> None:
    """With SIGKILL, in real processes: two poisonous records take four deaths, and the fifth process reads on."""
    codes: list[int] = []
    while not (tmp_path / "done").exists():
        assert len(codes) < 6
        codes.append(subprocess.run([sys.executable, "-c", LIFE, str(tmp_path)], check=False, timeout=60).returncode)
    assert codes == [-signal.SIGKILL] * 4 + [0]
    lines = (tmp_path / "done").read_text().splitlines()
    assert lines[:SLOTS] == [f"{slot} {[1] * RECORDS}" for slot in range(SLOTS)]
    assert sorted(lines[SLOTS:]) == ["unread 0/13", "unread 1/4"]


def test_an_error_that_ends_the_process_leaves_the_note(tmp_path: Path) -> None:
    """The next process treats the records as suspects."""
    first = FileAttempts(tmp_path)
    with pytest.raises(MemoryError), first.processing(fetched(3, 5)):
        raise MemoryError
    second = FileAttempts(tmp_path)
    second.adopt(0)
    assert parts(second, 2, 6) == [
        ([2], Treatment.TOGETHER),
        ([3], Treatment.ALONE),
        ([4], Treatment.ALONE),
        ([5], Treatment.TOGETHER),
    ]


def test_an_error_that_the_shard_survives_is_no_death(tmp_path: Path) -> None:
    """For example a broker that is away."""
    first = FileAttempts(tmp_path)
    with pytest.raises(TemporaryError), first.processing(fetched(3, 5)):
        raise TemporaryError("away")
    second = FileAttempts(tmp_path)
    second.adopt(0)
    assert parts(second, 0, 6) == [(list(range(6)), Treatment.TOGETHER)]


def test_a_kill_between_two_batches_suspects_nothing(tmp_path: Path) -> None:
    """Also after a longer note was overwritten."""
    first = FileAttempts(tmp_path)
    with first.processing(fetched(0, 9, "a-topic-with-a-long-name")):
        pass
    with first.processing(fetched(3, 5)):
        pass
    second = FileAttempts(tmp_path)
    second.adopt(0)
    assert parts(second, 0, 9) == [(list(range(9)), Treatment.TOGETHER)]


def test_one_death_is_counted_once_however_often_the_slot_is_adopted(tmp_path: Path) -> None:
    """A shard adopts its slots again after every error that it survives."""
    first = FileAttempts(tmp_path)
    with pytest.raises(MemoryError), first.processing(fetched(3, 4)):
        raise MemoryError
    second = FileAttempts(tmp_path)
    for _ in range(3):
        second.adopt(0)
    assert parts(second, 3, 4) == [([3], Treatment.ALONE)]


def test_suspects_are_kept_until_a_snapshot_has_passed_them(tmp_path: Path) -> None:
    """Over any number of processes; each reads the record again, and sets it aside again."""
    for _ in range(2):
        with pytest.raises(MemoryError), FileAttempts(tmp_path).processing(fetched(3, 4)):
            raise MemoryError
        FileAttempts(tmp_path).adopt(0)
    third = FileAttempts(tmp_path)
    third.adopt(0)
    assert parts(third, 3, 4) == [([3], Treatment.SET_ASIDE)]
    third.passed(0, {TopicPartition("t", 0): 4})
    fourth = FileAttempts(tmp_path)
    fourth.adopt(0)
    assert parts(fourth, 3, 4) == [([3], Treatment.TOGETHER)]


@given(note=st.binary(max_size=64), suspects=st.binary(max_size=64))
def test_damaged_notes_are_no_notes(note: bytes, suspects: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing is raised, and nothing is suspected."""
    folder = tmp_path_factory.mktemp("deaths")
    (folder / "main").mkdir()
    (folder / "main" / "slot-0000.now").write_bytes(note)
    (folder / "main" / "slot-0000.suspects").write_bytes(suspects)
    attempts = FileAttempts(folder)
    attempts.adopt(0)
    assert parts(attempts, 0, 5) == [(list(range(5)), Treatment.TOGETHER)]


@pytest.mark.parametrize("line", ['["t", 0, 1e999, 1]', '["t", NaN, 5, 2]', '["t", 0, 5]', "[" * 100_000, '{"t": 2}'])
def test_suspects_of_something_else_are_none(line: str, tmp_path: Path) -> None:
    """An error here would end every process of the shard at its start."""
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "slot-0000.suspects").write_text(f'["t", 0, 5, 2]\n{line}\n')
    attempts = FileAttempts(tmp_path)
    attempts.adopt(0)
    assert parts(attempts, 0, 5) == [(list(range(5)), Treatment.TOGETHER)]


def test_a_note_that_is_cut_at_any_byte_suspects_nothing(tmp_path: Path) -> None:
    """The whole one does."""
    with pytest.raises(MemoryError), FileAttempts(tmp_path).processing(fetched(3, 5)):
        raise MemoryError
    note = (tmp_path / "main" / "slot-0000.now").read_bytes()
    for size in range(len(note) + 1):
        folder = tmp_path / str(size)
        (folder / "main").mkdir(parents=True)
        (folder / "main" / "slot-0000.now").write_bytes(note[:size])
        attempts = FileAttempts(folder)
        attempts.adopt(0)
        expected = Treatment.ALONE if size == len(note) else Treatment.TOGETHER
        assert {treatment for _, treatment in parts(attempts, 3, 5)} == {expected}


def test_a_folder_that_cannot_be_written_does_not_stop_the_shard(tmp_path: Path) -> None:
    """The notes are lost, the records are processed."""
    (tmp_path / "deaths").write_text("a file where the folder should be")
    attempts = FileAttempts(tmp_path / "deaths")
    attempts.adopt(0)
    with attempts.processing(fetched(0, 3)):
        processed = True
    assert processed


def test_a_shard_with_thousands_of_slots_keeps_few_files_open(tmp_path: Path) -> None:
    """And every slot's note is right."""
    attempts = FileAttempts(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for slot in range(600):
        records = replace(fetched(3, 5), source=TopicPartition("t", slot))
        with attempts.processing(records):
            pass
    with pytest.raises(MemoryError), attempts.processing(fetched(3, 5)):
        raise MemoryError
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= 256
    after = FileAttempts(tmp_path)
    after.adopt(0)
    assert parts(after, 3, 4) == [([3], Treatment.ALONE)]
