"""Every primitive, ours and those of installed plug-ins, keeps the primitives' contract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.plugins import installed
from aiops.contracts import primitives
from aiops.contracts.primitives import KINDS
from aiops.model.plans import Parameter
from aiops.plugins import ExtensionKind
from remediations.primitives.protocol import Facts

pytestmark = pytest.mark.contract
TEXTS = st.sampled_from(primitives.TEXTS)
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
PLUGINS = installed()
NAMES = PLUGINS.names(ExtensionKind.PRIMITIVE)


@pytest.mark.parametrize("name", NAMES)
def test_known_by_its_name(name: str) -> None:
    """The table's name is the primitive's own."""
    assert PLUGINS.make(ExtensionKind.PRIMITIVE, name).name == name


@pytest.mark.parametrize("rule", primitives.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_keeps_the_contract(name: str, rule: object) -> None:
    """One rule on one primitive."""
    assert callable(rule)
    rule(PLUGINS.make(ExtensionKind.PRIMITIVE, name))


@pytest.mark.parametrize("name", NAMES)
@given(facts=FACTS, parameters=PARAMETERS)
def test_objects_or_states_a_bounded_effect(name: str, facts: Facts, parameters: dict[str, Parameter]) -> None:
    """The contract's main rule, on whatever hypothesis finds."""
    primitives.answers(PLUGINS.make(ExtensionKind.PRIMITIVE, name), facts, parameters)
