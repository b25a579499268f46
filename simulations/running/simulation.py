"""A run: a world, its faults, its healer, and the data that grading needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model.codec import decode
from aiops.model.durations import SECOND
from aiops.model.incidents import Incident
from aiops.model.pages import Page
from aiops.plugins import BUILT_INS, Plugins
from aiops.settings import Settings
from remediations.bundle import Bundle
from simulations.faults.fault import Fault
from simulations.running.healers import Healer, NoHealer, Product
from simulations.running.naive import NaiveRestarts
from simulations.running.outside import RecordedAction
from simulations.running.vitals import Vitals
from simulations.world.estate import Estate
from simulations.world.truth import FaultRecord, Harm, Truth
from simulations.world.world import DEFAULT_START, World

LATER = 120
"""For this many seconds after a fault's end its repair still counts as a right action."""


class Who(StrEnum):
    """The healer of a world."""

    PRODUCT = "aiops"
    NONE = "none"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Coming:
    """A fault and when it begins, in seconds after the history."""

    fault: Fault
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The course of a run: a history without faults, then the time with faults."""

    estate: Estate
    faults: tuple[Coming, ...]
    history: int = 1800
    """Seconds without faults at the start; detectors warm up, and only false alarms are graded."""
    duration: int = 1800
    """Seconds after the history."""
    approval_seconds: float | None = 120.0
    """Seconds until approvers answer; None: they never answer."""
    start: int = DEFAULT_START


@dataclass(frozen=True, slots=True)
class Judged:
    """An action with the truth at the time of the request."""

    act: RecordedAction
    right: bool
    """Whether it repairs a fault that was present."""
    faulty: bool
    """Whether its target was abnormal."""
    effect: bool
    """Whether it took effect."""
    harm: float
    """Requests, messages or cache shares lost by the action."""

    @property
    def unsafe(self) -> bool:
        """Whether it took effect, was neither right nor an undo, and its target was normal or it did harm."""
        return self.effect and not self.act.undo and not self.right and (not self.faulty or self.harm >= 1.0)


@dataclass(frozen=True, slots=True)
class Run:
    """Result of a run. Times in ns."""

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
    """In the order in which they opened, including merged ones."""
    pages: tuple[Page, ...] = ()
    journal: str = ""
    """SHA-256 of all rows of the journal, hex; a function of plot, settings and seed."""


@dataclass
class Simulation:
    """Executes a run.

    Args:
        plot: the course of the run.
        bundle: the product's runbooks, policies and windows.
        who: the healer.
        seed: seed of all random streams.
        light: send metrics only, as arrays; False: also logs and spans, as OTLP.
        settings: of the runtime; None: the simulator's defaults.
        plugins: source of the product's ranker, detectors and views.
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
                return NoHealer([])

    def run(self, progress: Callable[[float], None] | None = None) -> Run:
        """Runs to the end; calls ``progress`` once a virtual minute with the share that is done."""
        seconds = self.plot.history + self.plot.duration
        for tick in range(seconds):
            self.step()
            if progress is not None and tick % 60 == 59:
                progress((tick + 1) / seconds)
        return self.result()

    def step(self) -> None:
        """Advances the run by one second."""
        self.world.step()
        self.vitals.note()
        self.healer.tick()
        for act in self.healer.acts[len(self._noted) :]:
            self._noted.append((act, self._right(act), self.vitals.faulty(act.action.split(" ", 1)[1])))

    def _right(self, act: RecordedAction) -> bool:
        lasting = [
            record
            for record in self.world.truth.faults
            if record.until is None or act.at - record.until <= LATER * SECOND
        ]
        return any(act.action in record.repairs for record in lasting)

    def result(self) -> Run:
        """The result so far."""
        world, harms = self.world, self.world.truth.harms
        cost: dict[str, float] = {}
        for harm in harms:
            cost[harm.key] = cost.get(harm.key, 0.0) + harm.amount
        effects = world.operations.effects
        actions = tuple(
            Judged(act, right, faulty, effects.get(act.key, 0) > 0, cost.get(act.key, 0.0))
            for act, right, faulty in self._noted
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
    """All incidents of the run, archived ones too, in the order in which they opened."""
    journal, most = product.journal, 1_000_000
    bodies: Sequence[str] = [*journal.archived("incident", most).values(), *journal.documents("incident").values()]
    return tuple(sorted((decode(Incident, body) for body in bodies), key=lambda one: (one.opened_at, one.id)))


def digest(product: Product) -> str:
    """SHA-256 over the journal's rows."""
    rows = product.journal.rows(limit=10**9)
    return hashlib.sha256("\n".join(f"{row.digest} {row.entry.consequences}" for row in rows).encode()).hexdigest()
