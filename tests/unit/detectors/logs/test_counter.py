from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.intervals import INTERVAL
from detectors.logs.counter import ERROR, INFO, Counted, LogCounter, LogSettings
from detectors.logs.masking import mask
from detectors.logs.miner import OTHER, Miner

WARM = 60


def told(counter: LogCounter, closed: int) -> dict[tuple[str, str, str, int], int]:
    """Counts by entity, severity, template and interval."""
    found = counter.close(closed)
    return {(one.entity, one.severity, one.template, one.at // INTERVAL - 1): one.count for one in found}


def test_lines_of_one_form_are_one_series() -> None:
    """Lines that differ in words become one template with a wildcard, named as it is when its interval closes."""
    counter = LogCounter()
    for name in ("ann", "bob", "eve"):
        counter.add("pay", INFO, mask(f"user {name} has paid order 17 in full"), 5)
    assert told(counter, 6) == {("pay", INFO, "user <*> has paid order <num> in full", 5): 3}


def test_a_known_template_counts_zero_but_not_in_a_pause_of_everything() -> None:
    """Another template's line makes the interval known, a pause of all lines does not."""
    counter = LogCounter()
    counter.add("pay", INFO, "all is well", 5)
    counter.add("pay", INFO, "something else altogether happened", 7)
    found = told(counter, 9)
    assert found["pay", INFO, "all is well", 7] == 0
    assert not [key for key in found if key[3] == 6]


def news(counter: LogCounter, closed: int) -> list[Counted]:
    """What is news."""
    return [one for one in counter.close(closed) if one.new]


def test_a_new_error_template_is_news_once_and_not_while_its_entity_is_new() -> None:
    """News needs a warm entity, severity error and a template that was never seen."""
    counter = LogCounter()
    counter.add("pay", ERROR, "first trouble of all", 0)
    assert news(counter, 1) == []
    counter.add("pay", INFO, "a new thing but harmless", WARM)
    counter.add("pay", ERROR, "cannot reach the ledger", WARM)
    counter.add("pay", ERROR, "cannot reach the ledger", WARM)
    (found,) = news(counter, WARM + 1)
    assert (found.template, found.count) == ("cannot reach the ledger", 2)
    counter.add("pay", ERROR, "cannot reach the ledger", WARM + 1)
    assert news(counter, WARM + 2) == []


def test_hostile_lines_do_not_grow_memory() -> None:
    """Unique lines fill the templates of their entity and then count as others; entities are bounded too."""
    counter = LogCounter(LogSettings(templates=10, entities=3))
    for number in range(3000):
        words = [chr(97 + number // 26**place % 26) * 5 for place in range(3)]
        counter.add(f"e{number % 7}", ERROR, f"{words[0]} {words[1]} {words[2]}", number // 50)
        if number % 50 == 49:
            counter.close(number // 50 + 1)
    assert len(counter._entities) == 3
    assert all(len(known.miner._seen) <= 10 for known in counter._entities.values())
    assert len(counter._known) <= 3 * 3 * 11 + 7
    assert len(counter.to_bytes()) < 40_000


def test_a_full_miner_still_knows_its_templates() -> None:
    """Without room a line of a known form finds its template and another is 'other'."""
    miner = Miner(1)
    first, new = miner.match("alpha beta gamma", 0)
    assert new
    miner.match("one two three four", 0)
    assert miner.match("alpha beta gamma", 1) == (first, False)
    assert miner.match("quite another line of words", 1) == (OTHER, False)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from([ERROR, INFO]),
        st.lists(st.sampled_from(["red", "green", "blue", "<num>", "at", "of"]), max_size=4).map(" ".join),
        st.integers(0, 3),
    ),
    max_size=80,
)


@given(LINES, st.integers(0, 79))
@settings(max_examples=60, deadline=None)
def test_a_restart_changes_nothing(lines: list[tuple[str, str, str, int]], restart: int) -> None:
    """A counter from a snapshot goes on exactly as the one it was taken of."""
    bounds = LogSettings(templates=4, entities=2, warm_up_seconds=20)
    whole, cut = LogCounter(bounds), LogCounter(bounds)
    interval = 0
    for number, (entity, severity, line, wait) in enumerate(lines):
        interval += wait
        if number == restart:
            cut = LogCounter.from_bytes(cut.to_bytes(), bounds)
        assert whole.close(interval) == cut.close(interval)
        whole.add(entity, severity, line, interval)
        cut.add(entity, severity, line, interval)
    assert whole.close(interval + 1) == cut.close(interval + 1)
    assert whole.to_bytes() == cut.to_bytes()
