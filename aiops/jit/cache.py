"""The cache of compiled functions on disk.

Numba's own cache compares the file of the compiled function alone. After a change of another file, whose functions it
contains, it keeps the old machine code; two processes that compile different signatures at once can exchange them; and
without a writable folder no function can be declared. Here each entry is a file of its own, named by all that it
depends on:

* the digest of all source that the function may contain (``aiops.jit.sources``), and numba's version;
* the signature, the processor with its features, numba's switches, the function's bytecode and closure.

A file is written beside its final name and renamed, so no process reads half of it. Entries are read from the first of
these folders that has them, and written to the first that can be written: ``NUMBA_CACHE_DIR``, ``__pycache__`` beside
the source, the user's cache folder. If none can be written, the function is compiled in every process. Entries are
pickles: whoever can write to these folders can run code, as with the source itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import pickle
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numba
from numba.core import config as numba_config
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import user_cache_dir

from aiops.jit import sources

_CONFIG: Final[Any] = numba_config
"""Its attributes are made from the environment."""
KEPT_VERSIONS: Final = 3
"""Versions of a module's source whose entries are kept, so that changing between two branches compiles nothing."""
_CHECKSUM_BYTES: Final = 16
_ENTRY: Final = re.compile(r"-([0-9a-f]{16})-[0-9a-f]{32}\.")
"""The version in the name of an entry."""


class SourceCache(NullCache):
    """The compiled signatures of one function, in numba's interface of a cache.

    Args:
        function: of which they are made.
        modules: further modules whose functions it contains; its own module and the imports of it need no naming.
    """

    def __init__(self, function: Callable[..., Any], modules: tuple[str, ...] = ()) -> None:
        self._function = function
        self._modules = (function.__module__, *modules)
        self._version = _version(self._modules, sources.digest)
        self._source = Path(inspect.getfile(function))

    @property
    def cache_path(self) -> str:
        """The folder that is preferred."""
        return str(next(_folders(self._source)))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled signature; None: it is in no folder, or not whole."""
        if self._version is None:
            return None
        target_context.refresh()
        name = self._name(sig, target_context.codegen())
        for folder in _folders(self._source):
            payload = _read(folder / name)
            if payload is not None:
                # an entry that cannot be rebuilt is compiled anew
                with contextlib.suppress(Exception):
                    return CompileResult._rebuild(target_context, *pickle.loads(payload))  # noqa: S301, SLF001
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled signature, unless it depends on addresses or its source changed since it was imported."""
        if self._version is None or data.library.has_dynamic_globals or any(not each.can_cache for each in data.lifted):
            return
        if _version(self._modules, sources.current_digest) != self._version:
            return
        name, payload = self._name(sig, data.codegen), dumps(data._reduce())  # noqa: SLF001
        for folder in _folders(self._source):
            if _write(folder / name, payload):
                _remove_old(folder, self._source.stem)
                return

    def _name(self, sig: Any, codegen: Any) -> str:
        """``module.function-<version of the source>-<key>.<python>.nbc``."""
        code, cells = self._function.__code__, self._function.__closure__ or ()
        switches = (_CONFIG.OPT, _CONFIG.BOUNDSCHECK, _CONFIG.DEBUGINFO_DEFAULT)
        parts = (str(sig), repr(codegen.magic_tuple()), repr(switches), str(code.co_firstlineno))
        key = hashlib.blake2b("\0".join(parts).encode() + b"\0" + code.co_code, digest_size=16)
        key.update(dumps(tuple(cell.cell_contents for cell in cells)) if cells else b"")
        qualified = self._function.__qualname__.replace("<", "").replace(">", "")
        return f"{self._source.stem}.{qualified}-{self._version}-{key.hexdigest()}.{sys.implementation.cache_tag}.nbc"


def _version(modules: tuple[str, ...], digest: Callable[[str], bytes | None]) -> str | None:
    """A short name of the source of all modules together; None: one of them cannot be read."""
    whole = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for module in modules:
        part = digest(module)
        if part is None:
            return None
        whole.update(part)
    return whole.hexdigest()


def _folders(source: Path) -> Iterator[Path]:
    """Where entries of a source file may be, the preferred folder first."""
    place = hashlib.blake2b(str(source.parent.absolute()).encode(), digest_size=8).hexdigest()
    below = f"{source.parent.name}_{place}"
    if _CONFIG.CACHE_DIR:
        yield Path(_CONFIG.CACHE_DIR) / below
    yield source.parent / "__pycache__"
    users = Path(user_cache_dir("aiops", appauthor=False))
    if users.is_absolute():  # a user without a home has a relative one
        yield users / below


def _read(path: Path) -> bytes | None:
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    checksum, payload = whole[:_CHECKSUM_BYTES], whole[_CHECKSUM_BYTES:]
    return payload if checksum == _checksum(payload) else None


def _write(path: Path, payload: bytes) -> bool:
    """Whether it is written: the folder may be read-only or the disk full."""
    made = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with made.open("xb") as file:
            file.write(_checksum(payload) + payload)
        made.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            made.unlink()
        return False
    return True


def _remove_old(folder: Path, module: str) -> None:
    """Keep the newest ``KEPT_VERSIONS`` of a module's entries, and none that numba's own cache made."""
    versions: dict[str, list[Path]] = {}
    newest: dict[str, float] = {}
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{module}.*.nb[ci]*"):
            found = _ENTRY.search(path.name)
            version = found[1] if found is not None else ""
            versions.setdefault(version, []).append(path)
            newest[version] = max(newest.get(version, 0.0), path.stat().st_mtime if version else 0.0)
    for version in sorted(newest, key=newest.__getitem__, reverse=True)[KEPT_VERSIONS:]:
        _remove(versions.pop(version))
    _remove(versions.get("", []))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink()


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_CHECKSUM_BYTES).digest()
