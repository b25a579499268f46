"""What people tell and ask by command line, over a real SQLite journal and no runtime."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from aiops.adapters.checkpoint_signatures import signing_key
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.cli import main as program
from aiops.cli.exits import Exit
from aiops.cli.installation import plain
from aiops.control.record.audit_chain import Checkpoint, sign
from aiops.model.codec import encode
from aiops.model.plans import Oversight
from aiops.model.times import span
from tests.unit.cli.commands import journal_of_loop
from tests.unit.console.estate import waiting

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A caller of the program on a state folder of its own; code, output, errors."""
    monkeypatch.setenv("AIOPS_STATE", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            program.main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture
def journal(tmp_path: Path) -> SqlJournal:
    """The journal of a control plane whose INC-1 waits for two approvers, as its process left it."""
    loop = waiting(Oversight.TWO_APPROVERS, "pay\x1b[31m")
    return journal_of_loop(tmp_path, loop)


def test_approving_writes_one_row_signed_by_name(run: Run, journal: SqlJournal) -> None:
    """The second time it says so and stays right; another person is another row."""
    assert run("approve", "INC-1", "--as", "ann")[0] == Exit.OK
    code, out, _ = run("approve", "INC-1", "--as", "ann", "--json")
    assert (code, json.loads(out)["new"]) == (Exit.OK, False)
    assert run("approve", "INC-1")[0] == Exit.OK

    who = [row.who for row in journal.read_inbox(0)]
    assert who[0] == "ann"
    assert "@" in who[1]
    assert len(who) == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("approve", "INC-7"), Exit.NO),
        (("close", "INC-1"), Exit.NO),
        (("take-over", "INC-1"), Exit.NO),
        (("incidents", "INC-7"), Exit.NO),
        (("suppress", "INC-1", "--minutes", "-3"), Exit.USAGE),
        (("scale", "--shards", "99"), Exit.USAGE),
        (("scale", "--shards", "many"), Exit.USAGE),
        (("approve",), Exit.USAGE),
        (("incidents", "--config", "missing.yaml"), Exit.FAILED),
    ],
)
def test_what_cannot_be_is_one_line_and_a_code(
    run: Run, journal: SqlJournal, arguments: tuple[str, ...], code: Exit
) -> None:
    """No traceback, and nothing is written."""
    got, _, err = run(*arguments)

    assert got == code
    assert "Traceback" not in err
    assert journal.read_inbox(0) == []


def test_halt_and_resume_write_the_table_at_once(run: Run, journal: SqlJournal) -> None:
    """With nobody running."""
    begun = time.monotonic()
    assert run("halt", "--reason", "odd", "--as", "ann")[0] == Exit.OK
    took = time.monotonic() - begun

    assert journal.halt_state().halted
    assert journal.halt_state().reason == "odd"
    assert took < 30, "it waits for nothing"
    assert run("resume")[0] == Exit.OK
    assert not journal.halt_state().halted
    assert run("resume")[1] == "actions were not halted\n"


def test_nothing_is_made_where_nothing_ran(run: Run, tmp_path: Path) -> None:
    """A halt in the wrong folder must not look like one that worked."""
    code, _, err = run("halt")

    assert code == Exit.FAILED
    assert str(tmp_path) in err
    assert not (tmp_path / "journal.db").exists()


def test_the_list_and_the_story(run: Run, journal: SqlJournal) -> None:
    """A table, the story, JSON of both; and what a terminal would obey is taken out."""
    listed = run("incidents")[1]
    told = run("incidents", "INC-1")[1]

    assert "awaiting-approval" in listed
    for words in ("timeline", "episodes", "probable causes", "policy decisions", "page to level 1", "0 of 2", "undo:"):
        assert words in told
    assert "\x1b" not in listed + told
    assert json.loads(run("incidents", "--json")[1])[0]["id"] == "INC-1"
    assert json.loads(run("incidents", "INC-1", "--json")[1])["incident"]["id"] == "INC-1"
    assert run("incidents", "--all")[0] == Exit.OK


def test_auditing_a_whole_chain_and_a_cut_one(run: Run, journal: SqlJournal, tmp_path: Path) -> None:
    """Against a signed checkpoint: whole, of another key, and beyond the end."""
    rows = SqlJournalReader(journal.engine).rows()
    key = Ed25519PrivateKey.generate()
    checkpoint, public = tmp_path / "checkpoint.json", tmp_path / "key.pem"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    good = sign(Checkpoint("main", rows[-1].number, rows[-1].digest, 1), key)
    arguments = ("audit", "verify", "--checkpoint", str(checkpoint), "--public-key", str(public))

    checkpoint.write_text(encode(good))
    assert run("audit", "verify")[0] == Exit.OK
    assert run(*arguments)[0] == Exit.OK
    checkpoint.write_text(encode(sign(good, Ed25519PrivateKey.generate())))
    assert json.loads(run(*arguments, "--json")[1])["fault"] == "forged"
    checkpoint.write_text(encode(sign(replace(good, number=good.number + 5), key)))
    assert run(*arguments)[:2] == (Exit.NO, f"cut at entry {good.number + 1}: " + run(*arguments)[1].split(": ", 1)[1])
    checkpoint.write_text("{}")
    assert run(*arguments)[0] == Exit.FAILED
    told = json.loads(run("audit", "verify", "--public-key", str(public), "--json")[1])
    assert (told["whole"], told["checkpoints"]) == (True, 0)
    assert "AIOPS_KAFKA" in told["why_no_checkpoint"]
    public.write_text("no key")
    assert run("audit", "verify", "--public-key", str(public))[0] == Exit.FAILED


def test_the_public_key_is_told_once_something_was_signed(run: Run, journal: SqlJournal, tmp_path: Path) -> None:
    """As PEM that any tool reads; before that, what makes it."""
    code, _, err = run("audit", "key")
    assert (code, "aiops up" in err) == (Exit.FAILED, True)
    key = signing_key(tmp_path)
    code, out, _ = run("audit", "key")
    assert (code, load_pem_public_key(out.encode())) == (Exit.OK, key.public_key())
    assert json.loads(run("audit", "key", "--json")[1]) == {"algorithm": "Ed25519", "public_key": out}


def test_asking_before_anything_ran(run: Run) -> None:
    """Ledger and dead letters say what to do."""
    for arguments in (("ledger",), ("dead-letters", "list"), ("audit", "verify")):
        code, _, err = run(*arguments)
        assert (code, "aiops up" in err) == (Exit.FAILED, True)


def test_spans_and_plain_text() -> None:
    """The two largest units; nothing that a terminal obeys."""
    assert [span(s * 10**9) for s in (0, 59, 61, 3600, 90_000)] == ["0 s", "59 s", "1 min 1 s", "1 h", "1 d 1 h"]
    assert plain("a\x1b[31m\nb é") == "a\ufffd[31m b é"
