"""A world at rest, in which no second passes unless a test says so."""

from __future__ import annotations

from simulations.world.estate import load
from simulations.world.world import World

ESTATE = load()


def world(seed: int = 1) -> World:
    """The shop at its start."""
    return World(ESTATE, seed)


def host_of(place: World, service: str) -> str:
    """Host of a service's first instance."""
    return place.layout.hosts[int(place.fixed.host[place.instances(service)[0]])]
