"""Faults by changes: faulty versions and settings, expired certificates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from simulations.faults.fault import Fault
from simulations.world.world import World


@dataclass(frozen=True, kw_only=True)
class _BadDeploy(Fault):
    rollout: int = 60
    """Seconds until all instances have it."""

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"roll-back {self.target}",)

    def begin(self, world: World) -> None:
        world.deploy(self.target)

    def reached(self, world: World, age: int) -> list[int]:
        """Instances that have the new version."""
        group = world.instances(self.target)
        return [int(i) for i in group[: math.ceil(len(group) * min(1.0, (age + 1) / self.rollout))]]


@dataclass(frozen=True, kw_only=True)
class BadDeployErrors(_BadDeploy):
    """A version that fails a share of its requests."""

    name: ClassVar[str] = "bad-deploy-errors"
    target: str = "payment"
    share: float = 0.6

    def hold(self, world: World, age: int) -> None:
        world.knobs.errors[self.reached(world, age)] += self.share


@dataclass(frozen=True, kw_only=True)
class BadDeploySlow(_BadDeploy):
    """A version that needs more processor time for each request."""

    name: ClassVar[str] = "bad-deploy-slow"
    target: str = "pricing"
    factor: float = 7.0

    def hold(self, world: World, age: int) -> None:
        world.knobs.slow[self.reached(world, age)] *= self.factor


@dataclass(frozen=True, kw_only=True)
class BadConfiguration(Fault):
    """A setting that makes a service's calls to another fail."""

    name: ClassVar[str] = "bad-configuration"
    target: str = "basket"
    to: str = "orders-db"
    share: float = 0.7

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"roll-back {self.target}",)

    def begin(self, world: World) -> None:
        world.deploy(self.target, f"{self.target}: connection settings changed", "config")

    def hold(self, world: World, _age: int) -> None:
        for e, (caller, call) in enumerate(world.layout.edges):
            if caller == self.target and call.to == self.to:
                world.knobs.call_errors[e] = self.share


@dataclass(frozen=True, kw_only=True)
class CertificateExpiry(Fault):
    """Connections to a service are refused as they are renewed, until all are."""

    name: ClassVar[str] = "certificate-expiry"
    target: str = "user-profile"
    ramp: int = 120
    renewed: bool = True
    """A new certificate is installed and a restart loads it; False: only a person can repair the fault."""

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"restart {self.target}",) if self.renewed else ()

    def hold(self, world: World, age: int) -> None:
        world.knobs.tls_fails[world.layout.index[self.target]] = min(1.0, (age + 1) / self.ramp)
