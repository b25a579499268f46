"""`aiops audit verify`: is the record of decisions the one that was written?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import ValidationError

from aiops.cli.exits import Exit
from aiops.cli.opening import Config, Json, open_installation
from aiops.control.audit import Checkpoint, Verdict, verify
from aiops.model.codec import decode
from aiops.model.errors import PermanentError
from aiops.ports import JournalReader, JournalRow

app: Final = typer.Typer(no_args_is_help=True, help="The record of decisions: was it edited, reordered, cut, rebuilt?")
_PAGE: Final = 2000

_Checkpoint = Annotated[Path | None, typer.Option(help="The last published checkpoint, JSON.", metavar="FILE")]
_Key = Annotated[Path | None, typer.Option("--public-key", help="The runtime's public key, PEM.", metavar="FILE")]


@app.callback()
def about() -> None:
    """The record of decisions: was it edited, reordered, cut, rebuilt?"""


@app.command(name="verify")
def verify_(
    checkpoint: _Checkpoint = None, public_key: _Key = None, config: Config = None, *, as_json: Json = False
) -> None:
    """Check the hash chain over the whole journal, from its first entry on.

    The chain alone shows edits, gaps and a wrong order. With --checkpoint it shows also that nothing was cut off or
    built anew since that was published, and with --public-key that the checkpoint is the runtime's.

    Exit code 0: it is whole. 1: it is not; the first bad entry is named. 3: a file cannot be read.
    """
    signed = _checkpoint(checkpoint) if checkpoint else None
    key = _key(public_key) if public_key else None
    if key is not None and signed is None:
        raise typer.BadParameter("--public-key checks a checkpoint: give --checkpoint too")
    here = open_installation(config)
    verdict = verify(_rows(here.reader, here.settings.domain), signed, key)
    typer.echo(json.dumps(_plain(verdict, signed)) if as_json else _words(verdict, signed))
    if verdict.fault is not None:
        raise typer.Exit(Exit.NO)


def _rows(reader: JournalReader, domain: str) -> Iterator[JournalRow]:
    after = 0
    while rows := reader.rows(after, _PAGE, domain=domain):
        yield from rows
        after = rows[-1].number


def _checkpoint(file: Path) -> Checkpoint:
    try:
        return decode(Checkpoint, file.read_bytes())
    except OSError as error:
        raise PermanentError(f"{file}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise PermanentError(f"{file}: no checkpoint: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _key(file: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(file.read_bytes())
    except OSError as error:
        raise PermanentError(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise PermanentError(f"{file}: no public key in PEM form") from error
    if not isinstance(key, Ed25519PublicKey):
        raise PermanentError(f"{file}: not an Ed25519 key")
    return key


def _plain(verdict: Verdict, signed: Checkpoint | None) -> dict[str, Any]:
    return {"whole": verdict.fault is None, **asdict(verdict), "checkpoint": signed.number if signed else None}


def _words(verdict: Verdict, signed: Checkpoint | None) -> str:
    if verdict.fault is not None:
        return f"{verdict.fault.value} at entry {verdict.number}: {verdict.detail}"
    against = f", and holds the checkpoint at {signed.number}" if signed else "; give --checkpoint to see cuts, too"
    return f"whole: {verdict.rows:,} entries{against}"
