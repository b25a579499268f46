"""Whether a target is normal at a moment: the truth that grading stores with each action."""

from __future__ import annotations

import numpy as np

from simulations.world.arrays import DOWN, OFF, STARTING, Floats
from simulations.world.world import World

WINDOW = 60
"""Seconds over which failures are counted."""
FAILING = 0.01
"""A normal service fails at most this share of its requests."""
BUSY = 0.9
"""A normal service uses at most this share of its cores."""


class Vitals:
    """Failures of every service over the last minute; call ``note`` each tick."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sums = np.zeros((WINDOW, 2, len(world.layout.ids)))
        self._sums[:] = self._read()

    def note(self) -> None:
        """Records the current second."""
        self._sums[self._world.tick % WINDOW] = self._read()

    def _read(self) -> Floats:
        seen, first = self._world.seen, self._world.fixed.first[:-1]
        bad = np.add.reduceat(seen.failed_sum + seen.late_sum, first) + seen.refused_sum
        read: Floats = np.stack([np.add.reduceat(seen.arrived_sum, first) + seen.refused_sum, bad])
        return read

    def faulty(self, target: str) -> bool:
        """Whether a service, instance, host, zone, site or agent, or any of its parts, is abnormal."""
        world, layout = self._world, self._world.layout
        if target in layout.index:
            return self._service(layout.index[target])
        if target in world.agents:
            return bool(world.lying[world.agents[target]])
        if target in layout.sites:
            return bool(world.knobs.site_fails[layout.sites.index(target)])
        if target in layout.hosts:
            h = layout.hosts.index(target)
            if world.knobs.hog[h] or world.knobs.disk_slow[h] > 1 or world.disk[h] > BUSY:
                return True
            inside = world.fixed.host == h
        elif target in layout.zones:
            zone = layout.zones.index(target)
            if world.knobs.loss[zone].any():
                return True
            inside = world.fixed.zone == zone
        elif target in layout.instance_index:
            inside = np.arange(len(world.fixed.host)) == layout.instance_index[target]
        else:
            return False
        return bool(np.isin(world.state.phase[inside], (DOWN, STARTING)).any())

    def _service(self, n: int) -> bool:
        world = self._world
        came, bad = self._sums[world.tick % WINDOW] - self._sums[(world.tick + 1) % WINDOW]
        if bad[n] > FAILING * max(came[n], 1.0):
            return True
        name = world.layout.ids[n]
        if name in world.truth.services and world.truth.violated[-1][world.truth.services.index(name)]:
            return True
        span = slice(int(world.fixed.first[n]), int(world.fixed.first[n + 1]))
        phase = world.state.phase[span]
        if np.isin(phase, (DOWN, STARTING)).any():
            return True
        use = world.seen.cpu[span][phase != OFF] / world.layout.services[n].cores
        return bool(len(use) and use.mean() > BUSY)
