"""The program: what is listed, what is loaded, and what its exit codes say."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
import typer

from aiops.cli import main as program
from aiops.cli.exits import Exit
from aiops.model.errors import PermanentError, TemporaryError


def run(*arguments: str) -> int:
    """Run the program in this process; its exit code."""
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_help_lists_every_command_and_loads_none(capsys: pytest.CaptureFixture[str]) -> None:
    """`aiops --help` names each command with its summary."""
    assert run("--help") == Exit.OK

    shown = capsys.readouterr().out
    assert all(command.name in shown for command in program.COMMANDS)


def test_help_imports_no_heavy_library() -> None:
    """Nothing that takes long to import is imported for the list of commands."""
    heavy = {"kafka", "ray", "numpy", "pyarrow", "polars", "sqlalchemy", "fastapi", "jgo"}
    script = (
        "import sys, aiops.cli.main as m\n"
        "try: m.main(['--help'])\n"
        f"except SystemExit: sys.exit(str({heavy!r} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)

    assert done.stderr.strip() == ""


@pytest.mark.parametrize("command", program.COMMANDS, ids=lambda command: command.name)
def test_every_row_of_the_table_leads_to_a_command(command: program.Command) -> None:
    """A target exists and is a sub-program or a function."""
    module, _, attribute = command.target.partition(":")
    target = getattr(import_module(module), attribute)

    assert isinstance(target, typer.Typer) or callable(target)


def test_an_unknown_command_is_wrong_usage() -> None:
    """A typing error ends with the code for wrong usage."""
    assert run("brokr") == Exit.USAGE


@pytest.mark.parametrize(
    ("error", "expected"), [(PermanentError("mend it"), Exit.FAILED), (TemporaryError("wait"), Exit.LATER)]
)
def test_errors_of_the_product_are_one_line_and_a_code(
    error: Exception, expected: Exit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person sees what to do, not a traceback."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(program, "COMMANDS", (program.Command("fail", "x:y", "Fails."),))
    monkeypatch.setattr(program, "_load", lambda _: fail)

    assert run("fail") == expected
    assert capsys.readouterr().err == f"aiops: {error}\n"
