"""Key files of the state folder: made at the first start with mode 0600, never changed afterwards."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from aiops.model.errors import PermanentError

KEY_BYTES = 32


def own_key(file: Path) -> bytes:
    """The key of a file. The first call makes it: 32 random bytes, mode 0600.

    Raises:
        PermanentError: the file cannot be read or written, or is not a key.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make(file)
        key = file.read_bytes()
    except OSError as error:
        raise PermanentError(f"the key {file} cannot be used: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise PermanentError(
            f"{file} is no key: it has {len(key)} bytes, a key has {KEY_BYTES}; bring the right one back"
        )
    return key


def _make(file: Path) -> None:
    # Complete before it gets its name: concurrent processes or a kill must not leave two keys or a partial one.
    fresh = file.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(os.urandom(KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass  # another process was first; its key is used
    finally:
        fresh.unlink()
