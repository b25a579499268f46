"""Toxiproxy between the services and their dependencies: one proxy a link, so that each can be cut or slowed alone."""

from __future__ import annotations

import json

from simulations.range.estate_plan import HOST, EstatePlan


def configuration(plan: EstatePlan) -> str:
    """Text of ``proxies.json``."""
    proxies = [
        {"name": link.name, "listen": f"{HOST}:{link.port}", "upstream": f"{HOST}:{link.to}", "enabled": True}
        for link in plan.links
    ]
    return json.dumps(proxies, indent=1) + "\n"
