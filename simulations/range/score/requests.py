"""The load generator's measurements, ``load.jsonl``, as arrays."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.model.errors import PermanentError

_NUMBER: Final = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """Requests of users in the order of their times; all arrays have one element a request."""

    at: NDArray[np.int64]
    """When each was meant to be sent, ns."""
    ms: NDArray[np.float64]
    """From ``at`` to the end of the answer."""
    failed: NDArray[np.bool_]
    """No answer, or a status from 500 on."""
    route: NDArray[np.int64]
    """Index into ``routes``."""
    user: NDArray[np.int64]
    """Index into ``users``."""
    routes: tuple[str, ...]
    """Paths, their numbers replaced by ``{id}``."""
    users: tuple[str, ...]
    """Kinds of users."""

    def between(self, since: int, until: int) -> slice:
        """The requests meant to be sent in [since, until), ns."""
        begin, end = np.searchsorted(self.at, [since, until])
        return slice(int(begin), int(end))

    def failures(self, since: int, until: int) -> dict[str, int]:
        """Number of failed requests in [since, until) by kind of users; each kind is there."""
        part = self.between(since, until)
        counts = np.bincount(self.user[part][self.failed[part]], minlength=len(self.users))
        return {name: int(count) for name, count in zip(self.users, counts, strict=True)}


def read(text: str) -> Requests:
    """The requests in the text of the file. A last line that was cut is left out.

    Raises:
        PermanentError: a line is no request; the message has its number.
    """
    rows: list[tuple[int, float, bool, str, str]] = []
    for number, words in enumerate(text.splitlines(keepends=True), 1):
        if not words.endswith("\n"):
            break
        try:
            rows.append(_row(json.loads(words)))
        except (ValueError, TypeError, KeyError) as error:
            raise PermanentError(f"load.jsonl:{number}: no request: {error!r}") from error
    return of_rows(rows)


def _row(line: dict[str, Any]) -> tuple[int, float, bool, str, str]:
    failed = not 0 < int(line["status"]) < 500
    return int(line["at"]), float(line["ms"]), failed, _NUMBER.sub("/{id}", str(line["path"])), str(line["user"])


def of_rows(rows: Sequence[tuple[int, float, bool, str, str]]) -> Requests:
    """Requests as (at, ms, failed, route, user), in any order."""
    rows = sorted(rows)
    routes, users = sorted({row[3] for row in rows}), sorted({row[4] for row in rows})
    return Requests(
        at=np.array([row[0] for row in rows], np.int64),
        ms=np.array([row[1] for row in rows], np.float64),
        failed=np.array([row[2] for row in rows], np.bool_),
        route=np.array([routes.index(row[3]) for row in rows], np.int64),
        user=np.array([users.index(row[4]) for row in rows], np.int64),
        routes=tuple(routes),
        users=tuple(users),
    )
