"""Estates from YAML, and what is said about wrong ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from simulations.world.estate import SHOP, EstateError, load, parse
from simulations.world.layout import Layout
from simulations.world.reporter import edges, items

GOOD = SHOP.read_text(encoding="utf-8")


def test_shop_is_as_large_as_promised() -> None:
    """At least 25 services, two databases, a cache, a queue, three zones."""
    estate = load()
    kinds = Counter(service.kind for service in estate.services)
    assert kinds["service"] + kinds["worker"] >= 25
    assert (kinds["database"], kinds["cache"], kinds["queue"], len(estate.zones)) == (2, 1, 1, 3)


def test_hosts_are_not_promised_away() -> None:
    """No host promises more cores to its running instances than it has."""
    layout = Layout(load())
    state, fixed = layout.first_state(), layout.fixed
    promised = dict.fromkeys(range(len(layout.hosts)), 0.0)
    for i, host in enumerate(fixed.host):
        n = fixed.service[i]
        if state.phase[i] == 2 and (fixed.single[n] == 0 or state.active[n] == i):
            promised[int(host)] += fixed.cores[n]
    assert max(promised.values()) <= layout.estate.host_cores


def test_graph_is_closed() -> None:
    """Every edge joins two items, and every item but zones, sites and other firms needs or is needed."""
    layout = Layout(load())
    known = {item.id for item in items(layout)}
    joined = {end for edge in edges(layout) for end in (edge.source, edge.target)}
    assert joined <= known
    assert known - joined <= set(layout.sites)
    assert len(known) == len(items(layout))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("cpu_ms: 20", "cpu_ms: -20"), "services.2.cpu_ms"),
        (("{to: session, timeout: 1}", "{to: nobody, timeout: 1}"), "nobody"),
        (("owner: team-store", "owners: team-store"), "owners"),
        (("share: 0.4", "share: 0.5"), "add up to 1"),
        (("consumes: order-events", "consumes: web"), "not a queue"),
        (("  - id: checkout", "  - id: web"), "listed twice"),
        (("zones: [zone-a", "zones: [[zone-a"), "is not YAML"),
    ],
)
def test_error_names_file_and_place(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    """A wrong estate is refused with its file, a line and the place."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace(*change, 1), encoding="utf-8")
    with pytest.raises(EstateError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}:")
    assert says in str(caught.value)


def test_line_is_the_right_one() -> None:
    """The line in the error is the one with the mistake."""
    text = GOOD.replace("cpu_ms: 20", "cpu_ms: -20", 1)
    line = 1 + text[: text.index("cpu_ms: -20")].count("\n")
    with pytest.raises(EstateError, match=f"^estate:{line}: "):
        parse(text)


def test_missing_file_and_circles_are_refused(tmp_path: Path) -> None:
    """A file that is not there and services in a circle get an error of ours."""
    with pytest.raises(EstateError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    with pytest.raises(EstateError, match="circle"):
        Layout(parse(GOOD.replace("{id: geo, owner: team-supply, replicas: 2, cpu_ms: 6}",
                                  "{id: geo, replicas: 2, calls: [{to: shipping-quote}]}")))  # fmt: skip


@pytest.mark.parametrize("content", [b"name: gr\xf6\xdfe\n", b"name: 2026-13-45\n", b"name: !!int x\n", b"[" * 1100])
def test_content_that_is_no_yaml_text_is_an_error_with_the_file(tmp_path: Path, content: bytes) -> None:
    """Another encoding, an impossible date, a tag that does not fit and deep nesting name the file."""
    file = tmp_path / "own.yaml"
    file.write_bytes(content)
    with pytest.raises(EstateError, match=r"own\.yaml"):
        load(file)
