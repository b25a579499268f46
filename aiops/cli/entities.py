"""`aiops entities`: rename entities in the config bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.bundle.entity_names import names_of, rewritten
from aiops.adapters.bundle.loading import SHIPPED, bundle_folder
from aiops.cli.exits import Exit
from aiops.cli.installation import Config, open_installation
from aiops.control.state.documents import EpisodeRecord
from aiops.model.codec import decode
from aiops.model.entities import RESOURCES, Edge
from aiops.model.errors import PermanentError
from aiops.ports import JournalReader
from topology.entity_index import EntityIndex

app: Final = typer.Typer(no_args_is_help=True, help="Rename entities in the config bundle.")

_Names = Annotated[
    list[str] | None, typer.Argument(metavar="OLD=NEW ...", show_default="from the journal", help="New names.")
]
_Bundle = Annotated[Path | None, typer.Option("--bundle", help="Config bundle folder. Default: from the settings.")]
_Write = Annotated[bool, typer.Option("--write", help="Write the files. Default: only show the difference.")]


@app.callback()
def about() -> None:
    """Rename entities in the config bundle."""


@app.command()
def rename(names: _Names = None, *, bundle: _Bundle = None, write: _Write = False, config: Config = None) -> None:
    """Show how policies, runbooks and services change if entities get new names, and with --write change them.

    Without names, each name that only one entity in the journal ends in becomes the name of this entity: checkout
    becomes prod/checkout. Names that several entities end in are listed and stay. Runbooks that changed must be
    approved again. The journal is not changed: open incidents keep the names that they have.

    Exit code 0: nothing to change, or written. 1: there is a difference and nothing was written. 2: a name is not given
    as OLD=NEW. 3: a file cannot be read or written, two items would have one name, or there is no journal to take the
    names from.
    """
    folder = bundle or bundle_folder(load_settings(config))
    if not folder.is_dir():
        raise PermanentError(f"{folder} is not a folder: give --bundle FOLDER")
    found = rewritten(folder, _pairs(names) if names else _from_journal(folder, config))
    for one in found:
        typer.echo(one.difference, nl=False)
    if not found:
        typer.echo(f"nothing to change in {folder}")
        return
    if not write:
        typer.echo(f"{_files(len(found))} would change; nothing was written. Write with --write")
        raise typer.Exit(Exit.NO)
    if folder == SHIPPED:
        raise PermanentError(f"{folder} is shipped with the program: copy it and set bundle in aiops.yaml")
    for one in found:
        one.write()
    again = any(one.file.parent.name == "runbooks" for one in found)
    typer.echo(
        f"{_files(len(found))} written" + ("; approve the runbooks again: aiops policy approve" if again else "")
    )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _pairs(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in names:
        old, equals, new = pair.partition("=")
        if not (old and equals and new) or old in found:
            raise typer.BadParameter(f"{pair!r}: give each old name once, as OLD=NEW")
        found[old] = new
    return found


def _from_journal(folder: Path, config: Path | None) -> dict[str, str]:
    """New name of each name of a bundle that one entity alone ends in."""
    here = open_installation(config)
    spoken = spoken_names(here.reader, here.settings.domain)
    index = EntityIndex(spoken)
    found: dict[str, str] = {}
    for name in sorted(names_of(folder) - spoken):
        entities = index.described(name)
        if len(entities) == 1:
            found[name] = entities[0]
        elif entities:
            typer.echo(f"{name} stays: it stands for {', '.join(entities)}", err=True)
    return found


def spoken_names(reader: JournalReader, domain: str) -> set[str]:
    """Names of the entities of the journal's edges and episodes: those that telemetry stated."""
    edges = [decode(Edge, body) for body in reader.documents("edge", domain).values()]
    episodes = (decode(EpisodeRecord, body) for body in reader.documents("episode", domain).values())
    stated = {edge.target for edge in edges if edge.origin == RESOURCES}
    return {edge.source for edge in edges} | stated | {record.episode.entity for record in episodes}
