"""The documentation speaks of what is there: every command, every setting, every link, the table's own picture."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.cli.main import COMMANDS, build
from aiops.control.state.combinations import rows
from aiops.control.state.lifecycle import picture
from aiops.settings import Settings
from aiops.settings_group import Group

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.yaml"))
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_SHOWN = re.compile(r"(?:^|[`/\s])(?<!-n )aiops ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?", re.MULTILINE)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_OPTION = re.compile(r"aiops ([a-z-]+)(?: [a-z]+)?[^`\n]*?(--[a-z-]+)")


def code(text: str) -> Iterator[str]:
    """Pieces of code of a page."""
    return (found.group() for found in _CODE.finditer(text))


def anchors(text: str) -> set[str]:
    """Anchors of a page's headings, as they are made from their words."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def below(command: str) -> dict[str, typer.core.TyperCommand]:
    """Sub-commands of a command, none when it has none."""
    made = typer.main.get_command(build(command))
    found: dict[str, typer.core.TyperCommand] = getattr(made.commands[command], "commands", {})  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_is_told_of(command: str) -> None:
    """README names each command of the table."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"`aiops {command}[ `]", readme)


@pytest.mark.parametrize("name", NAMES)
def test_commands_that_are_shown_exist(name: str) -> None:
    """No page shows a command, or a sub-command, that the program does not have."""
    known = {command.name for command in COMMANDS}
    shown = [(m[1], m[2]) for piece in code((ROOT / name).read_text(encoding="utf-8")) for m in _SHOWN.finditer(piece)]
    groups = {command: set(below(command)) for command, _ in shown if command in known}
    wrong = [
        (command, sub)
        for command, sub in shown
        if command not in known or (groups[command] and sub and sub not in groups[command])
    ]

    assert wrong == []


@pytest.mark.parametrize("name", NAMES)
def test_options_that_are_shown_exist(name: str) -> None:
    """No page shows an option that its command does not have."""
    wrong = []
    for piece in code((ROOT / name).read_text(encoding="utf-8")):
        for command, option in _OPTION.findall(piece):
            made = typer.main.get_command(build(command)).commands[command]  # type: ignore[attr-defined]
            all_of_it = [made, *getattr(made, "commands", {}).values()]
            if option not in {each for part in all_of_it for parameter in part.params for each in parameter.opts}:
                wrong.append((command, option))

    assert wrong == []


def test_the_readme_shows_commands_at_all() -> None:
    """The search for commands and options is no check that cannot fail."""
    pieces = list(code((ROOT / "README.md").read_text(encoding="utf-8")))
    assert len([m for piece in pieces for m in _SHOWN.finditer(piece)]) > len(COMMANDS)
    assert [found for piece in pieces for found in _OPTION.findall(piece)]


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    """Every link to a file, and to a heading in it, resolves."""
    page = ROOT / name
    wrong = []
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        place, _, anchor = link.partition("#")
        target = page if not place else (page.parent / place).resolve()
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            wrong.append(link)

    assert wrong == []


def test_the_settings_page_is_what_the_code_says() -> None:
    """docs/settings.md is printed from aiops/settings.py, and nobody forgot to print it again."""
    printed = subprocess.run(
        [sys.executable, ROOT / "scripts" / "settings_table.py"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert printed == (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_every_setting_has_its_row() -> None:
    """Each field of each group is on the page."""
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    wanted = []
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Group):
            wanted += [f"| `{name}.{inner}` |" for inner in kind.model_fields]
        else:
            wanted.append(f"| `{name}` |")

    assert [row for row in wanted if row not in text] == []


def test_the_pictured_lifecycle_is_the_table() -> None:
    """The picture in the documentation is the one that the table prints."""
    text = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    found = re.search(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert found is not None
    assert picture() == found.group(1)


def test_the_printed_combinations_are_the_table() -> None:
    """The table of incidents and plans in the documentation is the one that the code prints."""
    assert rows() in (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_settings(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example of aiops.yaml loads."""
    monkeypatch.delenv("AIOPS_KAFKA", raising=False)
    assert load_settings(example).state.is_absolute()


def test_every_make_target_that_is_shown_exists() -> None:
    """Pages that say `make something` are right."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {
        word
        for page in PAGES
        for piece in code(page.read_text(encoding="utf-8"))
        for word in re.findall(r"(?:^|[`\s])make ([a-z-]+)", piece)
    }

    assert shown
    assert shown - targets == set()


def test_every_benchmark_that_is_shown_exists() -> None:
    """`make bench NAME=…` and the tables of figures name files and packages of tests/benchmarks."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    shown = {name for text in texts for name in re.findall(r"NAME=([a-z_]+)", text)}
    assert shown
    folder = ROOT / "tests" / "benchmarks"
    runnable = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__main__.py")}
    assert shown - runnable == set()
