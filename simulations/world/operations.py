"""Actions on the world: what each primitive does, how long it takes, how it fails and what harm it can do.

An action is asked for with an idempotency key; the target applies a key once and counts how often it was
asked and how often it took effect. Whether it fails is drawn from its key alone, so no action moves another's
luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiops.model.durations import SECOND
from aiops.model.plans import Action, Observed, StepStatus
from simulations.world.action_checks import (
    PRIMITIVES,
    check_clear,
    check_fail_over,
    check_restart,
    check_scale,
    check_service,
    number_of,
    replicas,
    unknown_primitive,
)
from simulations.world.arrays import OFF, READY
from simulations.world.estate import ActionSpec
from simulations.world.streams import stream
from simulations.world.truth import Harm

if TYPE_CHECKING:
    from simulations.world.world import World

_NORMAL = ActionSpec(seconds=5)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The target's answer to a request."""

    key: str
    accepted: bool
    """False: it cannot be done here, or the key was applied before; nothing was changed by this request."""
    detail: str
    done_at: int
    """When it will have ended, ns; now if it was not accepted."""
    undo: Action | None
    """What takes it back; None: nothing does."""


@dataclass(slots=True)
class _Running:
    action: Action
    due: int
    status: StepStatus | None = None
    undo: Action | None = None
    detail: str = ""


class Operations:
    """The world's side of every action."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[str, _Running] = {}
        self._due: list[tuple[int, str]] = []
        self.asked: dict[str, int] = {}
        """How often each key was asked for."""
        self.effects: dict[str, int] = {}
        """How often each key took effect: 0 or 1."""
        self.others: set[str] = set()
        """Primitives that the world has no model of: they take effect, and repair the faults that name them."""

    def apply(self, action: Action, key: str) -> ActionResult:
        """Ask for an action; a key that is known changes nothing."""
        world = self._world
        action = Action(action.primitive.replace("_", "-"), action.target, dict(action.parameters))
        self.asked[key] = self.asked.get(key, 0) + 1
        if (known := self._running.get(key)) is not None:
            return ActionResult(key, False, "this key was applied before", world.now, known.undo)
        refusal = "" if self._unmodelled(action) else _CHECKS.get(action.primitive, unknown_primitive)(world, action)
        if refusal:
            return ActionResult(key, False, refusal, world.now, None)
        spec = world.estate.actions.get(action.primitive, _NORMAL)
        jitter = 0.8 + 0.4 * float(stream(world.seed, f"action/{key}").random())
        ticks = max(1, round(spec.seconds * jitter))
        running = _Running(action, world.tick + ticks, undo=_undo(world, action))
        self._running[key] = running
        self._due.append((running.due, key))
        self._due.sort()
        return ActionResult(key, True, "begun", world.now + ticks * SECOND, running.undo)

    def observe(self, target: str, key: str) -> Observed:
        """What the target knows of a key."""
        running = self._running.get(key)
        if running is None or running.action.target != target or running.status is StepStatus.FAILED:
            return Observed.NOT_DONE
        return Observed.DONE if running.status is StepStatus.DONE else Observed.UNKNOWN

    def outcome(self, key: str) -> StepStatus | None:
        """How it ended as far as anybody can tell; None while it runs or where the key is not known."""
        running = self._running.get(key)
        return None if running is None else running.status

    def advance(self) -> None:
        """Let the effects happen that are due."""
        while self._due and self._due[0][0] <= self._world.tick:
            _, key = self._due.pop(0)
            self._finish(key, self._running[key])

    def _finish(self, key: str, running: _Running) -> None:
        world = self._world
        spec = world.estate.actions.get(running.action.primitive, _NORMAL)
        fails, lost = stream(world.seed, f"action/{key}", 1).random(2)
        if fails < spec.fails:
            running.status = StepStatus.FAILED
            return
        self.effects[key] = self.effects.get(key, 0) + 1
        if not self._unmodelled(running.action):
            _EFFECTS[running.action.primitive](world, running.action, key)
        world.repaired(running.action)
        running.status = StepStatus.UNKNOWN if lost < spec.lost else StepStatus.DONE

    def _unmodelled(self, action: Action) -> bool:
        return action.primitive in self.others and action.primitive not in PRIMITIVES


# ---------------------------------------------------------------------------------------- may it be done, and its undo


_CHECKS: dict[str, Callable[[World, Action], str]] = {
    "restart": check_restart,
    "scale": check_scale,
    "roll-back": check_service,
    "shed-load": check_service,
    "fail-over": check_fail_over,
    "clear-cache": check_clear,
}


def _undo(world: World, action: Action) -> Action | None:
    """What takes an action back, as things stand before it."""
    layout, target = world.layout, action.target
    match action.primitive:
        case "scale":
            return Action("scale", target, {"replicas": world.allocated(layout.index[target])})
        case "shed-load":
            return Action("shed-load", target, {"share": float(world.resting.shed[layout.index[target]])})
        case "roll-back":
            return Action("roll-back", target, {"version": world.versions[target]})
        case "fail-over" if target in layout.zones:
            return Action("fail-over", target, {"back": True})
        case "fail-over" if target in layout.index:
            active = int(world.state.active[layout.index[target]])
            zone = layout.zones[world.fixed.zone[active]] if active >= 0 else layout.zones[0]
            return Action("fail-over", target, {"to": zone})
        case _:
            return None


# ------------------------------------------------------------------------------------------------------------ effects


def _restart(world: World, action: Action, key: str) -> None:
    """Kill and start again, in thirds unless ``at_once``; what was in flight is lost."""
    layout, fixed, target = world.layout, world.fixed, action.target
    if target in world.agents:
        return
    if target in layout.hosts:
        group = np.flatnonzero(fixed.host == layout.hosts.index(target)).tolist()
        batches = [group]
    elif target in layout.instance_index:
        batches = [[layout.instance_index[target]]]
    else:
        n = layout.index[target]
        group = [i for i in range(fixed.first[n], fixed.first[n + 1]) if world.state.phase[i] != OFF]
        size = len(group) if action.parameters.get("at_once") or fixed.single[n] else math.ceil(len(group) / 3)
        batches = [group[at : at + size] for at in range(0, len(group), size)]
    delay = 0
    for batch in batches:
        alive = [i for i in batch if world.state.phase[i] != OFF]
        for i in alive:
            if world.state.phase[i] == READY:
                dropped = float(world.state.waiting[i].sum() + world.seen.active[i])
                world.truth.harms.append(Harm(world.now, key, f"{layout.instances[i]} restarted in service", dropped))
            world.later(delay, "kill", i)
        delay += int(max((fixed.startup[fixed.service[i]] for i in alive), default=0)) + 5


def _scale(world: World, action: Action, key: str) -> None:
    del key
    n = world.layout.index[action.target]
    wanted = replicas(world, action)
    world.floors[n] = wanted
    world.resize(n, wanted)


def _roll_back(world: World, action: Action, key: str) -> None:
    """Put the version before (or ``version``) in place, gracefully, one instance after the other."""
    del key
    target = action.target
    wanted = action.parameters.get("version")
    number = int(wanted[:10]) if isinstance(wanted, str) and wanted.isdecimal() else wanted
    world.versions[target] = int(number_of(number, max(1, world.versions[target] - 1)))
    world.roll(world.layout.index[target])
    version = world.versions[target]
    world.reporter.change(target, "deploy", f"{target} rolled back to version {version}", version=version)


def _shed_load(world: World, action: Action, key: str) -> None:
    del key
    share = min(0.95, max(0.0, number_of(action.parameters.get("share"), 0.3)))
    world.resting.shed[world.layout.index[action.target]] = share


def _fail_over(world: World, action: Action, key: str) -> None:
    layout, fixed, target = world.layout, world.fixed, action.target
    if target in layout.sites:
        return
    to = action.parameters.get("to")
    if target in layout.index:
        world.promote(layout.index[target], str(to) if to else None, key)
        return
    zone = layout.zones.index(target)
    if action.parameters.get("back"):
        world.resting.zone_weight[:] = 1.0
        return
    world.resting.zone_weight[zone] = 0.0
    if to is not None and str(to) != target:
        world.resting.zone_weight[layout.zones.index(str(to))] += 1.0
    for n in range(len(layout.services)):
        active = world.state.active[n]
        if active >= 0 and fixed.zone[active] == zone:
            world.promote(n, str(to) if to else None, key)


def _clear_cache(world: World, action: Action, key: str) -> None:
    layout, state = world.layout, world.state
    if action.target in layout.hosts:
        return
    n = layout.index[action.target]
    if world.fixed.is_queue[n]:
        world.truth.harms.append(Harm(world.now, key, "messages thrown away", float(state.backlog[n])))
        state.backlog[n] = 0.0
    else:
        world.truth.harms.append(Harm(world.now, key, "cache emptied", float(state.hit[n])))
        state.hit[n] = 0.0


_EFFECTS: dict[str, Callable[[World, Action, str], None]] = {
    "restart": _restart,
    "scale": _scale,
    "roll-back": _roll_back,
    "shed-load": _shed_load,
    "fail-over": _fail_over,
    "clear-cache": _clear_cache,
}
