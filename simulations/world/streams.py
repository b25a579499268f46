"""Random numbers by purpose and place in time: what one part of the world draws never moves another part's numbers.

Each stream is a Philox generator keyed by seed and purpose; a number (a block of ticks, a fault's rank) chooses an
independent piece of it. Nothing here depends on the state of the world, so two runs with one seed can be
compared in pairs.
"""

from __future__ import annotations

import hashlib

import numpy as np

from aiops.model.durations import SECOND
from simulations.world.arrays import Floats
from simulations.world.estate import Estate

BLOCK = 600
"""Ticks of arrivals that are drawn at once."""
DAY = 86_400


def stream(seed: int, purpose: str, number: int = 0) -> np.random.Generator:
    """A generator that depends on its three arguments only."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=16).digest()
    key = np.frombuffer(digest, dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, number]))


def season(second: Floats, height: float) -> Floats:
    """Factor on the rate at a time of day and week (seconds since the epoch, UTC); its mean over a day is 1."""
    day = second / DAY
    wave = 0.8 * np.sin(2 * np.pi * (day - 0.42)) + 0.2 * np.sin(4 * np.pi * (day - 0.42))
    weekend = np.where((np.floor(day) + 3) % 7 >= 5, 0.9, 1.0)  # 1970-01-01 was a Thursday
    return (1.0 + height * wave) * weekend


class Arrivals:
    """Users per tick, by front and site; untouched by faults and actions."""

    def __init__(self, estate: Estate, seed: int, start_ns: int) -> None:
        self._seed, self._start, self._height = seed, start_ns, estate.season
        shares = np.array([site.share for site in estate.sites])
        self._rates: list[float] = []
        self._shares = shares
        self._block = -1
        self._drawn = np.zeros((0, 0, 0))
        waves = stream(seed, "drift")
        self._periods = waves.uniform(400, 9000, size=4)
        self._phases = waves.uniform(0, 2 * np.pi, size=4)

    def of_fronts(self, rates: list[float]) -> Arrivals:
        """Set the mean rates, in the layout's order of fronts."""
        self._rates = rates
        return self

    def at(self, tick: int) -> Floats:
        """[front, site] users that come in this second (not whole numbers: a flow)."""
        block, row = divmod(tick, BLOCK)
        if block != self._block:
            self._block, self._drawn = block, self._draw(block)
        drawn: Floats = self._drawn[row]
        return drawn

    def _draw(self, block: int) -> Floats:
        generator = stream(self._seed, "arrivals", block)
        ticks = block * BLOCK + np.arange(BLOCK)
        second = (self._start / SECOND + ticks).astype(np.float64)
        drift = 1 + 0.02 * np.sin(2 * np.pi * ticks[:, None] / self._periods + self._phases).sum(axis=1)
        level = season(second, self._height) * drift
        mean = level[:, None, None] * np.array(self._rates)[None, :, None] * self._shares[None, None, :]
        noise = generator.standard_normal(mean.shape)
        drawn: Floats = np.maximum(0.0, mean + np.sqrt(mean) * noise)
        return drawn
