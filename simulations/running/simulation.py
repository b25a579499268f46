"""A run: a world, its faults, somebody who looks after it, and everything that graders need afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model.codec import decode
from aiops.model.incidents import Incident
from aiops.model.pages import Page
from aiops.plugins import BUILT_INS, Plugins
from aiops.settings import Settings
from remediations.bundle import Bundle
from simulations.faults.fault import Fault
from simulations.running.healing import Healer, Nobody, Product
from simulations.running.naive import NaiveRestarts
from simulations.running.outside import RecordedAction
from simulations.running.vitals import Vitals
from simulations.world.estate import Estate
from simulations.world.streams import SECOND
from simulations.world.truth import FaultRecord, Harm, Truth
from simulations.world.world import DEFAULT_START, World

LATER = 120
"""Seconds after a fault's end in which its repair is still a right answer."""


class Who(StrEnum):
    """Who looks after the world."""

    PRODUCT = "aiops"
    NONE = "none"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Coming:
    """A fault and when it comes, seconds after the history."""

    fault: Fault
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What is to happen; all of it, the history too, is part of the run."""

    estate: Estate
    faults: tuple[Coming, ...]
    history: int = 1800
    """Seconds of health before; detectors warm up in them, and nothing in them is graded but false alarms."""
    duration: int = 1800
    """Seconds after the history."""
    approval_seconds: float | None = 120.0
    """How long people take to approve; None: nobody does."""
    start: int = DEFAULT_START


@dataclass(frozen=True, slots=True)
class Judged:
    """An action with what was true when it was asked for."""

    act: RecordedAction
    right: bool
    """It is a right answer to a fault that was there."""
    sick: bool
    """Its target was in trouble."""
    effect: bool
    """It took effect in the end."""
    harm: float
    """Requests, messages or cache shares that it cost."""

    @property
    def unsafe(self) -> bool:
        """It took effect, was no right answer (nor the undo of a step), and its target was in order or it did harm."""
        return self.effect and not self.act.undo and not self.right and (not self.sick or self.harm >= 1.0)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it. Times in ns."""

    who: Who
    seed: int
    light: bool
    start: int
    graded_from: int
    """End of the history."""
    end: int
    truth: Truth
    faults: tuple[FaultRecord, ...]
    harms: tuple[Harm, ...]
    actions: tuple[Judged, ...]
    incidents: tuple[Incident, ...] = ()
    """In the order in which they opened, merged ones too."""
    pages: tuple[Page, ...] = ()
    journal: str = ""
    """SHA-256 of all rows, hex; the same seed gives the same."""


@dataclass
class Simulation:
    """A run in the making.

    Args:
        plot: what is to happen.
        bundle: the product's runbooks, policies and windows.
        who: looks after the world.
        seed: of every random stream.
        light: metrics only.
        settings: the runtime's; None: the simulator's.
        plugins: where the product's ranker, detectors and views come from.
    """

    plot: Plot
    bundle: Bundle
    who: Who = Who.PRODUCT
    seed: int = 0
    light: bool = True
    settings: Settings | None = None
    plugins: Plugins = BUILT_INS
    judged: list[Judged] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        plot = self.plot
        self.world = World(plot.estate, self.seed, plot.start)
        for coming in plot.faults:
            self.world.inject(coming.fault, plot.history + coming.after)
        self.vitals = Vitals(self.world)
        self.healer = self._healer()
        self._noted: list[tuple[RecordedAction, bool, bool]] = []

    def _healer(self) -> Healer:
        match self.who:
            case Who.PRODUCT:
                approval = self.plot.approval_seconds
                return Product(
                    self.world,
                    self.bundle,
                    light=self.light,
                    approval_seconds=approval,
                    settings=self.settings,
                    plugins=self.plugins,
                )
            case Who.RESTART:
                return NaiveRestarts(self.world)
            case Who.NONE:
                return Nobody([])

    def run(self, progress: Callable[[float], None] | None = None) -> Run:
        """All of it; ``progress`` is told the share that is over, once a virtual minute."""
        seconds = self.plot.history + self.plot.duration
        for tick in range(seconds):
            self.step()
            if progress is not None and tick % 60 == 59:
                progress((tick + 1) / seconds)
        return self.result()

    def step(self) -> None:
        """One second."""
        self.world.step()
        self.vitals.note()
        self.healer.tick()
        for act in self.healer.acts[len(self._noted) :]:
            self._noted.append((act, self._right(act), self.vitals.sick(act.action.split(" ", 1)[1])))

    def _right(self, act: RecordedAction) -> bool:
        lasting = [
            record
            for record in self.world.truth.faults
            if record.until is None or act.at - record.until <= LATER * SECOND
        ]
        return any(act.action in record.repairs for record in lasting)

    def result(self) -> Run:
        """What came of it so far."""
        world, harms = self.world, self.world.truth.harms
        cost: dict[str, float] = {}
        for harm in harms:
            cost[harm.key] = cost.get(harm.key, 0.0) + harm.amount
        effects = world.operations.effects
        actions = tuple(
            Judged(act, right, sick, effects.get(act.key, 0) > 0, cost.get(act.key, 0.0))
            for act, right, sick in self._noted
        )
        product = self.healer if isinstance(self.healer, Product) else None
        return Run(
            who=self.who,
            seed=self.seed,
            light=self.light,
            start=world.start,
            graded_from=world.start + self.plot.history * SECOND,
            end=world.now,
            truth=world.truth,
            faults=tuple(world.truth.faults),
            harms=tuple(harms),
            actions=actions,
            incidents=() if product is None else incidents_of(product),
            pages=() if product is None else tuple(product.notifier.pages),
            journal="" if product is None else digest(product),
        )


def incidents_of(product: Product) -> tuple[Incident, ...]:
    """Every incident that was ever opened, in order."""
    journal, most = product.journal, 1_000_000
    bodies: Sequence[str] = [*journal.archived("incident", most).values(), *journal.documents("incident").values()]
    return tuple(sorted((decode(Incident, body) for body in bodies), key=lambda one: (one.opened_at, one.id)))


def digest(product: Product) -> str:
    """SHA-256 over the journal's rows."""
    rows = product.journal.rows(limit=10**9)
    return hashlib.sha256("\n".join(f"{row.digest} {row.entry.consequences}" for row in rows).encode()).hexdigest()
