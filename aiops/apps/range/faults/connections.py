"""Faults of connections, through Toxiproxy: delay, bandwidth, cut, and one that swallows everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx

from aiops.apps.range.faults.scene import Scene
from aiops.model.errors import PermanentError, TemporaryError
from simulations.range.estate_plan import HOST, LinkKind

_SECONDS: Final = 5.0
_NAME: Final = "fault"
TOXICS: Final[Mapping[str, Mapping[str, Any]]] = {
    "delay": {"type": "latency", "attributes": {"latency": 300, "jitter": 30}},
    "bandwidth": {"type": "bandwidth", "attributes": {"rate": 1}},
    "consumer-stuck": {"type": "timeout", "attributes": {"timeout": 0}},
}
"""Toxic of each fault, in both directions. A time-out of 0 swallows the data and keeps the connection."""
_STREAMS: Final = ("upstream", "downstream")


class Toxiproxy:
    """Toxiproxy's HTTP interface, version 2.

    Args:
        port: on the loopback interface.
    """

    def __init__(self, port: int) -> None:
        self._url = f"http://{HOST}:{port}"

    def proxy(self, name: str) -> dict[str, Any]:
        """State of a proxy: ``enabled``, ``toxics``.

        Raises:
            PermanentError: there is none of this name.
            TemporaryError: Toxiproxy does not answer.
        """
        return self._ask("GET", f"/proxies/{name}")

    def enable(self, name: str, *, enabled: bool) -> None:
        """Accept connections, or end all and refuse new ones."""
        self._ask("POST", f"/proxies/{name}", {"enabled": enabled})

    def add(self, name: str, toxic: Mapping[str, Any]) -> None:
        """Add a toxic to a proxy."""
        self._ask("POST", f"/proxies/{name}/toxics", toxic)

    def remove(self, name: str, toxic: str) -> None:
        """Remove a toxic."""
        self._ask("DELETE", f"/proxies/{name}/toxics/{toxic}")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = httpx.request(method, f"{self._url}{path}", json=body, timeout=_SECONDS)
        except httpx.HTTPError as error:
            raise TemporaryError(f"Toxiproxy does not answer at {self._url}: {error!r}") from error
        if answer.is_error:
            raise PermanentError(f"Toxiproxy refuses {method} {path}: {answer.text.strip()}")
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


class Poisoned:
    """A connection with toxics; the end removes those that are left."""

    def __init__(self, scene: Scene, link: str, toxic: Mapping[str, Any]) -> None:
        self._proxies = Toxiproxy(scene.plan.ports.toxiproxy)
        self._link = link
        self._toxics = [{**toxic, "name": f"{_NAME}-{stream}", "stream": stream} for stream in _STREAMS]

    def begin(self) -> None:
        """Add them."""
        for toxic in self._toxics:
            self._proxies.add(self._link, toxic)

    def tick(self, elapsed: float) -> None:
        """They stay."""

    def end(self) -> bool:
        """Remove them."""
        there = {toxic["name"] for toxic in self._proxies.proxy(self._link)["toxics"]}
        left = [toxic["name"] for toxic in self._toxics if toxic["name"] in there]
        for name in left:
            self._proxies.remove(self._link, name)
        return not left


class Cut:
    """A connection that is refused."""

    def __init__(self, scene: Scene) -> None:
        self._proxies = Toxiproxy(scene.plan.ports.toxiproxy)
        self._link = scene.truth.target

    def begin(self) -> None:
        """Refuse it."""
        self._proxies.enable(self._link, enabled=False)

    def tick(self, elapsed: float) -> None:
        """It stays refused."""

    def end(self) -> bool:
        """Accept it."""
        if self._proxies.proxy(self._link)["enabled"]:
            return True
        self._proxies.enable(self._link, enabled=True)
        return False


def of_link(scene: Scene) -> Poisoned:
    """The fault of a connection that is the target."""
    return Poisoned(scene, scene.truth.target, TOXICS[scene.truth.fault])


def of_consumer(scene: Scene) -> Poisoned:
    """The fault of the connection between a consumer and the broker."""
    (link,) = (link for link in scene.plan.links_of(scene.service.id) if link.kind is LinkKind.QUEUE)
    return Poisoned(scene, link.name, TOXICS["consumer-stuck"])
