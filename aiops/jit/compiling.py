"""The one way to compile a function that is kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

from aiops.jit.cache import SourceCache

_Function = TypeVar("_Function", bound=Callable[..., Any])


def cached_njit(*, modules: tuple[str, ...] = (), **options: Any) -> Callable[[_Function], _Function]:
    """As ``numba.njit(cache=True)``, with a cache that knows all source the function contains.

    Args:
        modules: names of modules whose functions it gets as values, such as views of plug-ins. What its own module
            imports needs no naming.
        options: of ``numba.njit``.
    """

    def decorate(function: _Function) -> _Function:
        made = cast("Any", njit(**options)(function))
        if made is not function:  # with NUMBA_DISABLE_JIT it is the function itself
            made._cache = SourceCache(function, modules)  # noqa: SLF001 (numba has no public way to set a cache)
        return made  # type: ignore[no-any-return]

    return decorate
