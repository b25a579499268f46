"""The way to the Maven repository is the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from jgo.constants import MAVEN_CENTRAL_URL

from aiops.adapters.broker.maven import (
    local_repository,
    mirror_of_central,
    remote_repositories,
    trust_system_certificates,
)

SETTINGS = """<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>
<mirror><id>blocker</id><mirrorOf>external:http:*</mirrorOf><url>http://0.0.0.0/</url><blocked>true</blocked></mirror>
<mirror><id>ours</id><mirrorOf>{of}</mirrorOf><url>https://mirror.example/maven/</url></mirror>
</mirrors></settings>"""


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("central", "https://mirror.example/maven"),
        ("*", "https://mirror.example/maven"),
        ("external:*, !internal", "https://mirror.example/maven"),
        ("*,!central", None),
        ("jboss", None),
    ],
)
def test_a_mirror_of_central_is_used(tmp_path: Path, pattern: str, expected: str | None) -> None:
    """Maven's own settings decide which server stands in for the central repository."""
    path = tmp_path / "settings.xml"
    path.write_text(SETTINGS.format(of=pattern))

    assert mirror_of_central(path) == expected


@pytest.mark.parametrize("content", [None, "", "<settings>", "<settings/>"])
def test_no_usable_settings_mean_no_mirror(tmp_path: Path, content: str | None) -> None:
    """A missing, broken or empty settings file changes nothing."""
    path = tmp_path / "settings.xml"
    if content is not None:
        path.write_text(content)

    assert mirror_of_central(path) is None


def test_an_empty_home_asks_central_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a fresh machine one repository is asked, and the local one is under the home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("M2_REPO", raising=False)

    assert list(remote_repositories().values()) == [MAVEN_CENTRAL_URL]
    assert local_repository() == tmp_path / ".m2" / "repository"


def test_certificates_of_the_system_are_trusted_unless_requests_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE is passed on to requests, and does not override its own variable."""
    monkeypatch.setenv("SSL_CERT_FILE", "/certificates/system.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/certificates/own.pem")
    trust_system_certificates()

    assert os.environ["REQUESTS_CA_BUNDLE"] == "/certificates/own.pem"

    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    trust_system_certificates()

    assert os.environ["REQUESTS_CA_BUNDLE"] == "/certificates/system.pem"
