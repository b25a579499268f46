"""The naive rule that scorecards compare the product with."""

from __future__ import annotations

import numpy as np

from aiops.model.plans import Action
from simulations.running.outside import RecordedAction
from simulations.world.world import World


class NaiveRestarts:
    """Restarts services that break their SLO and the service that fails most, each at most every two minutes.

    The rule resembles a liveness check. It reads the true SLO state and failures, without noise or delay.
    """

    PAUSE = 120
    LOUD = 0.05
    """A service that fails a larger share of its requests in a minute may be restarted."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.acts: list[RecordedAction] = []
        self._last: dict[str, int] = {}
        self._before = self._counts()

    def tick(self) -> None:
        """Checks SLOs every 15 s, and once a minute the failures of the last minute."""
        world = self.world
        if world.tick % 15:
            return
        targets = [s for s, broken in zip(world.truth.services, world.truth.violated[-1], strict=True) if broken]
        if world.tick % 60 == 0:
            loudest = self._loudest()
            targets += [loudest] if loudest is not None and loudest not in targets else []
        for target in targets:
            if world.tick - self._last.get(target, -self.PAUSE) >= self.PAUSE:
                self._last[target] = world.tick
                key = f"naive/{target}/{world.tick}"
                result = world.apply(Action("restart", target), key)
                self.acts.append(
                    RecordedAction(world.now, key, f"restart {target}", undo=False, accepted=result.accepted, plan=key)
                )

    def _counts(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """[2, s] requests received, and requests that failed or were late, since the start."""
        seen, first = self.world.seen, self.world.fixed.first[:-1]
        bad = np.add.reduceat(seen.failed_sum + seen.late_sum, first)
        came: np.ndarray[tuple[int, int], np.dtype[np.float64]] = np.stack(
            [np.add.reduceat(seen.arrived_sum, first), bad]
        )
        return came

    def _loudest(self) -> str | None:
        now = self._counts()
        came, bad = now - self._before
        self._before = now
        share = bad / np.maximum(came, 1.0)
        ours = np.array([service.kind != "external" for service in self.world.layout.services])
        worst = int(np.argmax(np.where(ours, share, 0.0)))
        return self.world.layout.ids[worst] if share[worst] > self.LOUD and ours[worst] else None
