"""Channels of apprise (webhooks, chat, mail, telephone), by URL. The only module that imports apprise.

Errors and names never show the URL, because it contains tokens.
"""

from __future__ import annotations

from typing import Any

import apprise

from aiops.adapters.paging import text
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.incidents import Priority
from aiops.model.pages import Delivery, Page
from aiops.ports import Clock

_TIMEOUT_SECONDS = 20.0
_URGENT = frozenset({Priority.P1, Priority.P2})


class AppriseNotifier:
    """One apprise URL, for example ``json://host/path`` for a webhook.

    A webhook gets ``title``, ``message``, ``key``, ``work_item``, ``level`` and ``domain``. The receiver can detect a
    repeated page by ``key``.

    Raises:
        PermanentError: apprise does not know the URL.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self._url, self._clock = url, clock
        self.name = str(_plugin(url).service_name)

    def send(self, page: Page) -> Delivery:
        """Deliver once; ``TemporaryError`` has the channel's answer."""
        plugin = _plugin(self._url)  # a new one per call: plugins are not thread-safe
        if isinstance(getattr(plugin, "payload_extras", None), dict):
            identity = {"key": page.key, "work_item": page.work_item, "level": page.level, "domain": page.domain}
            plugin.payload_extras |= identity
        sender = apprise.Apprise()
        sender.add(plugin)
        urgency = apprise.NotifyType.FAILURE if page.priority in _URGENT else apprise.NotifyType.WARNING
        result = sender.notify(
            body=text.body(page),
            title=text.title(page),
            notify_type=urgency,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=_TIMEOUT_SECONDS,
        )
        if not result:
            lines = [str(entry.message) for entry in result.logs()]
            raise TemporaryError(f"{self.name}: {lines[-1] if lines else 'no answer in time'}"[:500])
        return Delivery(page.key, self.name, delivered=True, at=self._clock.now(), domain=page.domain)


def known_to_apprise(scheme: str) -> bool:
    """Whether apprise has a channel for URLs of this scheme."""
    return scheme in apprise.NotificationManager()


def _plugin(url: str) -> Any:
    plugin = apprise.Apprise.instantiate(url)
    if plugin is None:
        scheme = url.partition("://")[0]
        raise PermanentError(f"apprise cannot use the {scheme!r} URL in paging.levels: see its documentation")
    return plugin
