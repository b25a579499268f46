"""The way to the Maven repository: jgo's client, with the mirrors, certificates and cache of this user."""

from __future__ import annotations

import os
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from aiops.adapters.broker.artifacts import Artifact

_TRIES: Final = 3
_TIMEOUT_SECONDS: Final = 60


def local_repository() -> Path:
    """The user's own Maven repository: M2_REPO, jgo's settings, or ~/.m2/repository."""
    return Path(GlobalSettings.load().repo_cache)


def mirror_of_central(settings: Path) -> str | None:
    """The URL that a Maven settings file puts in the place of the central repository, if it does.

    A file that cannot be read as XML counts as none: Maven itself will complain about it.
    """
    try:
        root = ET.parse(settings).getroot()  # noqa: S314 (the user's own file, read with the user's rights)
    except (OSError, ET.ParseError):
        return None
    for mirror in root.iterfind(".//{*}mirrors/{*}mirror"):
        blocked = (mirror.findtext("{*}blocked") or "").strip() == "true"
        patterns = {pattern.strip() for pattern in (mirror.findtext("{*}mirrorOf") or "").split(",")}
        url = (mirror.findtext("{*}url") or "").strip()
        if url and not blocked and "!central" not in patterns and patterns & {"*", "central", "external:*"}:
            return url.rstrip("/")
    return None


def remote_repositories() -> dict[str, str]:
    """Repositories to ask, in order, by name: central or the user's mirror of it, then those of jgo's settings."""
    central = mirror_of_central(Path.home() / ".m2" / "settings.xml") or MAVEN_CENTRAL_URL
    return {"central": central, **GlobalSettings.load().repositories}


def fetch(artifact: Artifact, folder: Path) -> Path:
    """Download one artifact to somewhere under `folder`, an empty one, and return where.

    Raises:
        OSError: the network or the disk failed, three times.
        RuntimeError: no repository has the artifact.
    """
    trust_system_certificates()
    for attempt in range(1, _TRIES + 1):
        # A folder for each try: jgo writes straight to the final name, so a broken download would stay.
        context = MavenContext(
            repo_cache=folder / str(attempt), remote_repos=remote_repositories(), timeout=_TIMEOUT_SECONDS
        )
        component = context.project(artifact.group, artifact.name).at_version(artifact.version)
        try:
            return Path(component.artifact().resolve())
        except OSError:
            if attempt == _TRIES:
                raise
            time.sleep(attempt)
    raise AssertionError("unreachable")


def trust_system_certificates() -> None:
    """Make requests, which jgo uses, honour SSL_CERT_FILE as other programs do."""
    if "SSL_CERT_FILE" in os.environ:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", os.environ["SSL_CERT_FILE"])
