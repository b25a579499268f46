"""Executes steps with a program: ``PROGRAM run`` and ``PROGRAM observe``, the order as JSON on its standard input.

Exit code of ``run``: 0 done, 1 failed and nothing changed, anything else (or killed at the deadline) unknown.
``observe`` prints ``done``, ``not-done`` or ``unknown``. No shell is involved, nothing of the order becomes an
argument, and the environment is empty but for PATH, HOME and what the settings name.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from aiops.adapters.executors.options import wanted
from aiops.model.codec import encode
from aiops.model.errors import PermanentError
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import Clock

_KEPT = ("PATH", "HOME")
_OBSERVE_SECONDS = 20.0


def from_options(options: Mapping[str, str], clock: Clock) -> ScriptExecutor:
    """The executor of ``kind: script``. ``command``: program and arguments, separated by blanks."""
    return ScriptExecutor(wanted(options, "command").split(), clock)


class ScriptExecutor:
    """``Executor`` that runs a program in a process group of its own, which is killed whole at the deadline."""

    def __init__(self, command: Sequence[str], clock: Clock, environment: Mapping[str, str] | None = None) -> None:
        self._command, self._clock = list(command), clock
        self._environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | dict(environment or {})

    def run(self, order: StepOrder) -> StepOutcome:
        """Run the program, at most until the order's deadline.

        Raises:
            PermanentError: the deadline has passed, or the program cannot be started.
        """
        left = (order.deadline_at - self._clock.now()) / 1e9
        if left <= 0:
            raise PermanentError("its deadline has passed; nothing was started")
        code, out = self._call("run", order, left)
        match code:
            case 0:
                status = StepStatus.DONE
            case 1:
                status = StepStatus.FAILED
            case _:
                status = StepStatus.UNKNOWN
        return StepOutcome(
            order.capability.key, status, self._clock.now(), Prose(f"exit code {code}: {out}"), order.domain
        )

    def observe(self, order: StepOrder) -> Observed:
        """Run the program with ``observe``. Any other output than the three words is unknown."""
        code, out = self._call("observe", order, _OBSERVE_SECONDS)
        word = out.strip()
        return Observed(word) if code == 0 and word in set(Observed) else Observed.UNKNOWN

    def _call(self, verb: str, order: StepOrder, seconds: float) -> tuple[int, str]:
        try:
            process = subprocess.Popen(
                [*self._command, verb],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        except OSError as error:
            raise PermanentError(f"cannot start {self._command[0]}: {error}") from error
        try:
            out, _ = process.communicate(encode(order).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            return -signal.SIGKILL, f"killed at its deadline after {seconds:.1f} s; {_tail(out)}"
        return process.returncode, _tail(out)


def _tail(out: bytes) -> str:
    return out[-500:].decode(errors="replace").strip()
