"""One Ray actor class for all parts: it makes its plain object in its own process, starts it, and forwards calls.

The constructor loads state and starts the part's threads, because after a crash Ray runs only the constructor again.
Questions, health and stop run in their own concurrency group: a busy part still answers.
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
            # Ray reports a constructor's error as text only. The creator of the actor gets the error from ``about``.
            if _restarted():
                raise
            self._failed = error

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the part; one call at a time, in order."""
        return self._do(method, arguments)

    @ray.method(concurrency_group="questions")
    def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of the part concurrently with ``call``: questions, health, stop."""
        return self._do(method, arguments)

    @ray.method(concurrency_group="questions")
    def about(self) -> dict[str, Any]:
        """Build, process id, and the error of the part's construction; None: it was made."""
        return {"build": self._build, "pid": os.getpid(), "failed": self._failed}

    @ray.method(concurrency_group="questions")
    def leave(self) -> None:
        """Stop the part. The process ends when the actor is removed."""
        stop = getattr(self._part, "stop", None)
        if stop is not None:
            stop()

    def _do(self, method: str, arguments: tuple[Any, ...]) -> Any:
        if self._failed is not None:
            raise self._failed
        return getattr(self._part, method)(*arguments)


def _restarted() -> bool:
    """Whether this process replaces a dead one of the same actor; ``about`` is then not called."""
    return ray.is_initialized() and bool(ray.get_runtime_context().was_current_actor_reconstructed)


HOST: Any = ray.remote(  # type: ignore[call-overload]  # its stubs do not know concurrency groups
    concurrency_groups={"questions": 4}, max_restarts=-1, max_task_retries=0
)(Host)
"""Restarted without limit. Ray retries no call: callers read the journal before a retry."""
