"""Whether an action can be carried out in a world now; a reason, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiops.model.plans import Action, Parameter

if TYPE_CHECKING:
    from simulations.world.world import World

PRIMITIVES = ("restart", "scale", "roll-back", "shed-load", "fail-over", "clear-cache")
_MOST = 1e9


def unknown_primitive(world: World, action: Action) -> str:
    """The reason why a primitive that no world knows cannot be carried out."""
    del world
    return f"no primitive {action.primitive}; known: {', '.join(PRIMITIVES)}"


def number_of(value: Parameter | None, default: float) -> float:
    """A number that somebody may mean; text, what is not finite and what is beyond any size is the default."""
    return float(value) if isinstance(value, (int, float)) and abs(value) <= _MOST else default


def check_restart(world: World, action: Action) -> str:
    """Why the target cannot be restarted; empty: it can."""
    layout, target = world.layout, action.target
    if target in layout.index and layout.services[layout.index[target]].kind == "external":
        return f"{target} is not ours"
    known = target in layout.index or target in layout.instance_index or target in layout.hosts
    return "" if known or target in world.agents else f"nothing to restart at {target}"


def check_scale(world: World, action: Action) -> str:
    """Why the target cannot be scaled; empty: it can."""
    n = world.layout.index.get(action.target)
    if n is None or world.fixed.single[n]:
        return f"{action.target} cannot be scaled"
    wanted = replicas(world, action)
    most = int(world.fixed.first[n + 1] - world.fixed.first[n])
    return "" if 1 <= wanted <= most else f"{action.target} runs 1 to {most} instances, not {wanted}"


def replicas(world: World, action: Action) -> int:
    """``replicas`` (absolute), or ``by`` (more than now, default 1)."""
    now = world.allocated(world.layout.index[action.target])
    return int(number_of(action.parameters.get("replicas"), now + number_of(action.parameters.get("by"), 1)))


def check_service(world: World, action: Action) -> str:
    """Why the target is no service; empty: it is one."""
    n = world.layout.index.get(action.target)
    ours = n is not None and world.layout.services[n].kind != "external"
    return "" if ours else f"{action.target} is not a service of ours"


def check_fail_over(world: World, action: Action) -> str:
    """Why the store cannot fail over; empty: it can."""
    layout, target = world.layout, action.target
    to = action.parameters.get("to")
    if target in layout.sites:
        return ""
    if to is not None and to not in layout.zones and target not in layout.index:
        return f"no zone {to}"
    if target in layout.zones:
        return ""
    n = layout.index.get(target)
    if n is None or not world.fixed.single[n]:
        return f"{target} has nothing to fail over to"
    return "" if world.standby(n, str(to) if to else None) is not None else f"{target} has no stand-by that is ready"


def check_clear(world: World, action: Action) -> str:
    """Why nothing can be cleared; empty: it can."""
    n = world.layout.index.get(action.target)
    if action.target in world.layout.hosts:
        return ""
    kept = n is not None and (world.fixed.is_cache[n] or world.fixed.is_queue[n])
    return "" if kept else f"{action.target} keeps nothing that can be cleared"
