"""`aiops audit`: verify that the record of decisions was not changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.checkpoint_signatures import KEY, decode, public_key
from aiops.cli.exits import Exit
from aiops.cli.installation import Config, Json, open_installation
from aiops.cli.topic_records import kept
from aiops.control.record.audit_chain import AuditFault, AuditVerdict, Checkpoint, signed, verify
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.journal import JournalRow
from aiops.model.prose import Prose
from aiops.ports import JournalReader
from aiops.settings import Settings

app: Final = typer.Typer(
    no_args_is_help=True, help="Verify the record of decisions against edits, reordering, cuts and rebuilds."
)
_PAGE: Final = 2000

_File = Annotated[
    Path | None, typer.Option("--checkpoint", help="Use one published checkpoint instead of the topic.", metavar="FILE")
]
_Key = Annotated[
    Path | None,
    typer.Option("--public-key", help="The runtime's public key. Default: from the state folder.", metavar="FILE"),
]


@app.callback()
def about() -> None:
    """Verify the record of decisions against edits, reordering, cuts and rebuilds."""


@dataclass(frozen=True, slots=True)
class _Published:
    """The checkpoints that the journal is compared with."""

    checkpoints: tuple[Checkpoint, ...] = ()
    foreign: int = 0
    """Number of records of the topic that are not a checkpoint, or not signed with the key."""
    why_not: str = ""
    """Why there are no checkpoints."""


@app.command()
def key(config: Config = None, *, as_json: Json = False) -> None:
    """Print the public key that checkpoints are signed with, as PEM.

    Store it where people who can edit the journal cannot change it. This key and one published checkpoint are enough to
    verify the record. The private key is `audit.key` in the state folder, created by the first `aiops up`.

    Exit code 0: printed. 3: there is no key here yet.
    """
    found = public_key(load_settings(config).state)
    pem = found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    typer.echo(json.dumps({"algorithm": "Ed25519", "public_key": pem}) if as_json else pem, nl=as_json)


@app.command(name="verify")
def verify_(
    checkpoint: _File = None, public_key_file: _Key = None, config: Config = None, *, as_json: Json = False
) -> None:
    """Verify the hash chain over the whole journal, and every signed checkpoint that was published to Kafka.

    The chain alone reveals edits, gaps and a wrong order. The checkpoints also reveal a cut at the end and a rebuilt
    journal since they were published. If Kafka does not answer, or on another machine, give --checkpoint FILE with a
    record of the topic `aiops.audit` and --public-key FILE with the output of `aiops audit key`.

    Exit code 0: the record is whole. 1: it is not; the first bad entry is named. 3: a file cannot be read.
    """
    here = open_installation(config)
    with_key = _key(public_key_file) if public_key_file else _own_key(here.settings)
    against = _Published((_checkpoint(checkpoint),)) if checkpoint else _published(here.settings, with_key)
    verdict = _verdict(_rows(here.reader, here.settings.domain), against, with_key)
    typer.echo(json.dumps(_plain(verdict, against)) if as_json else _words(verdict, against, with_key))
    if verdict.fault is not None:
        raise typer.Exit(Exit.NO)


def _verdict(rows: Iterator[JournalRow], against: _Published, with_key: Ed25519PublicKey | None) -> AuditVerdict:
    if against.foreign and not against.checkpoints:
        return AuditVerdict(
            0, AuditFault.FORGED, None, Prose(f"{against.foreign} published, and none is signed with this key")
        )
    return verify(rows, against.checkpoints, with_key)


def _rows(reader: JournalReader, domain: str) -> Iterator[JournalRow]:
    after = 0
    while rows := reader.rows(after, _PAGE, domain=domain):
        yield from rows
        after = rows[-1].number


def _published(settings: Settings, with_key: Ed25519PublicKey | None) -> _Published:
    """The checkpoints on the topic. Records that are not signed with the key are counted and ignored."""
    if with_key is None:
        return _Published(why_not=f"no {KEY} in the state folder: nothing was signed here yet")
    ours, foreign = [], 0
    try:
        for _place, value in kept(settings, settings.topics.audit):
            try:
                found = decode(value)
            except PermanentError:
                foreign += 1
                continue
            if found.domain != settings.domain:
                continue
            if signed(found, with_key):
                ours.append(found)
            else:
                foreign += 1
    except AiopsError as error:
        return _Published(why_not=str(error))
    return _Published(tuple(ours), foreign, "" if ours else f"none is on {settings.topics.audit} yet")


def _checkpoint(file: Path) -> Checkpoint:
    try:
        return decode(file.read_bytes())
    except OSError as error:
        raise PermanentError(f"{file}: {error.strerror}") from error
    except PermanentError as error:
        raise PermanentError(f"{file}: {error}") from error


def _own_key(settings: Settings) -> Ed25519PublicKey | None:
    return public_key(settings.state) if (settings.state / KEY).exists() else None


def _key(file: Path) -> Ed25519PublicKey:
    try:
        found = load_pem_public_key(file.read_bytes())
    except OSError as error:
        raise PermanentError(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise PermanentError(f"{file}: not a public key in PEM form, as `aiops audit key` prints it") from error
    if not isinstance(found, Ed25519PublicKey):
        raise PermanentError(f"{file}: not an Ed25519 key")
    return found


def _plain(verdict: AuditVerdict, against: _Published) -> dict[str, Any]:
    newest = max((checkpoint.number for checkpoint in against.checkpoints), default=None)
    return {
        "whole": verdict.fault is None,
        **asdict(verdict),
        "checkpoint": newest,
        "checkpoints": len(against.checkpoints),
        "foreign": against.foreign,
        "why_no_checkpoint": against.why_not,
    }


def _words(verdict: AuditVerdict, against: _Published, with_key: Ed25519PublicKey | None) -> str:
    if verdict.fault is not None:
        where = "" if verdict.number is None else f" at entry {verdict.number}"
        return f"{verdict.fault.value}{where}: {verdict.detail}"
    newest = max((checkpoint.number for checkpoint in against.checkpoints), default=0)
    text = f"whole: {verdict.rows:,} entries"
    if against.checkpoints:
        text += f", and matches {len(against.checkpoints):,} signed checkpoints, the newest at {newest:,}"
    else:
        text += f"; not compared with a checkpoint, so a cut at the end would not show: {against.why_not}"
    if against.checkpoints and with_key is None:
        text += "; its signature was not checked: give --public-key"
    if against.foreign:
        text += f"; {against.foreign:,} records of the topic are not signed with this key"
    return text
