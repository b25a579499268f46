"""The primitives that ship: which there are, under which names, and that each caller gets its own."""

from __future__ import annotations

from remediations.primitives.protocol import Facts
from remediations.primitives.shipped import shipped


def test_these_ship() -> None:
    """A runbook may name any of them without a plug-in."""
    gentle = ["cancel-query", "clear-cache", "drain", "end-blocker", "fail-over", "limit-load"]
    assert sorted(shipped()) == [*gentle, "restart", "roll-back", "scale", "set-aside", "shed-load", "stop"]


def test_each_is_found_under_its_own_name() -> None:
    """Executors are set by that name."""
    assert {name: primitive.name for name, primitive in shipped().items()} == {name: name for name in shipped()}


def test_no_plug_in_is_among_them() -> None:
    """All are of the product."""
    modules = {type(primitive).__module__ for primitive in shipped().values()}
    assert modules <= {f"remediations.primitives.{name.replace('-', '_')}" for name in shipped()}


def test_a_caller_that_changes_its_table_changes_no_other() -> None:
    """Two runtimes may live in one process."""
    mine = dict(shipped())
    mine.clear()
    assert shipped()


def test_each_states_what_it_would_do_to_a_plain_service_or_why_not() -> None:
    """With a bounded share of it at risk; nothing is done by asking."""
    facts = Facts("web", replicas=4, version="8", previous="7", changed=True)
    for primitive in shipped().values():
        if not primitive.objections(facts, {}):
            effect = primitive.effect(facts, {})
            assert (effect.action.primitive, effect.action.target) == (primitive.name, "web")
            assert 0 <= effect.at_risk <= 1
