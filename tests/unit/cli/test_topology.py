"""`aiops topology impact` by full and by short names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops.cli.exits import Exit
from aiops.cli.topology import app
from aiops.model import cloudevents
from aiops.model.entities import Item

RUN = CliRunner()


@pytest.fixture
def cmdb(tmp_path: Path) -> Path:
    """A file of CMDB records."""
    items = ("prod/checkout", "prod/cart", "test/cart")
    lines = [cloudevents.encode(cloudevents.of_item(Item(name), (), 1)) for name in items]
    file = tmp_path / "cmdb.jsonl"
    file.write_bytes(b"\n".join(lines))
    return file


@pytest.mark.parametrize("name", ["prod/checkout", "checkout", "checkout.prod:80"])
def test_an_item_is_found_by_its_full_and_by_a_short_name(cmdb: Path, name: str) -> None:
    """As people and callers write it."""
    result = RUN.invoke(app, ["impact", name, "--cmdb", str(cmdb), "--json"])
    assert result.exit_code == Exit.OK, result.output
    assert json.loads(result.stdout)["item"] == "prod/checkout"


@pytest.mark.parametrize(
    ("name", "told"), [("cart", "stands for prod/cart, test/cart: name one"), ("pay", "is not in the graph")]
)
def test_a_name_that_is_none_or_several_is_told(cmdb: Path, name: str, told: str) -> None:
    """Nothing is guessed."""
    result = RUN.invoke(app, ["impact", name, "--cmdb", str(cmdb)])
    assert result.exit_code == Exit.NO
    assert told in result.stderr
