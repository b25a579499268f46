"""The harmless ones that change nothing for users: calm, and a spare instance that starts."""

from __future__ import annotations

from aiops.adapters.executors.haproxy_socket import HaproxySocket
from aiops.apps.range.estate import healthy
from aiops.apps.range.faults.scene import Scene, wait
from aiops.model.prose import Prose
from aiops.model.reports import Change

_START_SECONDS = 25.0


class Calm:
    """Nothing."""

    def begin(self) -> None:
        """Nothing happens."""

    def tick(self, elapsed: float) -> None:
        """Nothing goes on."""

    def end(self) -> bool:
        """Nothing is undone."""
        return True


class ScaleOut:
    """The spare instances of a service serve as well; the end stops them."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._spare = [instance for instance in scene.service.instances if instance.spare]
        self._proxy = HaproxySocket(f"unix://{scene.estate.folder.haproxy_socket}")

    def begin(self) -> None:
        """Start them, publish the change, and let HAProxy use them."""
        scene = self._scene
        for instance in self._spare:
            scene.estate.supervisord.start(instance.id)
        service, truth = scene.service, scene.truth
        scene.announce(
            Change(truth.change, service.id, truth.onset, "scale", Prose(f"{service.id}: one more"), author="pipeline")
        )
        for instance in self._spare:
            wait(lambda port=instance.port: healthy(port), _START_SECONDS)  # type: ignore[misc]
            self._proxy.order(f"set server {service.id}/{instance.id} state ready")

    def tick(self, elapsed: float) -> None:
        """They serve."""

    def end(self) -> bool:
        """Take them out and stop them."""
        for instance in self._spare:
            self._proxy.order(f"set server {self._scene.service.id}/{instance.id} state maint")
            self._scene.estate.supervisord.stop(instance.id)
        return True
