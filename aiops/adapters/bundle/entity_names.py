"""Names of entities in a config bundle: where they stand, and the same files with other names.

Names stand in ``services/*.yaml`` (``id``, ``needs: [{target}]``), in ``runbooks/*.yaml`` and ``policies/cases.yaml``
(``target``), and in ``policies/*.cedar`` (``Item::"NAME"``). All other bytes of a file stay as they are.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from aiops.adapters.atomic_files import replace_file
from aiops.adapters.bundle.loading import APPROVED
from aiops.model.errors import PermanentError
from aiops.model.yaml_text import read_yaml

_ITEM: Final = re.compile(r'(?<![\w:])Item\s*::\s*("(?:[^"\\\n]|\\.)*")|//[^\n]*|"(?:[^"\\\n]|\\.)*"')
"""A Cedar item, or a comment or string in which no item stands."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.%/-]*[A-Za-z0-9_%]")
"""Names without a character that means something in YAML."""


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a name stands in a text."""

    begin: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file and its text with other names."""

    file: Path
    before: str
    after: str

    @property
    def difference(self) -> str:
        """The change as a unified diff."""
        before, after = self.before.splitlines(keepends=True), self.after.splitlines(keepends=True)
        made = difflib.unified_diff(before, after, fromfile=str(self.file), tofile=str(self.file))
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in made)

    def write(self) -> None:
        """Replace the file.

        Raises:
            PermanentError: its folder cannot be written. The file is as before.
        """
        try:
            replace_file(self.file, [self.after.encode()])
        except OSError as error:
            raise PermanentError(
                f"{self.file}: cannot be written: {error.strerror}; let this user write to {self.file.parent}, or give"
                " --bundle a copy"
            ) from error


def names_of(folder: Path) -> set[str]:
    """All names of entities in a bundle.

    Raises:
        PermanentError: a file cannot be read.
    """
    return {place.name for _, _, places in _files(folder) for place in places}


def rewritten(folder: Path, names: Mapping[str, str]) -> list[Rewritten]:
    """The files of a bundle that change if entities are renamed, all at once.

    Args:
        folder: the bundle.
        names: new name by old name.

    Raises:
        PermanentError: a file cannot be read, or two items would have one name.
    """
    found = []
    for file, text, places in _files(folder):
        after, at = "", 0
        for place in places:
            new = names.get(place.name, place.name)
            if new != place.name:
                after += text[at : place.begin] + (json.dumps(new) if file.suffix == ".cedar" else _scalar(new))
                at = place.end
        if at:
            found.append(Rewritten(file, text, after + text[at:]))
    _check_items(folder, names)
    return found


def _check_items(folder: Path, names: Mapping[str, str]) -> None:
    known = [place.name for file in sorted((folder / "services").glob("*.yaml")) for place in _items(file, _read(file))]
    after = [names.get(name, name) for name in known]
    twice = next((name for name in after if after.count(name) > known.count(name) and after.count(name) > 1), None)
    if twice is not None:
        raise PermanentError(f"{folder / 'services'}: two items would be called {twice}: merge them by hand first")


def _files(folder: Path) -> Iterator[tuple[Path, str, list[TextPlace]]]:
    """Path and text of each file that may hold names, and where they stand, in order."""
    for part, pattern in (
        ("policies", "*.cedar"),
        ("policies", "cases.yaml"),
        ("services", "*.yaml"),
        ("runbooks", "*"),
    ):
        for file in sorted((folder / part).glob(pattern)):
            if file.name == APPROVED or file.suffix not in (".cedar", ".yaml"):
                continue
            text = _read(file)
            places = _in_policies(text) if file.suffix == ".cedar" else _in_yaml(file, text)
            yield file, text, sorted(places, key=lambda place: place.begin)


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise PermanentError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PermanentError(f"{file}: is not UTF-8: {error}") from error


def _in_policies(text: str) -> Iterator[TextPlace]:
    for found in _ITEM.finditer(text):
        if found[1] and "\\" not in found[1]:  # Cedar's escapes are not those of JSON, and names have none
            yield TextPlace(found.start(1), found.end(1), found[1][1:-1])


def _in_yaml(file: Path, text: str) -> Iterator[TextPlace]:
    yield from _items(file, text) if file.parent.name == "services" else ()
    yield from (place for keys, place in _scalars(file, text) if keys[-1] == "target" and "{" not in place.name)


def _items(file: Path, text: str) -> Iterator[TextPlace]:
    yield from (place for keys, place in _scalars(file, text) if keys == ("id",))


def _scalars(file: Path, text: str) -> Iterator[tuple[tuple[str, ...], TextPlace]]:
    """Texts that are values of keys, with the keys that lead to them; lists have none."""
    try:
        waiting: list[tuple[tuple[str, ...], yaml.Node | None]] = [((), yaml.compose(text, Loader=yaml.SafeLoader))]
    except yaml.YAMLError as error:
        raise PermanentError(f"{file}: not YAML: {error}") from error
    seen: set[int] = set()  # an alias is the node that it stands for
    while waiting:
        keys, node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(keys, inner) for inner in node.value]
        elif isinstance(node, yaml.MappingNode):
            waiting += [((*keys, str(key.value)), value) for key, value in node.value]
        elif keys:
            yield keys, TextPlace(node.start_mark.index, node.end_mark.index, str(node.value))


def _scalar(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and read_yaml(name) == name else json.dumps(name)
