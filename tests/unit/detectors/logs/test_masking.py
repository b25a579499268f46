from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.logs import lookup
from detectors.logs.counter import INFO, LogCounter
from detectors.logs.masking import MOST_READ, masks
from detectors.logs.template_text import text_of
from tests.unit.detectors.logs.lines import told, write

_CORPUS = Path(__file__).with_name("corpus")
SECRETS = [json.loads(line) for line in (_CORPUS / "secrets.jsonl").read_text().splitlines()]
HARMLESS = [json.loads(line)["line"] for line in (_CORPUS / "harmless.jsonl").read_text().splitlines()]


def leaving(line: str) -> str:
    """What leaves of a line whose shape is new."""
    body = line.encode()
    return text_of(body, lookup.dissect(body)).decode(errors="replace")


@pytest.mark.parametrize("kind", sorted({entry["kind"] for entry in SECRETS}))
def test_no_planted_secret_leaves(kind: str) -> None:
    """Of every line of the corpus nothing that is secret stands in its template."""
    lines = [entry for entry in SECRETS if entry["kind"] == kind]
    leaks = [(one["line"], secret) for one in lines for secret in one["secrets"] if secret in leaving(one["line"])]
    assert leaks == []


def test_harmless_lines_stay_as_they_are() -> None:
    """At most one of a hundred has anything masked."""
    altered = []
    for line in HARMLESS:
        body = line.encode()
        cut = lookup.dissect(body)
        if masks(body[cut.begin : cut.end]):
            altered.append(line)
    assert len(altered) <= len(HARMLESS) // 100, altered


def test_a_secret_in_a_line_of_a_known_template_does_not_leave() -> None:
    """A later line leaves a count and no byte; where its secret makes it a new shape, it is masked."""
    for entry in SECRETS[::7]:
        counter = LogCounter()
        before = [word if word.isascii() else "x" for word in entry["line"].split(" ")]
        write(counter, [("pay", INFO, " ".join(before)), ("pay", INFO, entry["line"]), ("pay", INFO, entry["line"])], 3)
        shown = [key[2] for key in told(counter, 4)]
        state = b"".join(array.tobytes() for array in counter.to_arrays().values()).decode(errors="replace")
        for secret in entry["secrets"]:
            if len(secret) > 3:
                assert not any(secret in text for text in shown)
                assert secret not in state


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("password='two words' set", ["secret"]),
        ('{"password": "a \\"b\\" c"}', ["secret"]),
        ("client_secret=abcdef&x=1", ["secret"]),
        ("postgres://admin:hunter@db:5432/x", ["url_credentials"]),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY----- done", ["private_key"]),
        ("-----BEGIN PRIVATE KEY-----\nnever ends", ["private_key"]),
        ("card 4111 1111 1111 1111 charged", ["card"]),
        ("number 4111 1111 1111 1112 is none", []),
        ("IBAN GB29 NWBK 6016 1331 9268 19", ["iban"]),
        ("user John Smith logged in", ["person"]),
        ("User Service started", []),
        ("firstName=Juan lastName=Perez", ["person", "person"]),
        ("session opened for user=root", []),
        ("invalid token: expired", []),
        ("password=${DB_PASSWORD}", []),
        ("Bearer token expired", []),
    ],
)
def test_masks_are_told_by_their_kinds(line: str, kinds: list[str]) -> None:
    """What is masked has a kind; harmless words after a telling key have none."""
    assert [found.kind for found in masks(line.encode())] == kinds


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None)
def test_masks_are_in_order_and_within_the_line(line: bytes) -> None:
    """Any bytes can be searched, and no two masks overlap."""
    found = masks(line)
    edges = [place for one in found for place in (one.begin, one.end)]
    assert edges == sorted(edges)
    assert all(0 <= one.begin < one.end <= len(line) for one in found)


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "1", "a1", "1.", "a@", "aa:", "0:", ".", "-", "token ", "a.b@", "é", "1e", "::", "password=", '"', "\\"),
        *("user A ", "://a", "<a>", "A<", "pass:'", "name=A ", "mysql -p", "a=b;", "address 1 A", "Aa", "eyJ."),
    ],
)
def test_no_line_takes_long(unit: str) -> None:
    """Repeated text of any kind is masked in time that people do not notice."""
    begin = time.perf_counter()
    for length in (MOST_READ, 100_000):
        masks((unit.encode() * length)[:length])
    assert time.perf_counter() - begin < 1.0
