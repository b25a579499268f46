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


class Host:
    """Hosts the object that ``factory`` ("module:callable") makes of ``arguments``."""

    def __init__(self, factory: str, arguments: Mapping[str, Any], build: str) -> None:
        self._build = build
        module, _, name = factory.partition(":")
        self._part = getattr(import_module(module), name)(**arguments)
        start = getattr(self._part, "start", None)
        if start is not None:
            start()

    def call(self, method: str, *arguments: Any) -> Any:
        """One call at a time, in order."""
        return getattr(self._part, method)(*arguments)

    @ray.method(concurrency_group="questions")
    def ask(self, method: str, *arguments: Any) -> Any:
        """Questions, health, stop: beside whatever else runs."""
        return getattr(self._part, method)(*arguments)

    @ray.method(concurrency_group="questions")
    def about(self) -> dict[str, Any]:
        """Build and process."""
        return {"build": self._build, "pid": os.getpid()}

    @ray.method(concurrency_group="questions")
    def leave(self) -> None:
        """Stop the part; the process ends when the cluster is told to."""
        stop = getattr(self._part, "stop", None)
        if stop is not None:
            stop()


HOST: Any = ray.remote(  # type: ignore[call-overload]  # its stubs do not know concurrency groups
    concurrency_groups={"questions": 4}, max_restarts=-1, max_task_retries=0
)(Host)
"""Restarted for ever; no call is retried by Ray: who retries reads the journal first."""
