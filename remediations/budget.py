"""The blast-radius budget: how much of each failure domain, and of the business value, all plans may risk together.

All stores use the same two functions over rows: ``decide`` for a reservation and ``closed`` for a release. Accounts and
target locks belong to a domain. Reservations do not expire: a verified end, a finished undo or a person closes a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.plans import Reservation, ReservationAnswer
from aiops.model.prose import NOTHING, Prose

ANY_ACCOUNT = "*"
"""Key in ``limits`` for accounts without a limit of their own; without this key their limit is 0."""
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Row:
    """One reservation: held, or closed (released or refused). Closed rows are kept, so that their keys stay used."""

    key: str
    work_item: str
    targets: tuple[str, ...]
    shares: Mapping[str, float]
    epoch: int
    token: int
    held: bool
    reason: Prose = NOTHING
    """Why it was refused."""
    domain: str = MAIN_DOMAIN

    @property
    def answer(self) -> ReservationAnswer:
        """The answer to the request; a repeated request gets the same answer."""
        if self.held:
            return ReservationAnswer(self.key, granted=True, token=self.token)
        return ReservationAnswer(self.key, granted=False, reason=self.reason)


def decide(rows: Iterable[Row], asked: Reservation, limits: Mapping[str, float], *, token: int) -> Row:
    """The row that answers ``asked``: the existing row of its key, else a new row that the caller must store.

    Args:
        rows: all rows, or at least the one with this key, the held ones of this domain and the one of its newest epoch.
        asked: the request; it is granted completely or refused.
        limits: share of each account that may be spent, in [0, 1].
        token: fencing token of a new row; higher than any before.
    """
    rows = [row for row in rows if row.domain == asked.domain]
    known = next((row for row in rows if row.key == asked.key), None)
    if known is not None:
        return known
    reason = _objection(rows, asked, limits)
    held = not reason
    return Row(
        asked.key,
        asked.work_item,
        asked.targets,
        dict(asked.shares),
        asked.epoch,
        token if held else 0,
        held,
        Prose(reason),
        asked.domain,
    )


def _objection(rows: list[Row], asked: Reservation, limits: Mapping[str, float]) -> Prose:
    """Why the request must be refused; empty: it may be granted."""
    if not asked.targets:
        return Prose("no target is named")
    newest = max((row.epoch for row in rows), default=0)
    if asked.epoch < newest:
        return Prose(f"epoch {asked.epoch} is older than {newest}")
    holding = [row for row in rows if row.held]
    for row in holding:
        locked = sorted(set(row.targets) & set(asked.targets))
        if locked and row.work_item != asked.work_item:
            return Prose(f"{locked[0]} is locked by {row.work_item}")
    used = spent(holding, asked.domain)
    for account, share in asked.shares.items():
        if not math.isfinite(share) or share < 0:
            return Prose(f"share {share} of {account} is not a share")
        limit = limits.get(account, limits.get(ANY_ACCOUNT, 0.0))
        after = used.get(account, 0.0) + share
        if after > limit + ROUNDING:
            return Prose(f"account {account}: {after:.1%} would be at risk, {limit:.1%} may be")
    return NOTHING


def spent(rows: Iterable[Row], domain: str | None = None) -> dict[str, float]:
    """Share in use of each account, of one domain or summed over all domains (None)."""
    total: dict[str, list[float]] = {}
    for row in rows:
        if row.held and domain in (None, row.domain):
            for account, share in row.shares.items():
                total.setdefault(account, []).append(share)
    return {account: math.fsum(shares) for account, shares in total.items()}


def closed(key: str, row: Row | None, domain: str = MAIN_DOMAIN) -> Row:
    """The row after a release. A release that arrives before its request leaves a row that refuses the request."""
    if row is None:
        return Row(key, "", (), {}, 0, 0, held=False, reason=Prose("released before it was asked for"), domain=domain)
    return replace(row, held=False, reason=Prose(row.reason or "released"))


@dataclass
class MemoryBudget:
    """A ``BudgetStore`` in memory, for the simulator and tests."""

    rows: dict[str, Row] = field(default_factory=dict)
    token: int = 0

    def reserve(self, reservation: Reservation, limits: Mapping[str, float]) -> ReservationAnswer:
        """Grants the whole reservation or refuses it; the same key gets the same answer."""
        row = decide(self.rows.values(), reservation, limits, token=self.token + 1)
        self.token = max(self.token, row.token)
        self.rows[row.key] = row
        return row.answer

    def release(self, key: str) -> None:
        """Closes the reservation; repeats do nothing."""
        self.rows[key] = closed(key, self.rows.get(key))

    def spent(self, domain: str | None = None) -> dict[str, float]:
        """Share in use of each account, of one domain or of all."""
        return spent(self.rows.values(), domain)
