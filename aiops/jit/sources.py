"""The digest of all source that a compiled function may contain.

A function contains the functions and constants that its module imports, and theirs. The digest therefore covers the
module and everything that it imports, directly or not, from the product's packages and from its own top-level package.
Imports are found in the text: too many is safe, and reading 60 files takes 4 ms.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any, Final

OURS: Final = frozenset({"aiops", "detectors", "topology", "remediations", "simulations"})
"""Top-level packages that are followed. Others change only with an installation, and compiled code has none of them."""
_LEFT_OUT: Final = re.compile(rb"#.*|\\\n")
"""Comments, and ends of lines that end nothing."""
_IMPORT: Final = re.compile(
    rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*\)|.*)|import[ \t]+([\w., \t]+))", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _Source:
    digest: bytes
    needs: frozenset[str]
    """The package that it is in, and what it imports: modules, and names that may be modules."""


def digest(module: str) -> bytes | None:
    """Digest of the source of ``module`` and its imports as it was at the first call; None: it cannot be read."""
    return _digest(module, _remembered)


def current_digest(module: str) -> bytes | None:
    """As ``digest``, of the files as they are now."""
    return _digest(module, _read)


def covered(module: str) -> frozenset[str]:
    """Names of the modules that ``digest`` covers."""
    return frozenset(_all(module, _remembered) or ())


def _digest(module: str, read: Callable[[str], _Source | None]) -> bytes | None:
    sources = _all(module, read)
    if sources is None:
        return None
    whole = hashlib.blake2b(digest_size=16)
    for name in sorted(sources):
        whole.update(name.encode() + b"\0" + sources[name].digest)
    return whole.digest()


def _all(module: str, read: Callable[[str], _Source | None]) -> dict[str, _Source] | None:
    found: dict[str, _Source] = {}
    ours = OURS | {module.partition(".")[0]}
    waiting = [module]
    try:
        while waiting:
            name = waiting.pop()
            if name in found or name.partition(".")[0] not in ours:
                continue
            source = read(name)
            if source is not None:
                found[name] = source
                waiting += source.needs
    except OSError:
        return None
    return found if module in found else None


def _read(name: str) -> _Source | None:
    """The source of a module; None: there is no such module, or it has no file.

    Raises:
        OSError: its file cannot be read.
    """
    spec = _spec(name)
    loader: Any = spec.loader if spec is not None else None
    if spec is None or (spec.has_location and not hasattr(loader, "get_data")):
        return None
    if not spec.has_location and spec.submodule_search_locations is None:
        return None
    text = loader.get_data(spec.origin) if spec.has_location else b""
    parent = name.rpartition(".")[0]
    package = name if spec.submodule_search_locations is not None else parent
    return _Source(hashlib.blake2b(text).digest(), frozenset({parent, *_imports(text, package)} - {""}))


_remembered = cache(_read)


def _imports(text: bytes, package: str) -> Iterator[str]:
    """Full names that a text of ``package`` imports: ``from a import b`` is ``a`` and ``a.b``."""
    for match in _IMPORT.finditer(_LEFT_OUT.sub(b"", text)):
        if match[1] is None:
            yield from (words[0].decode() for each in match[3].split(b",") if (words := each.split()))
            continue
        name = match[1].decode()
        if name.startswith(".") and not package:
            continue
        full = importlib.util.resolve_name(name, package)
        yield full
        yield from (f"{full}.{each.decode()}" for each in re.findall(rb"\w+", match[2]))


def _spec(name: str) -> ModuleSpec | None:
    """Where a module is. Nothing is imported for it."""
    loaded = getattr(sys.modules.get(name), "__spec__", None)
    if loaded is not None:
        return loaded  # type: ignore[no-any-return]
    parent = name.rpartition(".")[0]
    if not parent:
        return PathFinder.find_spec(name)
    package = _spec(parent)
    if package is None or package.submodule_search_locations is None:
        return None
    return PathFinder.find_spec(name, package.submodule_search_locations)
