"""Guesses the semantics of metrics that no table has from the words of the name; ``definition`` is then ``WORDS``."""

from __future__ import annotations

from collections.abc import Sequence

from aiops.model.metric_semantics import vocabulary
from aiops.model.metric_semantics.names import Spelling, Statistic, words_of
from aiops.model.metric_semantics.semantics import (
    Definition,
    MetricPart,
    MetricRole,
    MetricSemantics,
    MetricSubject,
    Worse,
)
from aiops.model.metric_semantics.units import COUNTED, NO_UNIT, PERCENT, SHARE, Dimension, Unit, unit_of

_BY_PART = {
    MetricPart.CERTIFICATE: (MetricRole.AVAILABILITY, Worse.DOWN),
    MetricPart.INSTANCES: (MetricRole.AVAILABILITY, Worse.DOWN),
    MetricPart.CPU: (MetricRole.RESOURCE, Worse.UP),
    MetricPart.MEMORY: (MetricRole.RESOURCE, Worse.UP),
    MetricPart.DISK: (MetricRole.RESOURCE, Worse.NEITHER),
    MetricPart.NETWORK: (MetricRole.TRAFFIC, Worse.NEITHER),
}
"""Role and direction of a name with a part and without a cue."""
_CUE_OF = {word: rank for rank, cue in reversed(tuple(enumerate(vocabulary.CUES))) for word in cue.words}
_PART_OF = {word: rank for rank, (_, known) in reversed(tuple(enumerate(vocabulary.PARTS))) for word in known}
_FAILED = vocabulary.CUES[0].words
_LATE = next(cue.words for cue in vocabulary.CUES if cue.role is MetricRole.LATENCY)
_SHARES = vocabulary.UTILISED | vocabulary.SHARE_WORDS
_RATES = vocabulary.SHARE_WORDS | {"rate"}
_SHARE_IN_USE = vocabulary.IN_USE | vocabulary.SHARE_WORDS | {"saturation"}
_Meaning = tuple[MetricRole, Worse]


def guess(metric: str, unit: str, spelling: Spelling) -> MetricSemantics:
    """The semantics that the words of a name suggest.

    Args:
        metric: the name as the sender writes it.
        unit: as the sender writes it; may be empty.
        spelling: the name without suffixes, and the statistic and unit that the suffixes state.
    """
    words = _joined(words_of(metric))
    held = frozenset(words)
    counted = spelling.statistic is Statistic.COUNT and unit in {"", "1"}
    measured = COUNTED if counted else _unit(metric, held, unit or spelling.unit)
    rank = min((_PART_OF[word] for word in held if word in _PART_OF), default=None)
    part = None if rank is None else vocabulary.PARTS[rank][0]
    role, worse = _meaning_of(words, held, part)
    if role is MetricRole.LATENCY and _counts(words, spelling, measured):
        role, worse = MetricRole.TRAFFIC, Worse.NEITHER  # how often, of a figure of how long
    role, worse, full = _fullness(held, (role, worse), part, unit=measured)
    if part is MetricPart.INSTANCES and role is not MetricRole.AVAILABILITY:
        part = None
    return MetricSemantics(role, worse, measured, full, part, _about(held), definition=Definition.WORDS, source="words")


def _joined(words: Sequence[str]) -> tuple[str, ...]:
    out: list[str] = []
    for word in words:
        together = vocabulary.JOINED.get((out[-1], word)) if out else None
        if together is None:
            out.append(word)
        else:
            out[-1] = together
    return tuple(out)


def _unit(metric: str, held: frozenset[str], stated: str) -> Unit:
    if "%" in metric or not held.isdisjoint(vocabulary.PERCENT_WORDS):
        return PERCENT if stated in {"", "1", "%"} else unit_of(stated)
    if not stated and not held.isdisjoint(_SHARES):
        return SHARE
    return unit_of(stated) if stated else NO_UNIT


def _counts(words: Sequence[str], spelling: Spelling, unit: Unit) -> bool:
    """Whether a name with a word for durations means a count of them."""
    if spelling.statistic is not Statistic.VALUE or words[-1] in {"total", "rate"}:
        return True
    return unit.dimension in {Dimension.DATA, Dimension.COUNT, Dimension.RATE}


def _meaning_of(words: Sequence[str], held: frozenset[str], part: MetricPart | None) -> _Meaning:
    """Role and direction by the first rule that fits."""
    if _is_setting(words, held):
        return MetricRole.OTHER, Worse.NEITHER
    found = _special(held, part) or _by_cue(words)
    if found is None and part in _BY_PART:
        found = _BY_PART[part]
        used = not held.isdisjoint(vocabulary.IN_USE)
        return (found[0], Worse.UP) if part is MetricPart.DISK and used else found
    if found is None:
        working = not held.isdisjoint(vocabulary.WORKING) and not held.isdisjoint(vocabulary.WORK)
        if working:
            return MetricRole.QUEUE, Worse.UP
        if not held.isdisjoint(vocabulary.TRAFFIC):
            return MetricRole.TRAFFIC, Worse.NEITHER
        return MetricRole.OTHER, Worse.NEITHER
    role, worse = found
    turned = not held.isdisjoint(vocabulary.LEFT) and worse is Worse.UP and role is not MetricRole.AVAILABILITY
    return role, Worse.DOWN if turned else worse


def _is_setting(words: Sequence[str], held: frozenset[str]) -> bool:
    if not held.isdisjoint(_FAILED):
        return False
    if not held.isdisjoint(vocabulary.SETTING):
        return True
    last = bool(words) and words[-1] in vocabulary.SETTING_LAST
    return last and held.isdisjoint(_LATE)


def _special(held: frozenset[str], part: MetricPart | None) -> _Meaning | None:
    """Role and direction of words with a special meaning in combination."""
    share = not held.isdisjoint(_RATES)
    if not held.isdisjoint(vocabulary.MISS):
        return MetricRole.OTHER, Worse.UP
    if share and not held.isdisjoint(vocabulary.HIT):
        return MetricRole.OTHER, Worse.DOWN
    if part in vocabulary.LEFT_OF and not held.isdisjoint(vocabulary.LEFT):
        return MetricRole.SATURATION, Worse.DOWN
    failed = not held.isdisjoint(_FAILED)
    if part is MetricPart.CERTIFICATE and not failed:
        return _BY_PART[MetricPart.CERTIFICATE]
    if "connections" in held and not failed and not held.isdisjoint(vocabulary.COMING):
        return MetricRole.TRAFFIC, Worse.NEITHER
    if "ready" in held and not held.isdisjoint(vocabulary.WAITING_READY):
        return MetricRole.QUEUE, Worse.UP
    if not failed and not held.isdisjoint(vocabulary.CLOCK):
        return MetricRole.RUNTIME, Worse.NEITHER
    if "time" in held and part is None and not held.isdisjoint(vocabulary.TIMED):
        return MetricRole.LATENCY, Worse.UP
    return None


def _by_cue(words: Sequence[str]) -> _Meaning | None:
    """Role and direction by the first cue that has one of the words; its first word decides whether it is negated."""
    best: tuple[int, int] | None = None
    for place, word in enumerate(words):
        rank = _CUE_OF.get(word)
        if rank is None or (word in vocabulary.LAST_ONLY and place < len(words) - 1):
            continue
        if best is None or rank < best[0]:
            best = rank, place
    if best is None:
        return None
    cue = vocabulary.CUES[best[0]]
    negated = best[1] > 0 and words[best[1] - 1] in vocabulary.NEGATIONS
    return cue.role, Worse(-cue.worse) if negated else cue.worse


def _fullness(
    held: frozenset[str], meaning: _Meaning, part: MetricPart | None, *, unit: Unit
) -> tuple[MetricRole, Worse, float | None]:
    """Shares of something that can be full, and what is left of it."""
    role, worse = meaning
    if role is MetricRole.SATURATION and worse is Worse.DOWN and part in vocabulary.LEFT_OF:
        return role, worse, 0.0
    if role in {MetricRole.ERRORS, MetricRole.AVAILABILITY, MetricRole.LATENCY, MetricRole.OTHER}:
        return role, worse, None
    in_use = not held.isdisjoint(_SHARE_IN_USE)
    if unit.dimension is Dimension.SHARE and in_use and worse is not Worse.DOWN:
        return MetricRole.SATURATION, Worse.UP, 1.0 / unit.factor
    return role, worse, None


def _about(held: frozenset[str]) -> MetricSubject:
    if not held.isdisjoint(vocabulary.PEER):
        return MetricSubject.PEER
    return MetricSubject.HOST if not held.isdisjoint(vocabulary.HOST) else MetricSubject.ENTITY
