"""Prefetches a row into the processor's cache. Without it, with a million series, every row is a cache miss."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

LINE = 64


@intrinsic
def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:  # noqa: ARG001 (numba's protocol)
    """Starts loading all cache lines of ``array[index]``."""
    signature = types.void(array, index)
    size = array.dtype.size if isinstance(array.dtype, types.Record) else array.dtype.bitwidth // 8

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte = ir.IntType(8)
        pointer = byte.as_pointer()
        start = builder.bitcast(held.data, pointer)
        wide = builder.sext(arguments[1], ir.IntType(64)) if arguments[1].type.width < 64 else arguments[1]
        offset = builder.mul(wide, ir.Constant(ir.IntType(64), size))
        integer = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, integer, integer, integer])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        for line in range(0, size, LINE):
            place = builder.gep(start, [builder.add(offset, ir.Constant(ir.IntType(64), line))])
            # write, keep in all levels, data
            builder.call(call, [place, integer(1), integer(3), integer(1)])
        return context.get_dummy_value()

    return signature, codegen


def prefetch_row(array: Any, index: Any) -> None:
    """Prefetches ``array[index]``. It changes no state and does nothing when uncompiled."""


@overload(prefetch_row, inline="always")
def _compiled_prefetch(array: Any, index: Any) -> Any:  # noqa: ARG001 (numba's protocol)
    def ask(array: Any, index: Any) -> None:
        _prefetch(array, index)  # type: ignore[call-arg]

    return ask
