"""What a fault acts on: an estate that runs, and its target in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from aiops.adapters.executors.haproxy_socket import HaproxySocket
from aiops.adapters.supervisord import ProcessInfo, ProcessState
from aiops.apps.range.estate import Estate, healthy
from aiops.model.errors import AiopsError
from aiops.model.reports import Change
from simulations.range.estate_plan import EstatePlan, Instance, Service
from simulations.range.faults.truth import FaultTruth

UP: Final = frozenset({ProcessState.RUNNING, ProcessState.STARTING})
_STOP_SECONDS: Final = 12.0
_START_SECONDS: Final = 25.0
_DRAIN_SECONDS: Final = 0.5
_POLL_SECONDS: Final = 0.1


class Act(Protocol):
    """One fault that happens."""

    def begin(self) -> None:
        """Make it happen."""
        ...

    def tick(self, elapsed: float) -> None:
        """Called each second while it lasts, with the seconds since its begin."""
        ...

    def end(self) -> bool:
        """Undo what is left of it; whether nothing was left. Calling it twice does no harm."""
        ...


@dataclass(frozen=True, slots=True)
class Scene:
    """An estate, the truth about one fault of it, and where its change is published."""

    estate: Estate
    truth: FaultTruth
    announce: Callable[[Change], None]

    @property
    def plan(self) -> EstatePlan:
        """The estate's plan."""
        return self.estate.plan

    @property
    def service(self) -> Service:
        """The service that is the target."""
        return self.plan.by_id[self.truth.target]

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Instances of the target that are started with the estate."""
        return tuple(instance for instance in self.service.instances if not instance.spare)

    def processes(self, names: Sequence[str]) -> list[ProcessInfo]:
        """What supervisord knows of some programs."""
        return [one for one in self.estate.supervisord.processes() if one.name in names]

    def start_dead(self, names: Sequence[str]) -> list[str]:
        """Start those programs that do not run; their names."""
        dead = [one.name for one in self.processes(names) if one.state not in UP]
        for name in dead:
            self.estate.supervisord.start(name)
        return dead

    def restart(self, instances: Sequence[Instance]) -> None:
        """Restart instances one after the other, as pipelines do: HAProxy sends none of them requests meanwhile.

        Each is waited for until it is well, at most 25 s.
        """
        for instance in instances:
            if len(instances) > 1:
                self._route(instance, "drain")
                time.sleep(_DRAIN_SECONDS)
            self.estate.supervisord.stop(instance.id)
            wait(lambda name=instance.id: not self.processes([name])[0].pid, _STOP_SECONDS)  # type: ignore[misc]
            self.estate.supervisord.start(instance.id)
            wait(lambda port=instance.port: healthy(port), _START_SECONDS)  # type: ignore[misc]
            self._route(instance, "ready")

    def _route(self, instance: Instance, state: str) -> None:
        """Tell HAProxy; one that does not answer is no reason to restart nothing."""
        proxy = HaproxySocket(f"unix://{self.estate.folder.haproxy_socket}")
        with suppress(AiopsError):
            proxy.order(f"set server {self.truth.target}/{instance.id} state {state}")


def wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
