"""Finds the entity that a less specific name, a caller's address or a Kubernetes name stands for."""

from __future__ import annotations

from collections.abc import Iterable

from aiops.model.entity_names import less_specific, spellings


class EntityIndex:
    """Names of entities, and the shorter names that they answer to.

    Args:
        names: of all known entities.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._ending: dict[str, list[str]] = {}
        for name in sorted(self._names):
            if "/" in name:
                for short in list(less_specific(name))[1:]:
                    self._ending.setdefault(short, []).append(name)

    def resolve(self, name: str, near: str = "") -> str | None:
        """The entity that a name stands for; None: it is not known, or could be several.

        Args:
            name: as a CMDB, a person or a caller's span states it.
            near: who uses the name. Of several entities the one that shares most of its scope counts. An entity of a
                shorter name counts last: its telemetry does not state what the name does.
        """
        for spelled in spellings(name):
            if spelled in self._names:
                return spelled
            found = self._ending.get(spelled, ())
            if len(found) > 1:
                shared = [_shared(one, near) for one in found]
                best = max(shared)
                found = [one for one, share in zip(found, shared, strict=True) if share == best]
            if len(found) == 1:
                return found[0]
        shorter = (short for spelled in spellings(name) for short in less_specific(spelled) if short in self._names)
        return next(shorter, None)

    def described(self, item: str) -> tuple[str, ...]:
        """The entities whose name ends in an item's name."""
        return tuple(self._ending.get(item, ()))


def _shared(name: str, other: str) -> int:
    """Number of leading parts that two names share."""
    count = 0
    for mine, theirs in zip(name.split("/")[:-1], other.split("/")[:-1], strict=False):
        if mine != theirs:
            break
        count += 1
    return count
