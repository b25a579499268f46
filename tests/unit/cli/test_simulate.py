"""`aiops simulate`: what it prints, writes and exits with, on a world of a minute."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer import Typer
from typer.testing import CliRunner

from aiops.cli.exits import Exit
from aiops.cli.main import main
from aiops.cli.simulate import simulate

RUN = CliRunner()
Write = Callable[..., str]


@pytest.fixture
def app() -> Typer:
    """The one command."""
    made = Typer()
    made.command()(simulate)
    return made


@pytest.fixture
def scenario(tmp_path: Path) -> Write:
    """Writes a scenario of a minute; its path."""

    def write(name: str = "quiet", endings: tuple[str, ...] = ("nothing",), **fields: object) -> str:
        held = {"name": name, "title": "A quiet minute", "history": 0, "duration": 60}
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(held | {"expected": {"endings": list(endings)}} | fields), encoding="utf-8")
        return str(path)

    return write


def program(*arguments: str) -> int:
    """Exit code of the whole program."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_an_unknown_scenario_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, one sentence, no trace."""
    assert program("simulate", "crsh") == Exit.FAILED
    told = capsys.readouterr().err
    assert "no scenario 'crsh'" in told
    assert "crash-loop" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none", "--seed", "-1"), "--seed"),
        (("none", "--seed", "one"), "--seed"),
        (("none", "--runs", "0"), "--runs"),
        (("none", "--baseline", "magic"), "is not none or restart"),
        ((), "name a scenario"),
        (("none", "--live"), "--live needs a broker"),
    ],
)
def test_wrong_usage_says_which_option(arguments: tuple[str, ...], told: str, app: Typer) -> None:
    """The code for wrong usage, and the option's name."""
    result = RUN.invoke(app, list(arguments))
    assert result.exit_code == Exit.USAGE
    assert told in result.output


def test_a_wrong_file_is_told_with_its_line(scenario: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A scenario that names a fault which does not exist."""
    path = scenario("odd", faults=[{"name": "meteor"}])
    assert program("simulate", path) == Exit.FAILED
    assert "odd.yaml:" in capsys.readouterr().err


def test_json_has_a_row_for_each_healer_over_all_seeds(app: Typer, scenario: Write) -> None:
    """``--runs`` counts up from ``--seed``."""
    result = RUN.invoke(app, [scenario(), "--light", "--json", "--seed", "7", "--runs", "2"])
    assert result.exit_code == Exit.OK, result.output
    told = json.loads(result.stdout)
    assert (told["seeds"], told["light"]) == ([7, 8], True)
    assert {row["who"] for row in told["rows"]} == {"aiops", "none", "restart"}


def test_without_baselines_the_runtime_is_alone(app: Typer, scenario: Write) -> None:
    """An empty list of baselines leaves one row."""
    result = RUN.invoke(app, [scenario(), "--light", "--json", "--baseline", ""])
    assert [row["who"] for row in json.loads(result.stdout)["rows"]] == ["aiops"]


def test_the_same_seed_gives_the_same_bytes(app: Typer, scenario: Write) -> None:
    """Everything that is printed, twice."""
    arguments = [
        scenario(faults=[{"name": "crash"}], endings=("healed unattended",)),
        "--light",
        "--json",
        "--baseline",
        "",
    ]
    first, second = (RUN.invoke(app, [*arguments, "--seed", "3"]).stdout for _ in range(2))
    assert first == second
    assert first != RUN.invoke(app, [*arguments, "--seed", "4"]).stdout


def test_what_is_not_as_expected_is_said_and_exits_with_one(app: Typer, scenario: Write) -> None:
    """A table with the remark under it."""
    result = RUN.invoke(app, [scenario(endings=("escalated",)), "--light", "--baseline", "none"])
    assert result.exit_code == Exit.NO
    assert "quiet" in result.output
    assert "expected escalated" in result.output


def test_the_page_is_self_contained(app: Typer, scenario: Write, tmp_path: Path) -> None:
    """One HTML file with a picture in it, which asks nothing of anybody."""
    path = tmp_path / "card.html"
    result = RUN.invoke(app, [scenario(), "--light", "--baseline", "none", "--html", str(path)])
    assert result.exit_code == Exit.OK, result.output
    page = path.read_text(encoding="utf-8")
    assert "<svg" in page
    assert "A quiet minute" in page
    assert 'src="http' not in page
    assert 'href="http' not in page


def test_the_list_names_every_scenario(app: Typer) -> None:
    """With its title."""
    result = RUN.invoke(app, ["--list"])
    assert result.exit_code == Exit.OK
    assert "none                     An ordinary hour" in result.output
