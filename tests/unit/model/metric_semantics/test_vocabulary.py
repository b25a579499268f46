"""The words of names: each has one meaning, and each can be met."""

from __future__ import annotations

from collections import Counter

import pytest

from aiops.model.metric_semantics import guess, vocabulary
from aiops.model.metric_semantics.names import reading, words_of
from aiops.model.metric_semantics.semantics import Definition, MetricPart, MetricRole, MetricSubject, Worse

SETS = {
    name: value
    for name, value in vars(vocabulary).items()
    if isinstance(value, frozenset) and all(isinstance(word, str) for word in value) and name != "LEFT_OF"
}
EVERY = {
    **SETS,
    **{f"cue {place}": cue.words for place, cue in enumerate(vocabulary.CUES)},
    **{f"part {part}": words for part, words in vocabulary.PARTS},
}


@pytest.mark.parametrize("name", EVERY)
def test_every_word_is_one_that_a_name_is_split_into(name: str) -> None:
    """A word with a capital, a dash or a blank would never be met."""
    joined = set(vocabulary.JOINED.values())
    assert [word for word in EVERY[name] if word not in joined and tuple(words_of(word)) != (word,)] == []


def test_no_word_is_in_two_cues() -> None:
    """The second meaning would never count."""
    counted = Counter(word for cue in vocabulary.CUES for word in cue.words)
    assert [word for word, many in counted.items() if many > 1] == []


def test_opposites_turn_the_other_way() -> None:
    """``available`` and ``unavailable`` are two cues, not one."""
    ways = {word: cue.worse for cue in vocabulary.CUES for word in cue.words}
    pairs = [("available", "unavailable"), ("ready", "notready"), ("healthy", "unhealthy"), ("online", "offline")]
    pairs += [("up", "down"), ("reachable", "unreachable"), ("successful", "unsuccessful")]
    assert {(ways[good], ways[bad]) for good, bad in pairs} == {(Worse.DOWN, Worse.UP)}


def test_joined_words_are_met_by_something_or_mean_nothing() -> None:
    """``time out`` is a cue; ``set up`` is joined so that ``up`` is not met."""
    known = set().union(*EVERY.values())
    silent = {"setup", "startup", "backup", "cleanup", "lookup", "warmup", "failover", "fallback"}
    assert {meant for meant in vocabulary.JOINED.values() if meant not in known} == silent


def test_words_of_last_place_are_cues() -> None:
    """Else the rule for them would never be asked."""
    cues = set().union(*(cue.words for cue in vocabulary.CUES))
    assert cues >= vocabulary.LAST_ONLY


@pytest.mark.parametrize(
    ("name", "unit", "role", "worse", "part"),
    [
        ("checkout.payment.declined.errors", "", MetricRole.ERRORS, Worse.UP, None),
        ("billing_invoice_render_duration_seconds", "", MetricRole.LATENCY, Worse.UP, None),
        ("warehouse.pick.backlog", "", MetricRole.QUEUE, Worse.UP, None),
        ("ledger.db.pool.connections.active", "", MetricRole.SATURATION, Worse.UP, None),
        ("gpu_heap_free_bytes", "By", MetricRole.SATURATION, Worse.DOWN, MetricPart.MEMORY),
        ("ingest.disk.used", "By", MetricRole.RESOURCE, Worse.UP, MetricPart.DISK),
        ("edge_tls_certificate_expiry_seconds", "s", MetricRole.AVAILABILITY, Worse.DOWN, MetricPart.CERTIFICATE),
        ("worker_restarts_total", "", MetricRole.AVAILABILITY, Worse.UP, MetricPart.RESTART),
        ("session_cache_misses_total", "", MetricRole.OTHER, Worse.UP, None),
        ("session_cache_hit_ratio", "", MetricRole.OTHER, Worse.DOWN, None),
        ("queue_capacity", "", MetricRole.OTHER, Worse.NEITHER, None),
        ("deployed_version_info", "", MetricRole.OTHER, Worse.NEITHER, None),
        ("orders_accepted_total", "", MetricRole.TRAFFIC, Worse.NEITHER, None),
    ],
)
def test_names_of_nobodys_table_are_guessed(
    name: str, unit: str, role: MetricRole, worse: Worse, part: MetricPart | None
) -> None:
    """What a person would read from the name alone."""
    found = guess.guess(name, unit, reading(name.replace(".", "_")))
    assert (found.role, found.worse, found.part, found.definition) == (role, worse, part, Definition.WORDS)


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("node.temperature.errors", MetricSubject.HOST),
        ("payment.client.errors", MetricSubject.PEER),
        ("payment.errors", MetricSubject.ENTITY),
    ],
)
def test_a_guess_says_whose_state_it_is(name: str, about: MetricSubject) -> None:
    """A machine's, that of what is called, or the sender's own."""
    assert guess.guess(name, "", reading(name.replace(".", "_"))).about is about
