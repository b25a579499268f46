"""Executes steps by HTTP: one POST per step, with the step's key as idempotency key.

``POST URL`` with JSON ``{"key", "epoch", "primitive", "target", "parameters", "direction", "dry_run", "domain"}`` and
the header ``Idempotency-Key`` (IETF draft-ietf-httpapi-idempotency-key-header). 2xx: done. 409 or 422 or any other 4xx:
refused or failed, nothing changed. 5xx and broken connections: unknown. ``GET URL?key=KEY&target=TARGET&primitive=…``
answers ``{"state": "done" | "not-done" | "unknown"}``.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from aiops.adapters.executors.options import wanted
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import Clock


def from_options(options: Mapping[str, str], clock: Clock) -> HttpExecutor:
    """The executor of ``kind: http``: ``url``, and optionally ``token``."""
    return HttpExecutor(wanted(options, "url"), clock, options.get("token"))


class HttpExecutor:
    """``Executor`` that posts orders to an endpoint.

    Args:
        url: the endpoint.
        token: bearer token; None: no authorization.
        clock: for deadlines.
    """

    def __init__(self, url: str, clock: Clock, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url, self._clock = url, clock
        self._client = httpx.Client(headers=headers, follow_redirects=False)

    def run(self, order: StepOrder) -> StepOutcome:
        """Post the order. The time-out is the time until its deadline.

        Raises:
            PermanentError: the deadline has passed; nothing was sent.
        """
        capability, action = order.capability, order.capability.action
        left = (order.deadline_at - self._clock.now()) / 1e9
        if left <= 0:
            raise PermanentError("its deadline has passed; nothing was sent")
        body = {
            "key": capability.key,
            "epoch": capability.epoch,
            "primitive": action.primitive,
            "target": action.target,
            "parameters": dict(action.parameters),
            "direction": capability.direction.value,
            "dry_run": order.dry_run,
            "domain": order.domain,
        }
        try:
            response = self._client.post(
                self._url, json=body, headers={"Idempotency-Key": capability.key}, timeout=httpx.Timeout(left)
            )
        except httpx.ConnectError as error:
            return self._outcome(order, StepStatus.FAILED, f"{self._url} cannot be reached: {error}")
        except httpx.HTTPError as error:
            return self._outcome(order, StepStatus.UNKNOWN, f"no answer from {self._url}: {error!r}")
        detail = response.text[:500]
        if response.is_success:
            return self._outcome(order, StepStatus.DONE, detail)
        if response.is_client_error:
            return self._outcome(order, StepStatus.FAILED, f"{response.status_code}: {detail}")
        return self._outcome(order, StepStatus.UNKNOWN, f"{response.status_code}: {detail}")

    def observe(self, order: StepOrder) -> Observed:
        """Ask the endpoint for the state of the order's key.

        Raises:
            TemporaryError: the endpoint gives no valid answer.
        """
        capability = order.capability
        query = {"key": capability.key, "target": capability.action.target, "primitive": capability.action.primitive}
        try:
            response = self._client.get(self._url, params=query, timeout=10.0)
            response.raise_for_status()
            state = response.json().get("state")
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            raise TemporaryError(f"{self._url} does not say whether {capability.key} happened: {error!r}") from error
        return Observed(state) if state in set(Observed) else Observed.UNKNOWN

    def _outcome(self, order: StepOrder, status: StepStatus, detail: str) -> StepOutcome:
        return StepOutcome(order.capability.key, status, self._clock.now(), Prose(detail), order.domain)
