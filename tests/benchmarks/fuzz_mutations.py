"""Changes to records: to their bytes, and to what they decode to (protobuf messages, JSON documents, Arrow columns)."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pyarrow as pa
from google.protobuf.message import Message

NUMBERS = (0, 1, -1, 127, 128, 2**31 - 1, -(2**31), 2**32, 2**53 + 1, 2**62, 2**63 - 1, -(2**63), 2**64 - 1)
REALS = (0.0, -0.0, float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324)
TEXTS = ("", "x", "\0", "é" * 50, "a" * 5000, "NaN", "-1", "1e999", "9" * 400, "{", '"', "\\u0000", "\ud800")
_BYTES = (0, 1, 0x0A, 0x12, 0x7F, 0x80, 0xFF)


def bytes_changed(rng: random.Random, record: bytes) -> bytes:
    """Some bytes replaced, removed, repeated or inserted; one record in eight is cut."""
    made = bytearray(record or b"\n")
    for _ in range(rng.randrange(1, 9)):
        place, length = rng.randrange(len(made) + 1), rng.randrange(1, 12)
        match rng.randrange(4):
            case 0:
                made[place : place + 1] = bytes([rng.choice(_BYTES) if rng.random() < 0.5 else rng.randrange(256)])
            case 1:
                del made[place : place + length]
            case 2:
                made[place:place] = made[place : place + length]
            case _:
                made[place:place] = rng.randbytes(length)
    return bytes(made[: rng.randrange(len(made) + 1)] if rng.random() < 0.125 else made)


# ------------------------------------------------------------------------------------------------------- protobuf


def message_changed(rng: random.Random, message: Message) -> None:
    """One to four fields anywhere in the message get an extreme value, are removed, or are repeated."""
    for _ in range(rng.randrange(1, 5)):
        _change_field(rng, _descended(rng, message))


def _descended(rng: random.Random, message: Message) -> Message:
    """The message or one anywhere inside it."""
    while rng.random() < 0.85:
        inner: list[Message] = []
        for field, value in message.ListFields():
            if field.message_type is not None:
                inner += list(value) if field.is_repeated else [value]
        if not inner:
            break
        message = rng.choice(inner)
    return message


def _change_field(rng: random.Random, message: Message) -> None:
    field: Any = rng.choice(message.DESCRIPTOR.fields)
    if field.is_repeated:
        _change_repeated(rng, getattr(message, field.name), of_messages=field.message_type is not None, field=field)
    elif field.message_type is not None:
        message.ClearField(field.name) if rng.random() < 0.5 else getattr(message, field.name).SetInParent()
    else:
        _assign(rng, message, field)


def _change_repeated(rng: random.Random, values: Any, *, of_messages: bool, field: Any) -> None:
    match rng.randrange(3):
        case 0:
            del values[rng.randrange(len(values) + 1) :]
        case 1 if len(values):
            again = [values[rng.randrange(len(values))]] * rng.choice([1, 2, 40])
            values.extend(again)
        case _ if of_messages:
            values.add()
        case _:
            values.extend(_fitting(rng, field) for _ in range(rng.choice([1, 3, 200])))


def _assign(rng: random.Random, message: Message, field: Any) -> None:
    setattr(message, field.name, _fitting(rng, field))


def _fitting(rng: random.Random, field: Any) -> Any:
    """An extreme value of the field's type."""
    match field.cpp_type:
        case field.CPPTYPE_STRING:
            text = rng.choice(TEXTS[:-1])
            return text if field.type == field.TYPE_STRING else text.encode() + b"\xff"
        case field.CPPTYPE_DOUBLE | field.CPPTYPE_FLOAT:
            return rng.choice(REALS)
        case field.CPPTYPE_BOOL:
            return rng.random() < 0.5
        case field.CPPTYPE_INT32 | field.CPPTYPE_ENUM:
            return rng.choice([n for n in NUMBERS if -(2**31) <= n < 2**31])
        case field.CPPTYPE_UINT32:
            return rng.choice([n for n in NUMBERS if 0 <= n < 2**32])
        case field.CPPTYPE_INT64:
            return rng.choice([n for n in NUMBERS if -(2**63) <= n < 2**63])
        case _:
            return rng.choice([n for n in NUMBERS if n >= 0])


# ----------------------------------------------------------------------------------------------------------- JSON


def document_changed(rng: random.Random, record: bytes) -> bytes:
    """A JSON document with one to four values anywhere replaced, removed, repeated or renamed."""
    document = json.loads(record)
    for _ in range(rng.randrange(1, 5)):
        _change_node(rng, document)
    return json.dumps(document).encode()


def _change_node(rng: random.Random, document: Any) -> None:
    holder, key = _place(rng, document)
    if key is None:
        return
    match rng.randrange(5):
        case 0:
            del holder[key]
        case 1:
            holder[key] = rng.choice([[], {}, None, True, [[]], {"": {}}, [holder[key]], {"value": holder[key]}])
        case 2:
            holder[key] = rng.choice([*NUMBERS, *REALS, *TEXTS])
        case 3:
            holder[key] = [holder[key]] * rng.choice([0, 2, 50])
        case _ if isinstance(holder, dict):
            holder[rng.choice([*TEXTS, "timeUnixNano", "attributes", "intValue", "id", "data"])] = holder.pop(key)
        case _:
            holder.append(holder[key])


def _place(rng: random.Random, node: Any) -> tuple[Any, Any]:
    """A holder in the document and a key or index in it; None: the document holds nothing."""
    holder, key = node, None
    while isinstance(node, dict | list) and node:
        holder, key = node, rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        if rng.random() < 0.25:
            break
        node = holder[key]
    return holder, key


# ---------------------------------------------------------------------------------------------------------- Arrow


def columns_changed(rng: random.Random, record: bytes) -> bytes:
    """An Arrow record with one to three columns removed, retyped, or with extreme or null values; maybe compressed."""
    with pa.ipc.open_stream(record) as reader:
        table = reader.read_all()
    columns: dict[str, Any] = {name: table.column(name).combine_chunks() for name in table.column_names}
    rows = table.num_rows
    for _ in range(rng.randrange(1, 4)):
        name = rng.choice(list(columns))
        columns[name] = rng.choice(_COLUMNS)(rng, rows)
        if rng.random() < 0.1 and len(columns) > 1:
            del columns[name]
    made = pa.table(columns)
    options = pa.ipc.IpcWriteOptions(compression=rng.choice([None, None, "zstd", "lz4"]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema, options=options) as writer:
        writer.write_table(made, max_chunksize=rng.choice([1, 7, 1000]))
    return bytes(sink.getvalue().to_pybytes())


def _integers(rng: random.Random, rows: int) -> Any:
    kind = rng.choice([pa.int64(), pa.uint64(), pa.int32(), pa.uint8()])
    low, high = (0, 255) if kind == pa.uint8() else (-(2**31), 2**31) if kind == pa.int32() else (0, 2**63)
    return pa.array([min(max(rng.choice(NUMBERS), low), high - 1) for _ in range(rows)], kind)


def _reals(rng: random.Random, rows: int) -> Any:
    return pa.array([rng.choice([*REALS, None, 1.0]) for _ in range(rows)], pa.float64())


def _texts(rng: random.Random, rows: int) -> Any:
    kind = rng.choice([pa.utf8(), pa.large_utf8(), pa.binary()])
    return pa.array([rng.choice([*TEXTS[:-1], None]) for _ in range(rows)], kind)


def _coded(rng: random.Random, rows: int) -> Any:
    words = pa.array([rng.choice([*TEXTS[:-1], '{"a":"b"}', None]) for _ in range(4)], pa.utf8())
    kind = rng.choice([np.int8, np.uint8, np.int16, np.int32, np.int64])
    return pa.DictionaryArray.from_arrays(np.array([rng.randrange(4) for _ in range(rows)], kind), words)


def _nested(rng: random.Random, rows: int) -> Any:
    return pa.array([[{"a": rng.choice(TEXTS[:-1])}]] * rows)


def _nulls(rng: random.Random, rows: int) -> Any:
    kind: Any = rng.choice([pa.null(), pa.int64(), pa.float64(), pa.utf8()])
    return pa.nulls(rows, kind)


_COLUMNS = (_integers, _reals, _texts, _coded, _nested, _nulls)
