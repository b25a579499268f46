"""The end of a process whose shard failed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from aiops.adapters.process_end import EXIT_CODE
from aiops.adapters.shard import Shard
from aiops.adapters.shard_parts import ShardParts, ShardRhythm
from aiops.model.records import FetchedRecords, OutRecord
from tests.unit.adapters.test_shard import Agent, Clock, Consumer, Log, Producer, Store

ZOMBIE = """
import time
from tests.unit.adapters.test_process_end import failing
shard = failing(MemoryError("decompressed 80 GB"))
shard.start()
time.sleep(60)
"""


class Failing(Agent):
    """Raises an error at a record."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.raised = error

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> list[OutRecord]:
        raise self.raised


def failing(error: BaseException) -> Shard:
    log = Log()
    parts = ShardParts(Consumer(log), Producer(log), Store(), Failing(error), Clock())
    return Shard(0, parts, ["t"], rhythm=ShardRhythm(poll_seconds=0.0), slots={0: 1})


def test_an_unexpected_error_in_a_shard_ends_its_process() -> None:
    """The process is gone; it does not stay and answer `status` with slots that nobody reads."""
    done = subprocess.run([sys.executable, "-c", ZOMBIE], timeout=50, capture_output=True, text=True, check=False)
    assert done.returncode == EXIT_CODE
    assert "decompressed 80 GB" in done.stdout + done.stderr


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [ValueError("x"), MemoryError(), KeyError(1), SystemExit(3)])
def test_any_error_that_is_not_ours_ends_the_shard(error: BaseException) -> None:
    """No class of error leaves the thread dead and the process alive."""
    shard, ended = failing(error), threading.Event()
    shard._end = ended.set
    shard.start()
    shard._thread.join(10)
    shard._writer.shutdown()
    assert ended.is_set()
