"""Signed checkpoints of the record of decisions, in the format of their topic.

The private key is in the state folder; everything else needed to verify the record is public. A checkpoint states that
entry N of a domain had a digest. With the topic and the public key one can detect that the journal was edited, cut or
rebuilt since.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, ValidationError

from aiops.adapters.keys import own_key
from aiops.control.record.audit_chain import Checkpoint
from aiops.model import cloudevents, codec
from aiops.model.errors import PermanentError
from aiops.model.records import OutRecord

CHECKPOINT = "io.aiops.checkpoint.v1"
KEY = "audit.key"
"""Name of the private key's file in the state folder."""


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """The signing key of a state folder; the first call makes it. ``PermanentError``: the file is not a key."""
    return Ed25519PrivateKey.from_private_bytes(own_key(folder / KEY))


def public_key(folder: Path) -> Ed25519PublicKey:
    """The public key of a state folder; ``PermanentError`` if there is no key yet."""
    if not (folder / KEY).exists():
        raise PermanentError(f"there is no {folder / KEY}: nothing was signed here yet; the first `aiops up` makes it")
    return signing_key(folder).public_key()


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    type: Literal["io.aiops.checkpoint.v1"]
    data: Checkpoint


def encode(checkpoint: Checkpoint, topic: str) -> OutRecord:
    """The record of a checkpoint: a CloudEvent keyed by its domain."""
    event = cloudevents.envelope(
        CHECKPOINT,
        ("aiops", f"{checkpoint.number}/{checkpoint.at}"),
        asdict(checkpoint),
        at=checkpoint.at,
        subject=str(checkpoint.number),
        domain=checkpoint.domain,
    )
    return OutRecord(topic, checkpoint.domain.encode(), cloudevents.encode(event))


def decode(value: bytes) -> Checkpoint:
    """The checkpoint of a record or a file, with or without its CloudEvent envelope.

    Raises:
        PermanentError: it is not a checkpoint.
    """
    try:
        return _Record.model_validate_json(value).data
    except ValidationError:
        pass
    try:
        return codec.decode(Checkpoint, value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise PermanentError(f"no checkpoint: {where or 'it'}: {first['msg']}") from error
