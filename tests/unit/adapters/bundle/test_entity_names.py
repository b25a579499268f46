"""Names of entities in a bundle, and the same bundle with other names."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.bundle.entity_names import names_of, rewritten
from aiops.adapters.bundle.services import services
from aiops.model.errors import PermanentError

POLICY = """// Item::"checkout" is ours
@id("hands-off")
@reason("Item::\\"checkout\\" and Item::'checkout'")
forbid (principal, action, resource == Item::"checkout")
unless { resource == Item :: "checkout-canary" || context.runbook == "checkout" };
"""
SERVICES = """# our shop
- id: checkout   # the till
  criticality: critical
  attributes: {id: checkout, team: checkout}
  needs: [{target: db, kind: uses}, {target: "checkout-cache"}]
- {id: checkout-cache, kind: cache}
"""
RUNBOOK = """id: checkout
steps:
  - {primitive: restart, target: checkout}
  - {primitive: restart, target: "{root}"}
"""
CASES = "- {name: checkout is ours, primitive: restart, target: 'checkout', expect: forbidden}\n"
NAMES = {"checkout": "prod/checkout", "db": "prod/db"}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle that names an entity everywhere."""
    for name, text in (
        ("policies/own.cedar", POLICY),
        ("policies/cases.yaml", CASES),
        ("services/shop.yaml", SERVICES),
        ("runbooks/own.yaml", RUNBOOK),
        ("runbooks/approved.yaml", "own.yaml: checkout\n"),
        ("oncall/checkout.yaml", "target: checkout\n"),
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_all_names_of_a_bundle_are_found(bundle: Path) -> None:
    """Placeholders, ids of runbooks, comments and other texts are no names."""
    assert names_of(bundle) == {"checkout", "checkout-canary", "checkout-cache", "db"}


def test_names_are_rewritten_where_they_stand_and_nothing_else_is(bundle: Path) -> None:
    """Comments, quotes and order stay."""
    after = {one.file.name: one.after for one in rewritten(bundle, NAMES)}
    assert after == {
        "own.cedar": POLICY.replace('resource == Item::"checkout")', 'resource == Item::"prod/checkout")'),
        "cases.yaml": CASES.replace("'checkout'", "prod/checkout"),
        "shop.yaml": SERVICES.replace("id: checkout ", "id: prod/checkout ").replace("target: db", "target: prod/db"),
        "own.yaml": RUNBOOK.replace("target: checkout", "target: prod/checkout"),
    }


def test_a_bundle_is_the_same_until_it_is_written(bundle: Path) -> None:
    """And afterwards there is nothing to change."""
    before = (bundle / "services/shop.yaml").read_text()
    found = rewritten(bundle, NAMES)
    assert (bundle / "services/shop.yaml").read_text() == before
    for one in found:
        one.write()
    assert rewritten(bundle, NAMES) == []
    assert [item.id for item, _ in services(bundle / "services", "main")] == ["prod/checkout", "checkout-cache"]


def test_the_difference_shows_what_changes(bundle: Path) -> None:
    """As a unified diff."""
    (found,) = (one for one in rewritten(bundle, NAMES) if one.file.name == "cases.yaml")
    assert found.difference.splitlines()[:2] == [f"--- {found.file}", f"+++ {found.file}"]
    assert (
        "+- {name: checkout is ours, primitive: restart, target: prod/checkout, expect: forbidden}" in found.difference
    )


def test_names_may_change_places(bundle: Path) -> None:
    """All are renamed at once."""
    swap = {"checkout": "checkout-cache", "checkout-cache": "checkout"}
    for one in rewritten(bundle, swap):
        one.write()
    assert [item.id for item, _ in services(bundle / "services", "main")] == ["checkout-cache", "checkout"]


def test_names_that_yaml_would_misread_are_quoted(bundle: Path) -> None:
    """A name may be a number, or hold a colon."""
    for one in rewritten(bundle, {"checkout": "a: b", "checkout-cache": "007"}):
        one.write()
    assert [item.id for item, _ in services(bundle / "services", "main")] == ["a: b", "007"]


def test_two_items_cannot_become_one(bundle: Path) -> None:
    """A person must merge them."""
    with pytest.raises(PermanentError, match="two items would be called checkout-cache"):
        rewritten(bundle, {"checkout": "checkout-cache"})


@pytest.mark.parametrize(
    ("text", "changed"), [("&a [*a]", []), ("- &x {id: checkout}\n- *x\n", ["shop.yaml"]), ("", []), ("3", [])]
)
def test_nothing_hangs_on_a_strange_file(bundle: Path, text: str, changed: list[str]) -> None:
    """Such as an alias to itself."""
    (bundle / "services/shop.yaml").write_text(text)
    assert [one.file.name for one in rewritten(bundle, NAMES) if one.file.name == "shop.yaml"] == changed


@pytest.mark.parametrize("content", [b"- {id: ", b"\xff"])
def test_a_broken_file_is_an_error_with_its_name(bundle: Path, content: bytes) -> None:
    """And nothing is rewritten."""
    (bundle / "services/shop.yaml").write_bytes(content)
    with pytest.raises(PermanentError, match=r"shop\.yaml"):
        rewritten(bundle, NAMES)
