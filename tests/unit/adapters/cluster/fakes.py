"""A cluster whose actors are plain objects of this process."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from aiops.adapters.cluster.cluster import RayCluster
from aiops.model.errors import AiopsError, TemporaryError


class FakeCluster(RayCluster):
    """Answers as ``RayCluster`` does, without Ray: ``parts`` holds the object behind each role and number."""

    def __init__(self, parts: Mapping[tuple[str, int], Any] | None = None) -> None:
        self.parts = dict(parts or {})
        self.made: set[tuple[str, int]] = set()
        self.ensured: list[tuple[str, int, str, dict[str, Any], float]] = []
        self.calls: list[tuple[str, int, str, tuple[Any, ...], str]] = []
        self.asked: list[tuple[str, int, str, tuple[Any, ...], float]] = []
        self.killed: list[tuple[str, int]] = []
        self.shared: list[Any] = []

    def ensure(self, role: str, number: int, factory: str, arguments: Mapping[str, Any], cpus: float = 0.0) -> None:
        self.ensured.append((role, number, factory, dict(arguments), cpus))

    def call(self, role: str, number: int, method: str, *arguments: Any, group: str = "call") -> Future[Any]:
        self.calls.append((role, number, method, arguments, group))
        future: Future[Any] = Future()
        part = self.parts.get((role, number))
        if part is None:
            future.set_exception(TemporaryError(f"{role}/{number} is not there"))
            return future
        try:
            future.set_result(getattr(part, method)(*arguments))
        except AiopsError as error:
            future.set_exception(error)
        return future

    def ask(self, role: str, number: int, method: str, *arguments: Any, timeout_seconds: float = 5.0) -> Any:
        self.asked.append((role, number, method, arguments, timeout_seconds))
        part = self.parts.get((role, number))
        if part is None:
            raise TemporaryError(f"{role}/{number} is not there")
        return getattr(part, method)(*arguments)

    def kill(self, role: str, number: int) -> None:
        self.killed.append((role, number))

    def remove(self, role: str, number: int) -> None:
        self.parts.pop((role, number), None)

    def numbers(self, role: str) -> list[int]:
        return sorted(number for name, number in self.parts if name == role)

    def name(self, role: str, number: int) -> str:
        return f"main/{role}/{number}"

    def put(self, value: Any) -> Any:
        self.shared.append(value)
        return f"reference-{len(self.shared)}"
