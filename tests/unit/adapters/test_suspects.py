"""Two deaths find the record, and no other record is set aside."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.suspects import Span, Suspects, Treatment
from aiops.model.records import FetchedRecords, TopicPartition

PLACE = TopicPartition("t", 0)


def fetched(begin: int, end: int, topic: str = "t") -> FetchedRecords:
    count = end - begin
    values = [b"%d" % offset for offset in range(begin, end)]
    return FetchedRecords(TopicPartition(topic, 0), range(begin, end), values, [None] * count, [0] * count)


def runs(suspects: Suspects, records: FetchedRecords) -> list[tuple[list[int], Treatment]]:
    return [(list(part.offsets), treatment) for part, treatment in suspects.parts(records)]


def test_without_deaths_a_batch_stays_whole() -> None:
    """It is the same object: the usual case costs nothing."""
    records = fetched(0, 9)
    ((part, treatment),) = Suspects().parts(records)
    assert (part is records, treatment) == (True, Treatment.TOGETHER)


def test_after_one_death_the_records_of_the_batch_are_processed_alone() -> None:
    """Those before and after it stay together."""
    found = runs(Suspects().after_death(Span("t", 3, 6)), fetched(0, 9))
    together, alone = Treatment.TOGETHER, Treatment.ALONE
    assert found == [([0, 1, 2], together), ([3], alone), ([4], alone), ([5], alone), ([6, 7, 8], together)]


def test_a_record_that_dies_alone_after_its_batch_is_set_aside() -> None:
    """Its neighbours are still processed alone."""
    suspects = Suspects().after_death(Span("t", 3, 6)).after_death(Span("t", 4, 5))
    assert [treatment for _, treatment in runs(suspects, fetched(3, 6))] == [
        Treatment.ALONE,
        Treatment.SET_ASIDE,
        Treatment.ALONE,
    ]


def test_a_batch_of_one_record_needs_two_deaths_as_well() -> None:
    """One death may have any cause."""
    once = Suspects().after_death(Span("t", 4, 5))
    assert runs(once, fetched(4, 5)) == [([4], Treatment.ALONE)]
    assert runs(once.after_death(Span("t", 4, 5)), fetched(4, 5)) == [([4], Treatment.SET_ASIDE)]


def test_another_topic_of_the_slot_is_not_suspected() -> None:
    """Offsets belong to a topic."""
    suspects = Suspects().after_death(Span("t", 3, 6))
    assert runs(suspects, fetched(0, 9, "other")) == [(list(range(9)), Treatment.TOGETHER)]


def test_spans_before_the_durable_position_are_forgotten() -> None:
    """Nobody will read them again; a span that reaches beyond it stays."""
    suspects = Suspects().after_death(Span("t", 3, 6)).after_death(Span("t", 8, 12))
    assert suspects.passed({PLACE: 6}).spans == ((Span("t", 8, 12), 1),)
    assert suspects.passed({PLACE: 2}) is suspects
    assert suspects.passed({PLACE: 12}).spans == ()


@given(
    size=st.integers(1, 300),
    poison=st.sets(st.integers(0, 299), max_size=4),
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=12),
)
def test_any_poisonous_records_are_set_aside_after_two_deaths_each_and_no_others(
    size: int, poison: set[int], cuts: list[int]
) -> None:
    """Whatever the division into batches, which differs in every life."""
    poison = {offset for offset in poison if offset < size}
    suspects, deaths = Suspects(), 0
    while True:
        died = None
        aside, done, begin = [], [], 0
        while begin < size and died is None:
            end = min(size, begin + cuts[(begin + deaths) % len(cuts)])
            for part, treatment in suspects.parts(fetched(begin, end)):
                if treatment is Treatment.SET_ASIDE:
                    aside += list(part.offsets)
                elif poison & set(part.offsets):
                    died = Span("t", part.offsets[0], part.offsets[-1] + 1)
                    break
                else:
                    done += list(part.offsets)
            begin = end
        if died is None:
            break
        suspects, deaths = suspects.after_death(died), deaths + 1
        assert deaths <= 2 * len(poison)
    assert set(aside) == poison
    assert sorted(aside + done) == list(range(size))
