"""Display names of series: short, never the instrumentation library, and siblings stay distinguishable."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.series_names import MOST_ATTRIBUTES, display_name, parse
from detectors.wire.identity import SeriesIdentity

KEYS = ["http.route", "http.method", "status", "k8s.pod.name", "service.instance.id", "otel.scope.name", "zone", "a"]
WELL_FORMED = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["x", "y", "/pay", "", "é"]))
HOSTILE = st.dictionaries(
    st.one_of(st.sampled_from(KEYS), st.text(max_size=5)), st.one_of(st.text(), st.just(",zzz=1,a=2}")), max_size=6
)


def full(attributes: dict[str, str], metric: str = "http.server.errors") -> str:
    """The name that a slot's table gives a series."""
    return SeriesIdentity("pay", metric, tuple(sorted(attributes.items()))).name


def without_scope(attributes: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in attributes.items() if key != "otel.scope.name"}


def can_be_told_apart(family: list[dict[str, str]]) -> bool:
    """Some three attributes have different values for every two of the family."""
    keys = sorted(set().union(*family))
    sets = combinations(keys, min(MOST_ATTRIBUTES, len(keys)))
    return any(len({tuple(one.get(key) for key in chosen) for one in family}) == len(family) for chosen in sets)


def test_only_what_differs_is_shown() -> None:
    """Two routes of one pod differ in the route; everything else is left out."""
    pay = full({"http.route": "/pay", "http.method": "POST", "k8s.pod.name": "pay-1", "otel.scope.name": "lib"})
    cart = full({"http.route": "/cart", "http.method": "POST", "k8s.pod.name": "pay-1", "otel.scope.name": "lib"})

    assert display_name(pay, [cart]) == "http.server.errors{http.route=/pay}"
    assert display_name(cart, [pay, cart]) == "http.server.errors{http.route=/cart}"


def test_series_of_other_metrics_are_no_siblings() -> None:
    """What another metric is called changes nothing."""
    assert display_name("cpu{host.name=h1}", ["memory{host.name=h2}"]) == display_name("cpu{host.name=h1}")


def test_libraries_do_not_distinguish_series() -> None:
    """Two series that only their instrumentation library tells apart have the same display name."""
    names = [full({"otel.scope.name": scope, "otel.scope.version": "1"}) for scope in ("one", "two")]

    assert {display_name(name, names) for name in names} == {"http.server.errors"}


def test_a_series_alone_shows_the_measurement_before_the_sender() -> None:
    """Nothing is known of siblings: the route is worth more than the cloud account."""
    alone = full({"cloud.account.id": "1", "cloud.region": "eu", "http.route": "/pay", "k8s.pod.name": "pay-1"})

    assert display_name(alone) == "http.server.errors{cloud.account.id=1,http.route=/pay,k8s.pod.name=pay-1}"


def test_of_two_attributes_that_divide_alike_the_readable_one_is_shown() -> None:
    """A pod's name and its identifiers go together; the name is shown."""
    pods = [full({"container.id": 64 * n, "k8s.pod.name": f"pay-{n}", "k8s.pod.uid": 36 * n}) for n in "ab"]

    assert display_name(pods[0], pods) == "http.server.errors{k8s.pod.name=pay-a}"


def test_an_attribute_that_a_sibling_lacks_distinguishes() -> None:
    """The one without it is shown without attributes."""
    assert display_name("errors", ["errors{code=500}"]) == "errors"
    assert display_name("errors{code=500}", ["errors"]) == "errors{code=500}"


def test_values_may_hold_commas_braces_and_equals_signs() -> None:
    """A template of log lines stays one value."""
    name = "log.count{severity=ERROR,template=paid {amount}, code=<*>, id=3}"

    assert parse(name) == ("log.count", {"severity": "ERROR", "template": "paid {amount}, code=<*>, id=3"})
    assert display_name(name, ["log.count{severity=ERROR,template=x}"]) == (
        "log.count{template=paid {amount}, code=<*>, id=3}"
    )


@pytest.mark.parametrize("name", ["", "cpu", "cpu{", "cpu}", "cpu{}", "cpu{x}", "cpu{=}", "{", "}{", "a{b}c=d}"])
def test_what_is_not_a_full_name_is_shown_as_it_is(name: str) -> None:
    """Nothing is lost of a name that has no attributes."""
    assert display_name(name) == name
    assert display_name(name, ["cpu{a=1}"]) == name


def test_many_attributes_take_bounded_work() -> None:
    """Sixteen siblings with two hundred differing attributes each still get three."""
    names = [full({f"k{key:03}": f"{(key * number) % 17}" for key in range(200)}) for number in range(16)]

    shown = {display_name(name, names) for name in names}

    assert len(shown) == 16
    assert all(len(parse(name)[1]) <= MOST_ATTRIBUTES for name in shown)


@given(st.lists(WELL_FORMED, min_size=1, max_size=8, unique_by=lambda one: full(without_scope(one))))
def test_siblings_stay_distinguishable_with_at_most_three_attributes(family: list[dict[str, str]]) -> None:
    """Where three attributes suffice no two siblings have the same display name; none shows a library."""
    names = [full(attributes) for attributes in family]
    shown = [display_name(name, names) for name in names]

    if can_be_told_apart([without_scope(one) for one in family]):
        assert len(set(shown)) == len(family)
    for name, attributes in zip(shown, family, strict=True):
        assert len(parse(name)[1]) <= MOST_ATTRIBUTES
        assert parse(name)[1].items() <= attributes.items()
        assert "otel.scope" not in name


@given(st.lists(WELL_FORMED, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_siblings_changes_nothing(family: list[dict[str, str]], random: object) -> None:
    """The same set of siblings gives the same name."""
    names = [full(attributes) for attributes in family]
    mixed = list(names)
    random.shuffle(mixed)  # type: ignore[attr-defined]

    assert display_name(names[0], names) == display_name(names[0], mixed)


@given(st.lists(HOSTILE, min_size=1, max_size=5))
def test_no_name_breaks_it(family: list[dict[str, str]]) -> None:
    """Any text may come in keys and values; the library's name is still not shown."""
    names = [full({**attributes, "otel.scope.name": "the-library"}) for attributes in family]

    for name in names:
        assert "the-library" not in display_name(name, names)
