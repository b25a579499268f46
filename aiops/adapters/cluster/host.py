"""One Ray actor class for all parts: it makes its plain object in its own process, starts it, and passes questions on.

A constructor loads state and starts the part's own threads, since after a crash only constructors run again. Questions,
health and stop run in a concurrency group of their own, so a busy part still answers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import ray

from aiops.model.errors import AiopsError


class Host:
    """Hosts the object that ``factory`` ("module:callable") makes of ``arguments``."""

    def __init__(self, factory: str, arguments: Mapping[str, Any], build: str) -> None:
        self._build = build
        self._part: Any = None
        self._failed: AiopsError | None = None
        module, _, name = factory.partition(":")
        try:
            self._part = getattr(import_module(module), name)(**arguments)
            start = getattr(self._part, "start", None)
            if start is not None:
                start()
        except AiopsError as error:
            # Ray tells of a constructor that raises as text only. Whoever makes the actor asks ``about`` for the error.
            if _restarted():
                raise
            self._failed = error

    def call(self, method: str, *arguments: Any) -> Any:
        """One call at a time, in order."""
        return self._do(method, arguments)

    @ray.method(concurrency_group="questions")
    def ask(self, method: str, *arguments: Any) -> Any:
        """Questions, health, stop: beside whatever else runs."""
        return self._do(method, arguments)

    @ray.method(concurrency_group="questions")
    def about(self) -> dict[str, Any]:
        """Build, process, and the error with which the part could not be made: None, there is one."""
        return {"build": self._build, "pid": os.getpid(), "failed": self._failed}

    @ray.method(concurrency_group="questions")
    def leave(self) -> None:
        """Stop the part; the process ends when the cluster is told to."""
        stop = getattr(self._part, "stop", None)
        if stop is not None:
            stop()

    def _do(self, method: str, arguments: tuple[Any, ...]) -> Any:
        if self._failed is not None:
            raise self._failed
        return getattr(self._part, method)(*arguments)


def _restarted() -> bool:
    """Whether this process replaces one of the same actor that died; nobody asks ``about`` then."""
    return ray.is_initialized() and bool(ray.get_runtime_context().was_current_actor_reconstructed)


HOST: Any = ray.remote(  # type: ignore[call-overload]  # its stubs do not know concurrency groups
    concurrency_groups={"questions": 4}, max_restarts=-1, max_task_retries=0
)(Host)
"""Restarted for ever; no call is retried by Ray: who retries reads the journal first."""
