"""Rows of people: what they change, and how a wrong one is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.errors import PermanentError
from aiops.model.metric_semantics.custom import CustomRows, parse_rows
from aiops.model.metric_semantics.semantics import Definition, MetricPart, MetricRole, MetricSubject, Worse
from aiops.model.metric_semantics.table import MetricTable


def table(text: str) -> MetricTable:
    return MetricTable(parse_rows(text))


def test_a_row_gives_a_name_its_meaning() -> None:
    """All fields of a row are in the answer, with its file and line."""
    found = table(
        "# ours\nshop.cart.left: {role: errors, worse: up, unit: '{cart}', full: 50, part: cpu, about: peer}"
    ).of("shop.cart.left")
    assert (found.role, found.worse, found.unit.symbol, found.full) == (MetricRole.ERRORS, Worse.UP, "{cart}", 50.0)
    assert (found.part, found.about) == (MetricPart.CPU, MetricSubject.PEER)
    assert (found.definition, found.source, found.known) == (Definition.PEOPLE, "metrics.yaml:2", True)


@pytest.mark.parametrize("name", ["shop_cart_left", "Shop.Cart.Left", "shop.cart.left_total", "shop.cart.left.p99"])
def test_spelling_and_suffixes_are_those_of_any_metric(name: str) -> None:
    """Whoever writes a row need not know how the decoder calls the series."""
    assert table("shop.cart.left: {role: saturation, worse: down}").of(name).role is MetricRole.SATURATION


def test_the_count_of_a_latency_is_traffic_here_too() -> None:
    """A row speaks of the metric; the decoder's count of its observations is something else."""
    mine = table("shop.step: {role: latency, worse: up, unit: ms}")
    assert mine.of("shop.step.p99", "ms").role is MetricRole.LATENCY
    assert mine.of("shop.step.count", "1").role is MetricRole.TRAFFIC


def test_a_row_wins_over_the_shipped_one_in_what_it_says() -> None:
    """What it leaves out stays: only the limit is theirs."""
    found = table("postgresql.backends: {full: 200}").of("postgresql.backends", "1")
    assert (found.role, found.worse, found.full, found.ceiling) == (MetricRole.SATURATION, Worse.UP, 200.0, 200.0)
    assert found.definition is Definition.PEOPLE


def test_another_direction_takes_the_shipped_limit_and_states_away() -> None:
    """They belong to the direction that is no longer true."""
    found = table("system.cpu.utilization: {worse: neither}").of("system.cpu.utilization", "1")
    assert (found.worse, found.full, found.states) == (Worse.NEITHER, None, None)


def test_a_limit_alone_does_not_make_an_unknown_name_known() -> None:
    """Its role is still a guess."""
    assert not table("shop.things: {full: 3}").of("shop.things").known
    assert table("shop.things: {role: queue}").of("shop.things").known


@pytest.mark.parametrize(("sent", "full"), [("ms", 2000.0), ("s", 2.0), ("", 2.0), ("us", 2e6)])
def test_a_limit_follows_the_unit_that_is_sent(sent: str, full: float) -> None:
    """Two seconds are 2,000 ms."""
    assert table("shop.age: {role: queue, unit: s, full: 2}").of("shop.age", sent).full == pytest.approx(full)


@pytest.mark.parametrize(("sent", "full"), [("1", 50.0), ("", 50.0), ("{cart}", 50.0), ("By", None)])
def test_a_limit_of_a_count_holds_where_the_sender_writes_1(sent: str, full: float | None) -> None:
    """A limit in things says nothing of bytes."""
    assert table("shop.carts: {role: queue, worse: up, unit: '{cart}', full: 50}").of("shop.carts", sent).full == full


def test_a_name_wins_over_patterns_and_the_first_pattern_over_the_next() -> None:
    """The order of the file decides between patterns."""
    mine = table("'shop.*.depth': {role: queue}\n'shop.*': {role: other}\nshop.cart.depth: {role: traffic}")
    assert mine.of("shop.cart.depth").role is MetricRole.TRAFFIC
    assert mine.of("shop.pay.depth").role is MetricRole.QUEUE
    assert mine.of("shop_pay_depth").role is MetricRole.QUEUE
    assert mine.of("shop.pay.other").role is MetricRole.OTHER
    assert mine.of("workshop.pay").role is not MetricRole.QUEUE


def test_a_pattern_matches_whole_names_and_special_signs_are_none() -> None:
    """Only ``*`` means something."""
    mine = table("'a?[b]*': {role: errors}")
    assert mine.of("a.b.c").role is MetricRole.ERRORS
    assert mine.of("axb").role is not MetricRole.ERRORS


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "---\n"])
def test_an_empty_file_adds_nothing(text: str) -> None:
    """A file that is there and says nothing is no error."""
    assert parse_rows(text) == CustomRows()
    assert len(parse_rows(text)) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: {role: mistake}", "metrics.yaml:1: a: role: Input should be 'latency', 'errors'"),
        ("\n\nshop.a: {rol: errors}", "metrics.yaml:3: shop.a: rol: Extra inputs are not permitted"),
        ("a: {worse: sideways}", "metrics.yaml:1: a: worse: Input should be 'up', 'down' or 'neither'"),
        ("a: {worse: no}", "metrics.yaml:1: a: worse: Input should be"),
        ("a: {full: .inf}", "metrics.yaml:1: a: full: Input should be a finite number"),
        ("a: {full: .nan}", "metrics.yaml:1: a: full: Input should be a finite number"),
        ("a: {full: '3'}", "metrics.yaml:1: a: full: Input should be a valid number"),
        ("a: {full: true}", "metrics.yaml:1: a: full: Input should be a valid number"),
        ("a: {unit: ''}", "metrics.yaml:1: a: unit: String should have at least 1 character"),
        ("a: {about: someone}", "metrics.yaml:1: a: about: Input should be 'entity', 'host' or 'peer'"),
        ("a: errors", "metrics.yaml:1: a: says nothing; fields are role"),
        ("a: {}", "metrics.yaml:1: a: says nothing"),
        ("a: {role: }", "metrics.yaml:1: a: says nothing"),
        ("a.b: {role: errors}\na_b: {role: queue}", "metrics.yaml:2: a_b: is listed twice, first in metrics.yaml:1"),
        ("a.b: {full: !!int x}", "metrics.yaml:1: not YAML: 'x' is no int"),
        ("a: {role: errors}\na: {role: queue}", "metrics.yaml:2: a: is listed twice"),
        ("'*': {role: errors}", "metrics.yaml:1: '*' names no metric"),
        ("[a, b]: {role: errors}", "metrics.yaml:1: '' names no metric"),
        ("- a", "metrics.yaml: expected rows 'name: {role: …}'"),
        ("a", "metrics.yaml: expected rows"),
        ("a: {role: errors", "metrics.yaml:1: not YAML"),
        ("a: {unit: %}", "metrics.yaml:1: not YAML: found character '%' that cannot start any token; put names with"),
        ("*: {role: errors}", "put names with * and units with % in quotes"),
        ("a: &a {b: *a}", "metrics.yaml:1: not YAML"),
        ("a: !!python/object:os.system {}", "metrics.yaml:1: not YAML: could not determine a constructor"),
        ("a: \x00", "metrics.yaml: not YAML"),
        ("a: " + "[" * 5000, "not YAML"),
        ("a: {role: errors}\n---\nb: {role: errors}", "metrics.yaml:2: not YAML"),
    ],
)
def test_a_wrong_row_is_told_with_file_line_name_and_remedy(text: str, expected: str) -> None:
    """Nobody has to guess which of two hundred rows it is."""
    with pytest.raises(PermanentError) as told:
        parse_rows(text)
    assert expected in str(told.value)
    assert (
        "docs/metrics.md" in str(told.value)
        or "keep one" in str(told.value)
        or "write its name" in str(told.value)
        or ("put names" in str(told.value))
    )


def test_all_wrong_rows_are_told_at_once() -> None:
    """One line each, so that a file is mended in one go."""
    with pytest.raises(PermanentError) as told:
        parse_rows("a: {role: x}\nb: {role: errors}\nc: {full: many}", "folder/metrics.yaml")
    assert [line.split(": ")[0] for line in str(told.value).splitlines()] == [
        "folder/metrics.yaml:1",
        "folder/metrics.yaml:3",
    ]


@given(st.text(max_size=80))
def test_any_text_is_rows_or_an_error_that_names_the_file(text: str) -> None:
    """No text of a file brings anything else down."""
    problem = None
    try:
        parse_rows(text)
    except PermanentError as error:
        problem = str(error)
    assert problem is None or problem.startswith("metrics.yaml")
