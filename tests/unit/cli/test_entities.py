"""`aiops entities rename` over a bundle and a journal."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from aiops.cli import entities
from aiops.cli.entities import app
from aiops.cli.exits import Exit
from aiops.model.errors import PermanentError

RUN = CliRunner()
SERVICES = "- id: checkout\n- id: cart\n- id: pay\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle of three items."""
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "shop.yaml").write_text(SERVICES)
    return tmp_path


def _text(bundle: Path) -> str:
    return (bundle / "services" / "shop.yaml").read_text()


def test_a_dry_run_shows_the_difference_and_writes_nothing(bundle: Path) -> None:
    """It is the default."""
    result = RUN.invoke(app, ["rename", "checkout=prod/checkout", "--bundle", str(bundle)])
    assert result.exit_code == Exit.NO
    assert "-- id: checkout\n+- id: prod/checkout\n" in result.stdout
    assert "1 file would change; nothing was written" in result.stdout
    assert _text(bundle) == SERVICES


def test_write_changes_the_files_once(bundle: Path) -> None:
    """The second time there is nothing to change."""
    words = ["rename", "checkout=prod/checkout", "--bundle", str(bundle), "--write"]
    assert RUN.invoke(app, words).exit_code == Exit.OK
    assert _text(bundle) == SERVICES.replace("checkout", "prod/checkout")
    again = RUN.invoke(app, words)
    assert (again.exit_code, "nothing to change" in again.stdout) == (Exit.OK, True)


def test_the_journal_gives_the_new_names(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that one entity ends in becomes its name; one that several end in stays, and is told."""

    class Here:
        reader = None

        class settings:  # noqa: N801 (as in an installation)
            domain = "main"

    spoken = {"prod/checkout", "prod/cart", "test/cart", "pay", "prod/pay"}
    monkeypatch.setattr(entities, "open_installation", lambda _: Here)
    monkeypatch.setattr(entities, "spoken_names", lambda *_: spoken)
    result = RUN.invoke(app, ["rename", "--bundle", str(bundle), "--write"])
    assert result.exit_code == Exit.OK
    assert "cart stays: it stands for prod/cart, test/cart" in result.stderr
    assert _text(bundle) == SERVICES.replace("checkout", "prod/checkout")


def test_a_folder_that_cannot_be_written_is_one_error_that_names_the_file(bundle: Path) -> None:
    """The file is as before. Here a folder has the name of the temporary file, because root may write everywhere."""
    (bundle / "services" / "shop.yaml.writing").mkdir()
    result = RUN.invoke(app, ["rename", "checkout=prod/checkout", "--bundle", str(bundle), "--write"])
    assert isinstance(result.exception, PermanentError)
    assert str(result.exception).startswith(f"{bundle / 'services' / 'shop.yaml'}: cannot be written: ")
    assert _text(bundle) == SERVICES


@pytest.mark.parametrize("pair", ["checkout", "=x", "checkout=", "a=b a=c"])
def test_a_pair_that_is_none_is_wrong_usage(bundle: Path, pair: str) -> None:
    """Nothing is guessed."""
    result = RUN.invoke(app, ["rename", *pair.split(), "--bundle", str(bundle)])
    assert result.exit_code == Exit.USAGE
