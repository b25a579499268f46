"""Toxiproxy's configuration."""

from __future__ import annotations

import json

from simulations.range.configuration.toxiproxy import configuration
from tests.unit.simulations.range.runs import PLAN


def test_each_link_has_a_proxy_of_its_own() -> None:
    """So that one connection can be cut alone."""
    proxies = {proxy["name"]: proxy for proxy in json.loads(configuration(PLAN))}
    assert set(proxies) == {link.name for link in PLAN.links}
    for link in PLAN.links:
        assert proxies[link.name]["listen"] == f"127.0.0.1:{link.port}"
        assert proxies[link.name]["upstream"] == f"127.0.0.1:{link.to}"


def test_all_proxies_are_open_at_first() -> None:
    """Nothing is cut before a fault."""
    assert all(proxy["enabled"] for proxy in json.loads(configuration(PLAN)))
