"""Snapshot files in an object store: S3 and what is compatible with it, Google Cloud Storage or Azure, by obstore.

An object is visible when it is whole, so nothing is renamed. Listing must show what was written before (S3 does, since
December 2020). Credentials come from the environment, as in the command-line tools of the providers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from aiops.model.errors import PermanentError, TemporaryError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_Result = TypeVar("_Result")

_AGAIN_SECONDS: Final = 5.0
_SECRETS: Final = ("secret", "token", "password", "access_key", "account_key", "sas")
_CLIENT: Final = {"allow_http", "allow_invalid_certificates", "connect_timeout", "http1_only", "proxy_url", "timeout"}
"""Options of the HTTP client. obstore 0.12 aborts with a panic if one is given as an option of the store."""
_CLIENT_DEFAULTS: Final = {"timeout": "30s", "connect_timeout": "5s"}
_RETRIES: Final[dict[str, Any]] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}


class ObjectStoreFiles:
    """``SnapshotFiles`` below a URL such as ``s3://bucket/prefix``."""

    def __init__(self, url: str, options: Mapping[str, str], *, retries: Mapping[str, Any] = _RETRIES) -> None:
        """Connect to nothing yet.

        Args:
            url: bucket and prefix.
            options: options of obstore, such as ``endpoint`` and ``region``, and of its HTTP client, such as
                ``timeout``; no secrets. An ``endpoint`` that begins with ``http:`` is used without TLS.
            retries: obstore's retries of one request.

        Raises:
            PermanentError: obstore is not installed, the URL or an option is unknown, or one of them has a secret.
        """
        self._url = url
        if secret := next((name for name in options if any(word in name.lower() for word in _SECRETS)), None):
            raise PermanentError(
                f"data.snapshot_store_options: {secret} is a secret; set it as an environment variable of the shards"
            )
        self._store = _opened(url, options, retries)

    def write(self, name: str, pieces: Iterable[bytes | memoryview]) -> None:
        """Put one object. The store makes it visible when all of it is there.

        Raises:
            TemporaryError: the store does not answer.
            PermanentError: it refuses, or the bucket does not exist.
        """
        self._asked(lambda: self._store.put(name, b"".join(pieces)), f"write {name}")

    def read(self, name: str) -> bytes | None:
        """Its bytes; None: it does not exist.

        Raises:
            TemporaryError: the store does not answer.
            PermanentError: it refuses.
        """

        def get() -> bytes | None:
            try:
                return bytes(self._store.get(name).bytes())
            except FileNotFoundError:
                return None

        return self._asked(get, f"read {name}")

    def names(self, folder: str) -> list[str]:
        """Names of all objects below a folder.

        Raises:
            TemporaryError: the store does not answer.
            PermanentError: it refuses, or the bucket does not exist.
        """
        what = f"list {folder}"
        try:
            return self._asked(
                lambda: [found["path"] for batch in self._store.list(f"{folder}/") for found in batch], what
            )
        except TemporaryError as error:
            # obstore does not say why a listing fails; it does for a single object.
            self._asked(lambda: self._store.head(f"{folder}/none"), what)
            raise error from None

    def delete(self, names: list[str]) -> None:
        """Delete objects. S3 passes over those that do not exist; other stores stop there, and the rest is left.

        Raises:
            TemporaryError: the store does not answer.
            PermanentError: it refuses.
        """

        def delete() -> None:
            with suppress(FileNotFoundError):
                self._store.delete(names)

        self._asked(delete, f"delete {len(names)} objects")

    def _asked(self, request: Callable[[], _Result], what: str) -> _Result:
        from obstore import exceptions as errors  # noqa: PLC0415 - the extra is not installed everywhere

        try:
            return request()
        except FileNotFoundError as error:  # obstore's NotFoundError is one
            raise PermanentError(f"{self._url}: cannot {what}: {_first_line(error)}; does the bucket exist?") from error
        except (errors.PermissionDeniedError, errors.UnauthenticatedError) as error:
            raise PermanentError(
                f"{self._url}: may not {what}: {_first_line(error)}; check the credentials in the environment"
            ) from error
        except errors.BaseError as error:
            raise TemporaryError(f"{self._url}: cannot {what}: {_first_line(error)}", _AGAIN_SECONDS) from error


def _opened(url: str, options: Mapping[str, str], retries: Mapping[str, Any]) -> ObjectStore:
    try:
        from obstore.exceptions import BaseError  # noqa: PLC0415 - the extra is not installed everywhere
        from obstore.store import HTTPStore, from_url  # noqa: PLC0415
    except ImportError as error:
        raise PermanentError(f"data.snapshot_store: {url} needs `pip install 'aiops[object-store]'`") from error
    client: dict[str, Any] = {**_CLIENT_DEFAULTS, **{name: options[name] for name in options.keys() & _CLIENT}}
    if options.get("endpoint", "").startswith("http:"):
        client["allow_http"] = True
    config: dict[str, Any] = {name: value for name, value in options.items() if name not in _CLIENT}
    try:
        if urlsplit(url).password is not None:
            raise PermanentError(
                "data.snapshot_store contains credentials; set them as environment variables of the shards"
            )
        store: ObjectStore = from_url(url, client_options=client, retry_config=dict(retries), **config)  # type: ignore[call-overload]
    except (BaseError, ValueError, TypeError) as error:
        raise PermanentError(f"data.snapshot_store: {url}: {_first_line(error)}") from error
    if isinstance(store, HTTPStore):
        raise PermanentError(
            f"data.snapshot_store: {url} is not a bucket: give s3://BUCKET/PREFIX, gs://… or az://…, and the address of"
            " your own server as endpoint in data.snapshot_store_options"
        )
    return store


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
