"""Points to Arrow: for bulk producers, and for the internal topic on which points travel to the slot that owns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aiops.jit.compiling import cached_njit
from detectors.wire.series import SeriesTable

_ENTITY, _METRIC, _ATTRIBUTES, _UNIT, _PEER, _KIND = range(6)


@cached_njit(nogil=True)
def _compact(codes, scratch, used, local):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    """Renumbers codes in order of appearance; ``scratch`` is all -1 before and after. Gives how many are used."""
    count = 0
    for row in range(len(codes)):
        code = codes[row]
        if code < 0:
            local[row] = -1
            continue
        if scratch[code] < 0:
            scratch[code] = count
            used[count] = code
            count += 1
        local[row] = scratch[code]
    for place in range(count):
        scratch[used[place]] = -1
    return count


class PointEncoder:
    """Writes points of a table's series as Arrow records, each of which explains itself."""

    def __init__(self, table: SeriesTable) -> None:
        self._table = table
        self._scratch = np.full(1024, -1, dtype=np.int32)

    def encode(
        self,
        series: npt.NDArray[np.int32],
        at: npt.NDArray[np.int64],
        value: npt.NDArray[np.float64],
        *,
        start: npt.NDArray[np.int64] | None = None,
    ) -> bytes:
        """One record of the points given by parallel arrays; the schema is described in ``detectors.wire.arrow``."""
        columns: dict[str, Any] = {"ts": at, "value": value}
        if start is not None and start.any():
            columns["start"] = start
        return self.encode_columns(series, columns, {})

    def encode_columns(
        self, series: npt.NDArray[np.int32], columns: Mapping[str, Any], metadata: Mapping[str, str]
    ) -> bytes:
        """One record of any columns beside those of the identity."""
        table = self._table
        codes = np.ascontiguousarray(table.codes[series].T)
        arrays = {name: pa.array(column) for name, column in columns.items()}
        arrays["entity"] = self._dictionary(codes[_ENTITY], table.entities.__getitem__)
        arrays["metric"] = self._dictionary(codes[_METRIC], table.word)
        for name, column in (("attributes", _ATTRIBUTES), ("unit", _UNIT), ("peer", _PEER)):
            encoded = self._dictionary(codes[column], table.word)
            if any(encoded.dictionary.to_pylist()):
                arrays[name] = encoded
        if codes[_KIND].any():
            arrays["kind"] = pa.array(codes[_KIND].astype(np.uint8))
        batch = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
        if metadata:
            batch = batch.replace_schema_metadata(dict(metadata))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return bytes(sink.getvalue().to_pybytes())

    def _dictionary(self, codes: npt.NDArray[np.int32], text: Any) -> Any:
        highest = int(codes.max(initial=0))
        if highest >= len(self._scratch):
            self._scratch = np.full(2 * highest + 1, -1, dtype=np.int32)
        used = np.empty(len(codes), dtype=np.int32)
        local = np.empty(len(codes), dtype=np.int32)
        count = _compact(codes, self._scratch, used, local)
        words = pa.array([text(code) for code in used[:count].tolist()], type=pa.utf8())
        indices: Any = pa.array(local if count > 32_767 else local.astype(np.int16), mask=local < 0)
        return pa.DictionaryArray.from_arrays(indices, words)
