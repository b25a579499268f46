from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiops.adapters.bundle.loading import SHIPPED
from aiops.adapters.bundle.services import objectives, services
from aiops.model.entities import Criticality, Edge, EdgeKind, Item, Objective
from aiops.model.errors import PermanentError

SHOP = """
- id: web
  owner: team-store
  criticality: critical
  replicas: 4
  objectives: [{name: available, target: 0.999}]
  needs: [{target: cart}, {target: zone-a, kind: runs_on}]
- id: cart
"""


def write(folder: Path, text: str | bytes, name: str = "shop.yaml") -> Path:
    """The folder, with one file of this text."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_items_with_their_edges(tmp_path: Path) -> None:
    """Fields of the item, what it needs (calls, unless it says otherwise), and the domain of the runtime."""
    (web, needs), (cart, none) = services(write(tmp_path, SHOP), "shop")
    assert web == Item(
        "web",
        owner="team-store",
        criticality=Criticality.CRITICAL,
        replicas=4,
        objectives=(Objective("available", 0.999),),
        domain="shop",
    )
    assert needs == (Edge("web", "cart", EdgeKind.CALLS, "cmdb"), Edge("web", "zone-a", EdgeKind.RUNS_ON, "cmdb"))
    assert (cart, none) == (Item("cart", domain="shop"), ())


def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Two files and something that is no YAML file."""
    write(tmp_path, "- {id: b}", "2.yaml")
    write(tmp_path, "- {id: a}", "1.yaml")
    write(tmp_path, "not for us: [", "notes.txt")
    assert [item.id for item, _ in services(tmp_path, "main")] == ["a", "b"]


def test_objectives_by_entity(tmp_path: Path) -> None:
    """Items without an objective are left out."""
    assert objectives(write(tmp_path, SHOP), "main") == {"web": (Objective("available", 0.999),)}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]", "---\n...\n", "null", "~"])
def test_nothing_is_no_item(tmp_path: Path, text: str) -> None:
    """An empty file, a comment and an empty list are no items, and no error."""
    assert services(write(tmp_path, text), "main") == []
    assert services(tmp_path / "missing", "main") == []


def test_the_shipped_services_are_sound() -> None:
    """The example bundle's items load, and every need names an item of the bundle or a plain name."""
    for item, edges in services(SHIPPED / "services", "main"):
        assert item.domain == "main"
        assert all(edge.source == item.id and edge.target for edge in edges)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- id: web\n  colour: red", "shop.yaml:1: colour: "),
        ("- id: web\n- {replicas: 3}", "shop.yaml:2: id: "),
        ("- id: web\n  criticality: huge", "shop.yaml:1: criticality: "),
        ("- id: web\n  replicas: many", "shop.yaml:1: replicas: "),
        ("- id: web\n  objectives: [{name: a, target: often}]", "shop.yaml:1: objectives.0.target: "),
        ("- id: web\n\n\n- cart", "shop.yaml:4: expected an item with an id, found 'cart'"),
        ("id: web", "shop.yaml: expected a list of items, found dict"),
        ("web", "shop.yaml: expected a list of items, found str"),
        ("- id: [", "shop.yaml: not YAML: "),
        ("- {id: web, id2: \x00}", "shop.yaml: not YAML: "),
        ("- {id: web}\n- {id: web2, needs: [cart]}", "shop.yaml:2: needs: "),
        ("- {id: web, needs: [{kind: calls}]}", "shop.yaml:1: needs: each wants a target and a kind of calls"),
        ("- {id: web, needs: [{target: a, kind: likes}]}", "shop.yaml:1: needs: "),
        ("- {id: web, needs: 5}", "shop.yaml:1: needs: "),
        ("- {id: web, needs: {target: a}}", "shop.yaml:1: needs: "),
        ("- {id: web, 5: 6}", "shop.yaml:1: "),
        ("- {id: web, value_per_minute: .nan}", "shop.yaml:1: value_per_minute: "),
        (
            "- {id: web, objectives: [{name: a, target: 0.9, treshold_ms: 5}]}",
            "shop.yaml:1: objectives.0.treshold_ms: ",
        ),
        ('- {id: "\\ud800"}', "shop.yaml: not YAML: "),
        ("- {id: web, owner: 2026-13-45}", "shop.yaml: not YAML: "),
        ("- {id: web, replicas: 0x_}", "shop.yaml: not YAML: "),
        ("- {id: web, deleted: !!bool maybe}", "shop.yaml: not YAML: "),
        ("[" * 1100, "shop.yaml: not YAML: "),
        (b"- id: gr\xf6\xdfe", "shop.yaml: not YAML: "),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_field(tmp_path: Path, text: str | bytes, told: str) -> None:
    """Whatever is wrong: one error that says where to look."""
    with pytest.raises(PermanentError) as raised:
        services(write(tmp_path, text), "main")
    assert told in str(raised.value)


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """A folder with a file's name is an error of ours, not of the operating system."""
    (tmp_path / "shop.yaml").mkdir()
    with pytest.raises(PermanentError, match=r"shop\.yaml: "):
        services(tmp_path, "main")


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            "- ",
            "id: ",
            "web",
            "\n",
            "  ",
            "needs: ",
            "[",
            "]",
            "{",
            "}",
            ",",
            ": ",
            "null",
            "1",
            "0x_",
            "*a",
            "&a ",
            "!!int ",
        ]
    ),
    max_size=12,
).map("".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(FRAGMENTS, st.text(max_size=20)))
def test_any_text_gives_items_or_an_error_with_the_file(tmp_path: Path, text: str) -> None:
    """Whatever a file holds: items, or a ``PermanentError`` that names the file."""
    try:
        found = services(write(tmp_path, text.encode(errors="surrogatepass")), "main")
    except PermanentError as error:
        told = str(error)
    else:
        told = "" if all(isinstance(item, Item) for item, _ in found) else "no items"
    assert told == "" or told.startswith(str(tmp_path / "shop.yaml"))
