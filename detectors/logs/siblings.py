"""Templates that differ in one word only: once there are many of them, the word varies.

Names of people, queues or tables look like words. A shape is a sum over its tokens, so all shapes with a token of their
own in the same place have the same sum without it; that sum with a varying token is the template of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.logs import lookup
from detectors.logs.templates import Template, Templates

Longs = npt.NDArray[np.int64]
MANY = 8
"""So many templates that differ in one place are one."""
WILD = b"<*>"


@dataclass(frozen=True, slots=True)
class Merged:
    """A template in which a word more varies, and the rows that it stands for."""

    template: Template
    rows: Longs


def merged(table: Templates, rows: Longs) -> list[Merged]:
    """Templates that many of these rows come to, each row in the largest group that it is in.

    Args:
        table: of the rows.
        rows: all templates of some entities and levels.
    """
    keys, owner, place = _without_one(table, rows)
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(begins, len(ordered)))
    found: list[Merged] = []
    taken = np.zeros(len(table), np.bool_)
    large = np.flatnonzero(sizes >= MANY)
    for group in large[np.argsort(-sizes[large], kind="stable")].tolist():
        members = order[begins[group] : begins[group] + sizes[group]]
        left = members[~taken[owner[members]]]
        if len(np.unique(owner[left])) >= MANY:
            taken[owner[left]] = True
            found.append(_general(table, owner[left], int(place[left[0]])))
    return found


def _without_one(table: Templates, rows: Longs) -> tuple[npt.NDArray[np.uint64], Longs, Longs]:
    """Key of each row with each of its words made to vary; the row; the place of the word."""
    counts = table.rows["count"][rows]
    parts = np.concatenate([np.empty(0, np.int64), *(table.parts(row) for row in rows.tolist())]).astype(np.uint64)
    owner = np.repeat(rows, counts)
    starts = np.cumsum(counts) - counts
    place = np.arange(len(parts)) - np.repeat(starts, counts)
    delta = np.empty(len(parts), np.uint64)
    lookup.varied(parts, place, delta)
    words = delta != 0  # of what varies already the difference is 0
    owner, place, delta = owner[words], place[words], delta[words]
    hashes = np.empty(len(rows), np.uint64)
    lookup.owners_of(table.owners[table.rows["entity"][rows]], table.rows["level"][rows].astype(np.int64), hashes)
    by_row = np.zeros(len(table), np.uint64)
    by_row[rows] = hashes
    keys = np.empty(len(delta), np.uint64)
    lookup.keys_of(table.rows["total"][owner] + delta, table.rows["count"][owner], by_row[owner], keys)
    return keys, owner, place


def _general(table: Templates, rows: Longs, place: int) -> Merged:
    base = int(rows[0])
    row = table.rows[base]
    parts = table.parts(base).copy()
    delta = np.empty(1, np.uint64)
    lookup.varied(parts[[place]].astype(np.uint64), np.array([place]), delta)
    total = np.uint64((int(row["total"]) + int(delta[0])) & (2**64 - 1))
    parts[place] = (parts[[place]].astype(np.uint64) + delta).astype(np.int64)[0]
    words = table.texts[base].split(b" ")
    words[place] = WILD
    seen = int(table.rows["seen"][rows].max())
    text = b" ".join(words)
    return Merged(Template(int(row["entity"]), int(row["level"]), total, parts, text, seen, general=True), rows)
