"""The text of Cedar policies: annotations, declared actions, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import cedarpy
import pytest

from remediations.policy_text import PolicyText, declared, file_name, problems_of, texts_of

SCHEMA = (Path(__file__).parents[3] / "remediations" / "default_bundle" / "policies" / "schema.cedarschema").read_text()


def policy(name: str, when: str = "context.halted", **notes: str) -> str:
    """A policy that forbids all when a condition holds."""
    annotations = "".join(f'@{note}("{text}")\n' for note, text in ({"id": name} | notes).items())
    return f"{annotations}forbid (principal, action, resource) when {{ {when} }};\n"


def test_a_policy_is_called_by_its_annotations() -> None:
    """Two policies of one text, in their order; without a reason the id stands for it."""
    texts = texts_of(policy("halted", reason="somebody pressed halt") + policy("frozen", "context.frozen"))
    assert list(texts.values()) == [PolicyText("halted", "somebody pressed halt"), PolicyText("frozen", "frozen")]


def test_a_policy_without_annotations_has_no_name() -> None:
    """Cedar's own id is not a name that a decision could cite."""
    assert list(texts_of("permit (principal, action, resource);").values()) == [PolicyText("", "")]


def test_the_items_that_a_policy_names_are_found_wherever_they_stand() -> None:
    """In the scope, in a condition and in a set; roles and actions are no items."""
    text = """
    permit (principal == Role::"resolution", action == Action::"scale", resource == Item::"cart")
    when { [Item::"pay", Item::"stock"].contains(resource) || resource in Item::"shop" };
    """
    (found,) = texts_of(text).values()
    assert found.items == {"cart", "pay", "stock", "shop"}


def test_no_policies_have_no_text() -> None:
    """An empty file is no error."""
    assert texts_of("// nothing yet\n") == {}


def test_a_text_that_does_not_parse_is_refused() -> None:
    """With what is wrong; the caller knows the file."""
    with pytest.raises(ValueError, match="unexpected end of input"):
        texts_of("permit (principal, action, resource) when {")


def test_only_actions_that_the_schema_does_not_name_are_declared() -> None:
    """Each once, in order of their names; then policies may name them."""
    text = declared(SCHEMA, ["warm-up", "restart", "defrost", "defrost"])
    assert text.strip().startswith('action "defrost", "warm-up" in [act] appliesTo')
    defrosted = 'permit (principal, action == Action::"defrost", resource);'
    assert not cedarpy.validate_policies(defrosted, SCHEMA).validation_passed
    assert cedarpy.validate_policies(defrosted, SCHEMA + text).validation_passed
    assert declared(SCHEMA, ["restart", "scale"]) == ""


def test_a_forged_action_name_declares_no_other_one() -> None:
    """Quotes in a name are escaped: it stays one name."""
    text = declared(SCHEMA, ['drain", "restart'])
    cedarpy.Schema.from_str(SCHEMA + text)
    assert '"drain\\", \\"restart" in [act]' in text


def test_a_schema_with_other_type_names_is_left_as_it_is() -> None:
    """The declaration would name types that it does not have."""
    assert declared('entity Robot; action "run" appliesTo { principal: Robot, resource: Robot };', ["drain"]) == ""


def test_sound_files_have_no_problems() -> None:
    """Any number of files."""
    assert problems_of("p", SCHEMA, {}) == []
    assert problems_of("p", SCHEMA, {"p/a.cedar": policy("a"), "p/b.cedar": policy("b")}) == []


def test_a_broken_schema_is_the_only_problem() -> None:
    """Nothing can be said of the policies then."""
    (found,) = problems_of("p", "entity Role", {"p/a.cedar": "nonsense"})
    assert (found.file, found.line) == ("p/*.cedarschema", 1)


def test_a_broken_file_does_not_hide_the_problems_of_the_next() -> None:
    """Each file has its own."""
    files = {"p/a.cedar": "permit (", "p/b.cedar": "forbid (principal, action, resource);"}
    assert [found.file for found in problems_of("p", SCHEMA, files)] == ["p/a.cedar", "p/b.cedar"]


def test_an_id_that_is_missing_or_taken_is_a_problem() -> None:
    """A decision cites ids: each is of one policy, in one file or in two."""
    nameless = "permit (principal, action, resource);"
    (found,) = problems_of("p", SCHEMA, {"p/a.cedar": nameless})
    assert (found.line, found.what) == (1, "a policy has no @id")
    (found,) = problems_of("p", SCHEMA, {"p/a.cedar": policy("one"), "p/b.cedar": policy("two") + policy("one")})
    assert (found.file, found.line, found.what) == ("p/b.cedar", 3, "@id one is in a.cedar already")


def test_a_policy_that_uses_an_unknown_fact_is_told_with_its_line() -> None:
    """The line of its @id, by which a person finds it."""
    files = {"p/a.cedar": policy("sound") + policy("odd", "context.mood == 3")}
    found = problems_of("p", SCHEMA, files)
    assert {(one.file, one.line) for one in found} == {("p/a.cedar", 3)}
    assert any("mood" in one.what for one in found)


@pytest.mark.parametrize(("path", "name"), [("a/b/c.cedar", "c.cedar"), ("c.cedar", "c.cedar"), ("a/", "")])
def test_the_name_of_a_file_has_no_folder(path: str, name: str) -> None:
    """Also where there is none."""
    assert file_name(path) == name
