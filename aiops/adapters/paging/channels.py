"""From URLs in the settings to channels."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from aiops.adapters.paging.apprise_notifier import AppriseNotifier, known_to_apprise
from aiops.adapters.plugins import installed
from aiops.model.errors import PermanentError
from aiops.plugins import ExtensionKind, Plugins
from aiops.ports import Clock, Notifier

Levels = tuple[tuple[Notifier, ...], ...]


def open_channel(url: str, clock: Clock, plugins: Plugins) -> Notifier:
    """The channel of one URL, by its scheme: a built-in's, a plug-in's, else apprise's.

    Raises:
        PermanentError: nobody has a channel for it, or a plug-in takes a scheme that apprise knows.
    """
    scheme = urlsplit(url).scheme
    if scheme not in plugins.names(ExtensionKind.NOTIFIER):
        return AppriseNotifier(url, clock)
    package = plugins.find(ExtensionKind.NOTIFIER, scheme).package
    if package and known_to_apprise(scheme):
        raise PermanentError(f"{package} brings a notifier for {scheme}://, which apprise has: uninstall the package")
    open_it = plugins.load(ExtensionKind.NOTIFIER, scheme)
    try:
        made: Notifier = open_it(url, clock)
    except PermanentError:
        raise
    except Exception as error:  # a plug-in's text may show the URL, and with it a token: only the type is told
        told = f"the notifier {scheme!r} of {package} does not take its URL in paging.levels: {type(error).__name__}"
        raise PermanentError(told) from error
    return made


def open_levels(levels: Iterable[Iterable[str]], clock: Clock, plugins: Plugins | None = None) -> Levels:
    """The channels of each level of ``settings.paging.levels``, in order; ``plugins`` None: what is installed here."""
    known = installed() if plugins is None else plugins
    return tuple(tuple(open_channel(url, clock, known) for url in urls) for urls in levels)
