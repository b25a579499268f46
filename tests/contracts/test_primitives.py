"""What holds for every primitive, ours and those of plug-ins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.errors import PermanentError
from aiops.model.plans import Parameter
from remediations.primitives.protocol import Facts
from remediations.primitives.registry import places, primitive

KINDS = ("service", "worker", "database", "cache", "queue", "zone", "site", "host", "external", "business_service")
TEXTS = st.sampled_from(["", "zone-a", "zone-b", "41", "x" * 300])
VALUES: st.SearchStrategy[Parameter] = st.one_of(
    st.booleans(), st.integers(-200, 200), st.floats(allow_nan=True, allow_infinity=True), TEXTS
)
FACTS = st.builds(
    Facts,
    st.just("thing"),
    kind=st.sampled_from(KINDS),
    replicas=st.integers(1, 30),
    zone=TEXTS,
    version=TEXTS,
    previous=TEXTS,
    changed=st.booleans(),
)
PARAMETERS = st.dictionaries(st.sampled_from(["replicas", "by", "share", "to", "version", "at_once", "odd"]), VALUES)
NAMES = sorted(places())


@pytest.mark.parametrize("name", NAMES)
def test_known_by_its_name(name: str) -> None:
    """The registry's name is the primitive's own."""
    assert primitive(name).name == name


@pytest.mark.parametrize("name", NAMES)
@given(facts=FACTS, parameters=PARAMETERS)
def test_objects_or_states_a_bounded_effect(name: str, facts: Facts, parameters: dict[str, Parameter]) -> None:
    """For anything it is given: objections and an error, or an effect on the target itself with a stated risk."""
    one = primitive(name)
    objections = one.objections(facts, parameters)
    if objections:
        assert all(objections)
        with pytest.raises(PermanentError):
            one.effect(facts, parameters)
        return
    effect = one.effect(facts, parameters)
    assert effect == one.effect(facts, parameters)
    assert (effect.action.primitive, effect.action.target) == (name, "thing")
    assert 0.0 <= effect.at_risk <= 1.0
    assert effect.postcondition
    assert not (effect.transient and effect.undo)
    if effect.undo is not None:
        assert (effect.undo.primitive, effect.undo.target) == (name, "thing")
        assert effect.undo.parameters != effect.action.parameters


@pytest.mark.parametrize("name", NAMES)
def test_applies_to_something(name: str) -> None:
    """Each primitive accepts at least one kind of target with plain parameters."""
    tries: list[dict[str, Parameter]] = [{}, {"by": 1}, {"share": 0.3}, {"to": "zone-b"}]
    facts = [Facts("thing", kind=kind, replicas=3, zone="zone-a", changed=True) for kind in KINDS]
    assert any(not primitive(name).objections(fact, one) for fact in facts for one in tries)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_parameters_are_refused(name: str) -> None:
    """A misspelt parameter is an objection, never ignored."""
    assert any("odd" in told for told in primitive(name).objections(Facts("thing"), {"odd": 1}))


def test_unknown_name_says_what_is_known() -> None:
    """Asking for a primitive that does not exist names those that do."""
    with pytest.raises(PermanentError, match="known: clear-cache"):
        primitive("reboot-the-moon")
