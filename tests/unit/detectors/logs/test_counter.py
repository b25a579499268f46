from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.intervals import INTERVAL
from detectors.logs.counter import ERROR, FORGET, INFO, WARNING, LogCounter, LogSettings
from detectors.logs.siblings import MANY
from tests.unit.detectors.logs.lines import told, write

WARM = 60


def counts(counter: LogCounter, closed: int) -> dict[tuple[str, str, str, int], int]:
    """Counts by entity, level, template and interval."""
    return {(*key[:3], key[3] // INTERVAL - 1): count for key, (count, _) in told(counter, closed).items()}


def test_lines_of_one_form_are_one_series() -> None:
    """Lines that differ in numbers, paths and hosts become one template."""
    counter = LogCounter()
    lines = ["order 17 of /srv/a from db.example.com", "order 4711x of /tmp/b/c from cache.example.org"]
    write(counter, [("pay", INFO, line) for line in lines], 5)
    assert counts(counter, 6) == {("pay", "info", "order <*> of <*> from <*>", 5): 2}


def test_a_word_that_many_lines_differ_in_varies() -> None:
    """Once there are many templates that differ in one word, they are one, also for words that come later."""
    counter = LogCounter()
    colours = ["red", "blue", "green", "white", "black", "brown", "grey", "pink", "cyan"][: MANY + 1]
    write(counter, [("pay", INFO, f"the door is {colour} today") for colour in colours[:-1]], 5)
    assert len(counts(counter, 6)) == MANY
    write(counter, [("pay", INFO, "the door is turquoise today"), ("pay", INFO, "the door is red today")], 6)
    assert counts(counter, 7) == {("pay", "info", "the door is <*> today", 6): 2}


def test_few_templates_that_differ_in_a_word_stay_apart() -> None:
    """Started, paused and resumed are three things that a machine does."""
    counter = LogCounter()
    write(counter, [("vm", INFO, f"machine 7 {state} (event)") for state in ("started", "paused", "resumed")], 5)
    counts(counter, 6)
    write(counter, [("vm", INFO, "machine 8 paused (event)")], 6)
    assert counts(counter, 7)["vm", "info", "machine <*> paused (event)", 6] == 1


def test_lines_that_are_counted_while_their_templates_merge_are_not_lost() -> None:
    """Counts of an interval that is open go to the template that its templates become."""
    counter = LogCounter()
    write(counter, [("pay", INFO, f"the door is {chr(97 + n) * 4} today") for n in range(MANY)], 5)
    write(counter, [("pay", INFO, f"the door is {chr(97 + n) * 4} today") for n in range(MANY)], 6)
    counts(counter, 6)
    assert counts(counter, 7) == {("pay", "info", "the door is <*> today", 6): MANY}


def test_a_known_template_counts_zero_but_not_in_a_pause_of_everything() -> None:
    """Another template's line makes the interval known, a pause of all lines does not."""
    counter = LogCounter()
    write(counter, [("pay", INFO, "all is well")], 5)
    write(counter, [("pay", INFO, "something else altogether happened")], 7)
    found = counts(counter, 9)
    assert found["pay", "info", "all is well", 7] == 0
    assert not [key for key in found if key[3] == 6]


def test_what_was_not_seen_for_an_hour_is_forgotten_with_its_entity() -> None:
    """Its template and its entity's name are gone; others go on."""
    counter = LogCounter()
    write(counter, [("old", INFO, "all is well"), ("new", INFO, "all is well")], 5)
    counts(counter, 6)
    write(counter, [("new", INFO, "all is well")], FORGET + 6)
    counts(counter, FORGET + 7)
    assert (counter.names.texts, len(counter.table)) == (["new"], 1)


def news(counter: LogCounter, closed: int) -> list[tuple[str, int]]:
    """Templates that are news, with their counts."""
    return [(key[2], count) for key, (count, new) in told(counter, closed).items() if new]


def test_a_new_error_template_is_news_once_and_not_while_its_entity_is_new() -> None:
    """News needs a warm entity, level error and a template that was never seen, at whatever level."""
    counter = LogCounter()
    write(counter, [("pay", ERROR, "first trouble of all"), ("pay", WARNING, "slow answer from ledger")], 0)
    assert news(counter, 1) == []
    lines = [(INFO, "a new thing but harmless"), (ERROR, "cannot reach the ledger"), (ERROR, "slow answer from ledger")]
    write(counter, [("pay", *line) for line in [*lines, lines[1]]], WARM)
    assert news(counter, WARM + 1) == [("cannot reach the ledger", 2)]
    write(counter, [("pay", ERROR, "cannot reach the ledger")], WARM + 1)
    assert news(counter, WARM + 2) == []


def test_lines_that_differ_in_what_is_masked_are_one_series() -> None:
    """Each password is a shape of its own, and all have the same text."""
    counter = LogCounter()
    write(counter, [("pay", INFO, "login password=swordfish ok"), ("pay", INFO, "login password=opensesame ok")], 5)
    assert counts(counter, 6) == {("pay", "info", "login password=<secret> ok", 5): 2}
    assert counter.masked == {"secret": 2}


def test_hostile_lines_do_not_grow_memory() -> None:
    """Unique lines fill the templates of their entity and then count as others; entities are bounded too."""
    counter = LogCounter(LogSettings(templates=10, entities=3))
    for number in range(3000):
        words = [chr(97 + number // 26**place % 26) * 5 + chr(97 + number % 17) for place in range(3)]
        write(counter, [(f"e{number % 7}", ERROR, " ".join(words))], number // 50)
        if number % 50 == 49:
            assert sum(counts(counter, number // 50 + 1).values()) == 50
    assert len(counter.table) <= 3 * 11 + 7
    assert sum(array.nbytes for array in counter.to_arrays().values()) < 40_000


def test_a_full_entity_still_knows_its_templates() -> None:
    """Without room a line of a known form finds its template and another is 'other'."""
    counter = LogCounter(LogSettings(templates=1))
    write(counter, [("a", INFO, "alpha beta"), ("a", INFO, "one two three"), ("a", INFO, "quite another")], 0)
    write(counter, [("a", INFO, "alpha beta")], 0)
    found = counts(counter, 1)
    assert found == {
        ("a", "info", "alpha beta", 0): 2,
        ("a", "info", "one two three", 0): 1,
        ("a", "info", "<other>", 0): 1,
    }


def test_the_least_recently_seen_templates_leave() -> None:
    """Of more templates than an entity may have, those that were seen last stay."""
    counter = LogCounter(LogSettings(templates=2))
    write(counter, [("a", INFO, "alpha beta"), ("a", INFO, "one two three"), ("a", INFO, "red green blue")], 0)
    write(counter, [("a", INFO, "alpha beta")], 1)
    counts(counter, 2)
    assert counter.table.texts == [b"alpha beta", b"red green blue"]


LINES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from([ERROR, INFO]),
        st.lists(st.sampled_from(["red", "green", "blue", "7", "at", "of"]), max_size=4).map(" ".join),
        st.integers(0, 3),
    ),
    max_size=80,
)
WORDS = st.sampled_from(
    [f"{word}ly" for word in ("red", "green", "blue", "grey", "pink", "cyan", "teal", "puce", "jade")]
)


@given(LINES, st.lists(WORDS, max_size=20), st.integers(0, 79), st.integers(0, 79))
@settings(max_examples=80, deadline=None)
def test_a_restart_changes_nothing(
    lines: list[tuple[str, int, str, int]], words: list[str], saved: int, restart: int
) -> None:
    """A counter from a full snapshot and an increment goes on exactly as the one they were taken of."""
    bounds = LogSettings(templates=4, entities=2, warm_up_seconds=20)
    whole, cut = LogCounter(bounds), LogCounter(bounds)
    more = [("a", INFO, f"painted {word} all over", 1) for word in words]
    interval, kept, since = 0, [cut.to_arrays()], 0
    for number, (entity, level, line, wait) in enumerate(lines + more):
        interval += wait
        if number == saved:
            kept, since = [cut.to_arrays()], cut.table.serial
        if number == restart:
            chain = [*kept, cut.to_arrays(since)]
            cut = LogCounter.from_arrays(chain, bounds)
        assert told(whole, interval) == told(cut, interval)
        for counter in (whole, cut):
            write(counter, [(entity, level, line)], interval)
    assert told(whole, interval + 1) == told(cut, interval + 1)
    again = cut.to_arrays()
    for name, array in whole.to_arrays().items():
        np.testing.assert_array_equal(array, again[name])


@pytest.mark.parametrize("together", [True, False])
def test_an_error_whose_text_was_harmless_before_is_no_news(*, together: bool) -> None:
    """Also if both lines came in one batch."""
    counter = LogCounter()
    write(counter, [("pay", INFO, "starting up")], 0)
    lines = [("pay", INFO, "cannot reach the ledger"), ("pay", ERROR, "cannot reach the ledger")]
    for rows in [lines] if together else [[line] for line in lines]:
        write(counter, rows, WARM)
    assert news(counter, WARM + 1) == []


@given(LINES, st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_lines_taken_together_or_one_by_one_give_the_same(lines: list[tuple[str, int, str, int]], size: int) -> None:
    """How polls cut the lines of an interval changes neither counts nor templates."""
    whole, cut = LogCounter(LogSettings(templates=4)), LogCounter(LogSettings(templates=4))
    rows = [line[:3] for line in lines]
    for begin in range(0, len(rows), size):
        write(cut, rows[begin : begin + size], 3)
    if rows:
        write(whole, rows, 3)
    assert told(whole, 4) == told(cut, 4)
    assert whole.table.texts == cut.table.texts
