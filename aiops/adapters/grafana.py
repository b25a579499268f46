"""Pushes dashboards to Grafana, with grafana-client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaException, GrafanaServerError, GrafanaTimeoutError, GrafanaUnauthorizedError
from niquests.exceptions import RequestException

from aiops.model.errors import PermanentError, TemporaryError

SHIPPED = Path(__file__).parent / "dashboards"
"""The product's dashboards."""


def dashboards(folder: Path = SHIPPED) -> list[dict[str, Any]]:
    """Every dashboard of a folder, by file name."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]


class Grafana:
    """A Grafana server.

    Args:
        url: ``http[s]://HOST[:PORT][/PATH]``.
        token: token of a service account that may edit dashboards.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        # Without a trailing slash the client drops the last part of the path.
        self._api = GrafanaApi.from_url(url.rstrip("/") + "/", credential=token, timeout=10)

    def push(self, dashboard: dict[str, Any], message: str) -> str:
        """Create the dashboard, or replace the one with the same uid; returns its address.

        Raises:
            TemporaryError: Grafana does not answer or has a server error.
            PermanentError: Grafana refuses; the message says why.
        """
        wanted = {"dashboard": {**dashboard, "id": None}, "overwrite": True, "message": message}
        try:
            answer = self._api.dashboard.update_dashboard(wanted)
        except GrafanaUnauthorizedError as error:
            raise PermanentError(f"Grafana at {self._url} refuses the token: it needs dashboards:write") from error
        except (GrafanaTimeoutError, GrafanaServerError) as error:
            raise TemporaryError(f"Grafana at {self._url} has trouble: {error.message}", 5.0) from error
        except GrafanaException as error:
            if error.status_code == 0:
                raise TemporaryError(f"Grafana at {self._url} does not answer; check the address", 5.0) from error
            raise PermanentError(f"Grafana at {self._url} says: {error.message}") from error
        except (RequestException, OSError) as error:
            raise TemporaryError(f"Grafana at {self._url} does not answer; check the address", 5.0) from error
        return self._url.rstrip("/") + str(answer.get("url", ""))
