"""The Ray cluster, local or existing: actors by name, made once and replaced when outdated."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import ray
import ray.util
from ray.exceptions import GetTimeoutError, RayActorError, RayError, RayTaskError

from aiops.adapters.cluster.host import HOST
from aiops.model.errors import AiopsError, PermanentError, TemporaryError

NAMESPACE = "aiops"


class RayCluster:
    """Connects to Ray and keeps actor handles.

    Args:
        address: of a running cluster (``auto`` finds the one on this machine); None starts a local one that ends with
            this process.
        domain: first part of every actor's name.
        build: id of this version; actors of another build are replaced.
    """

    def __init__(self, address: str | None, domain: str, build: str, *, cpus: int | None = None) -> None:
        self._domain, self._build = domain, build
        self._handles: dict[str, Any] = {}
        self.made: set[tuple[str, int]] = set()
        """Role and number of the actors that this process made."""
        if ray.is_initialized():
            return
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's default of 15 starves shards on a busy machine
        try:
            if address is None:
                ray.init(
                    address="local",
                    namespace=NAMESPACE,
                    num_cpus=cpus or max(4, os.cpu_count() or 1),
                    include_dashboard=False,
                    object_store_memory=256 * 1024 * 1024,
                    configure_logging=True,
                    logging_level=logging.WARNING,
                    log_to_driver=False,
                )
            else:
                ray.init(address=address, namespace=NAMESPACE, logging_level=logging.WARNING, log_to_driver=False)
        except (RayError, ConnectionError, RuntimeError, OSError) as error:
            raise PermanentError(f"cannot reach Ray at {address or 'this machine'}: {error}") from error

    def ensure(self, role: str, number: int, factory: str, *, arguments: Mapping[str, Any], cpus: float = 0.0) -> None:
        """Make the actor ``domain/role/number`` if it is missing or of another build.

        Raises:
            TemporaryError: the actor does not start now, and may later.
            PermanentError: the actor's part cannot be made until a person changes something.
        """
        name = self.name(role, number)
        if name not in self._handles and number not in self.numbers(role):
            self.made.add((role, number))
        handle = self._make(name, factory, arguments, cpus=cpus)
        try:
            about = ray.get(handle.about.remote(), timeout=60)
        except RayError as error:
            raise not_up(name, error) from error
        if about["build"] == self._build and about["failed"] is not None:
            self.remove(role, number)
            raise not_up(name, about["failed"])
        if about["build"] != self._build:
            self.remove(role, number)
            handle = self._make(name, factory, arguments, cpus=cpus)
            self.made.add((role, number))
        self._handles[name] = handle

    def call(self, role: str, number: int, method: str, *arguments: Any, group: str = "call") -> Future[Any]:
        """Start a call on an actor. The future gets its result or an ``AiopsError``."""
        future: Future[Any] = Future()
        try:
            handle = self._handle(role, number)
            inner = getattr(handle, group).remote(method, *arguments).future()
        except (RayError, ValueError) as error:
            future.set_exception(TemporaryError(f"actor {self.name(role, number)} is not there: {_why(error)}"))
            return future
        inner.add_done_callback(lambda done: _settle(future, done))
        return future

    def ask(self, role: str, number: int, method: str, *arguments: Any, timeout_seconds: float = 5.0) -> Any:
        """Call an actor and wait for its answer.

        Raises:
            TemporaryError: no answer within ``timeout_seconds``, or the actor does not exist.
            AiopsError: the actor's own error.
        """
        try:
            handle = self._handle(role, number)
            return ray.get(handle.ask.remote(method, *arguments), timeout=timeout_seconds)
        except GetTimeoutError as error:
            raise TemporaryError(f"actor {self.name(role, number)} did not answer {method} in time") from error
        except RayTaskError as error:
            raise _translated(error) from error
        except (RayError, ValueError) as error:
            self._handles.pop(self.name(role, number), None)
            raise TemporaryError(f"actor {self.name(role, number)} is not there: {_why(error)}") from error

    def pid(self, role: str, number: int) -> int:
        """Process id of an actor, for tests and ``doctor``."""
        about: dict[str, Any] = ray.get(self._handle(role, number).about.remote(), timeout=30)
        return int(about["pid"])

    def pids(self) -> dict[str, list[int]]:
        """Role to process ids of its answering actors."""
        found: dict[str, list[int]] = {}
        for name, handle in list(self._handles.items()):
            try:
                about = ray.get(handle.about.remote(), timeout=1.0)
            except RayError:
                continue
            found.setdefault(name.split("/")[-2], []).append(int(about["pid"]))
        return found

    def kill(self, role: str, number: int) -> None:
        """Kill the actor's process; Ray restarts it."""
        ray.kill(self._handle(role, number), no_restart=False)

    def remove(self, role: str, number: int) -> None:
        """Stop an actor and forget it."""
        name = self.name(role, number)
        try:
            handle = self._handle(role, number)
            ray.get(handle.leave.remote(), timeout=30)
            ray.kill(handle, no_restart=True)
        except (RayError, ValueError):
            pass  # the actor is gone already
        self._handles.pop(name, None)

    def nodes(self) -> int:
        """Number of nodes of the cluster that are alive."""
        return sum(1 for node in ray.nodes() if node["Alive"])

    def numbers(self, role: str) -> list[int]:
        """Numbers of the existing actors of a role."""
        begin = f"{self._domain}/{role}/"
        named = ray.util.list_named_actors(all_namespaces=True)
        names = [actor["name"] for actor in named if actor["namespace"] == NAMESPACE]
        return sorted(int(name[len(begin) :]) for name in names if name.startswith(begin))

    def put(self, value: Any) -> Any:
        """Share a large value once; returns its reference."""
        return ray.put(value)

    def name(self, role: str, number: int) -> str:
        """An actor's name."""
        return f"{self._domain}/{role}/{number}"

    def close(self) -> None:
        """Disconnect from the cluster; a local one stops."""
        ray.shutdown()

    def _make(self, name: str, factory: str, arguments: Mapping[str, Any], *, cpus: float) -> Any:
        return HOST.options(
            name=name, namespace=NAMESPACE, lifetime="detached", get_if_exists=True, num_cpus=cpus
        ).remote(factory, dict(arguments), self._build)

    def _handle(self, role: str, number: int) -> Any:
        name = self.name(role, number)
        if name not in self._handles:
            self._handles[name] = ray.get_actor(name, namespace=NAMESPACE)
        return self._handles[name]


def shared(reference: Any) -> Any:
    """The value of a reference from ``RayCluster.put``."""
    return ray.get(reference)


def not_up(name: str, error: Exception) -> AiopsError:
    """The error of an actor that does not start.

    Temporary if its part raised ``TemporaryError``, or if its process died or did not answer; else permanent.
    """
    head = f"actor {name} does not come up: "
    match error:
        case TemporaryError(delay_seconds=delay):
            return TemporaryError(f"{head}{error}", delay)
        case AiopsError():
            return PermanentError(f"{head}{error}")
        case RayActorError(actor_init_failed=True):
            return PermanentError(f"{head}{_why(error)}")
        case _:
            return TemporaryError(f"{head}{_why(error)}", 1.0)


def _settle(future: Future[Any], done: Future[Any]) -> None:
    error = done.exception()
    if error is None:
        future.set_result(done.result())
    else:
        future.set_exception(_translated(error))


def _translated(error: BaseException) -> AiopsError:
    cause = getattr(error, "cause", None)  # Ray's own wrapper claims to be of the cause's class
    if isinstance(cause, AiopsError):
        return cause
    if isinstance(error, AiopsError):
        return error
    if isinstance(error, RayActorError):
        return TemporaryError(f"its actor died: {_why(error)}")
    return PermanentError(f"its actor failed: {_why(error)}")


def _why(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else repr(error))[:300]


def build_id(package: Path) -> str:
    """Id of the code: a digest over the sources' names, sizes and times."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        stat = path.stat()
        digest.update(f"{path.relative_to(package)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
