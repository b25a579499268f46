"""Opens the channels of the URLs in the settings."""

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
    """The channel of one URL by its scheme: built-in, plug-in, else apprise.

    Raises:
        PermanentError: no channel exists for the URL, the channel refuses the URL, or a plug-in uses a scheme of
            apprise.
    """
    scheme = urlsplit(url).scheme
    if scheme not in plugins.names(ExtensionKind.NOTIFIER):
        return AppriseNotifier(url, clock)
    package = plugins.find(ExtensionKind.NOTIFIER, scheme).package
    if package and known_to_apprise(scheme):
        raise PermanentError(
            f"{package} provides a notifier for {scheme}://, a scheme of apprise: uninstall the package"
        )
    open_it = plugins.load(ExtensionKind.NOTIFIER, scheme)
    try:
        made: Notifier = open_it(url, clock)
    except PermanentError:
        raise
    except Exception as error:  # a plug-in's message may contain the URL and its token: show only the type
        problem = f"the notifier {scheme!r} of {package} refuses its URL in paging.levels: {type(error).__name__}"
        raise PermanentError(problem) from error
    return made


def open_levels(levels: Iterable[Iterable[str]], clock: Clock, plugins: Plugins | None = None) -> Levels:
    """The channels of each level of ``settings.paging.levels``, in order; ``plugins`` None: the installed ones."""
    known = installed() if plugins is None else plugins
    return tuple(tuple(open_channel(url, clock, known) for url in urls) for urls in levels)
