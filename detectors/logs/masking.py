"""Secrets and personal data in a log line, found before anything of the line goes anywhere.

Only templates leave a shard, and a template holds the words of a line whose shape was new; everything with a digit or
an ``@``, paths and hosts are left out of shapes already. What is masked here are the secrets that look like words: what
follows a telling key, has a known prefix or form, or names a person. A later line of a known shape leaves nothing but
a count, so masks run on new shapes alone. All patterns have bounds, so no line takes long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from detectors.logs.harmless import HARMLESS, NO_NAMES
from detectors.logs.mask_patterns import PERSONAL, SECRETS

MOST_READ = 4096
"""Bytes of a message that are searched; templates end long before."""


@dataclass(frozen=True, slots=True)
class Masked:
    """A range of bytes that must not leave, and what it is."""

    begin: int
    end: int
    kind: str


_NO_SECRET = re.compile(
    rb"[\d.,:+-]{1,64}%?|[\[\]{}()<>*.x#?%$-]{1,64}|<[\w*]{1,20}>|\$\{[\w.]{1,60}\}|%[sdvr]|[*x]{3,}|[/~][\w./-]{0,256}",
    re.IGNORECASE,
)
"""Numbers and paths, which vary by their looks; what was masked before; references to variables."""
_POSTAL = re.compile(
    rb"(?:\d[\w/-]{0,6}[,.]?\s[\w\s]{0,20}?[A-Z]|"
    rb"[A-Z][\w\x80-\xff'\xe2-]{2,40}\.?\s{1,2}\d|Unit |Apt|Suite)[^\n]{0,200}"
)
_PAST_LETTER = re.compile(rb"[a-z][A-Z]")
_BLOB = re.compile(rb"(?<![\w+/=-])[A-Za-z+/_=-]{16,512}(?![\w+/=-])")


def masks(message: bytes) -> list[Masked]:
    """What of a message must not leave, in order and without overlaps.

    >>> [(found.kind, message[found.begin : found.end]) for message in [b"login password=swordfish ok"]
    ...     for found in masks(message)]
    [('secret', b'swordfish')]
    """
    message = message[:MOST_READ]
    found = sorted(_found(message), key=lambda one: (one.begin, -one.end))
    kept: list[Masked] = []
    for one in found:
        if kept and one.begin < kept[-1].end:
            if one.end > kept[-1].end:
                kept[-1] = Masked(kept[-1].begin, one.end, kept[-1].kind)
        else:
            kept.append(one)
    return kept


def _found(message: bytes) -> Iterator[Masked]:
    lowered = message.lower()
    for kind, hints, pattern in (*SECRETS, *PERSONAL):
        if not any(hint in lowered for hint in hints):
            continue
        for match in pattern.finditer(message):
            begin, end = match.span(match.lastgroup or 0)
            if match.lastgroup == "names":
                end = _names_end(message, begin, end)
            if end > begin and _judge(kind, match.lastgroup, message[begin:end]):
                yield Masked(begin, end, kind)
    for match in _BLOB.finditer(message):
        if _mixed(match.group()):
            yield Masked(*match.span(), "token")


def _judge(kind: str, group: str | None, value: bytes) -> bool:
    """Whether what a pattern found is to be masked."""
    if group in ("token", "odd"):
        return _odd(value) if group == "token" else _mixed_or_numbered(value)
    if group == "value":
        return not _harmless(value)
    if group == "place":
        return _POSTAL.search(value) is not None
    return kind != "card" or _luhn(value)


def _harmless(value: bytes) -> bool:
    plain = value.strip(b"\\\"'`.:!?;,")
    return not plain or plain.lower() in HARMLESS or _NO_SECRET.fullmatch(plain) is not None


def _names_end(message: bytes, begin: int, end: int) -> int:
    """Where the names end that begin there: before the first word that is none."""
    last = begin
    for match in re.finditer(rb"\S+", message[begin:end]):
        word = match.group().rstrip(b".,'")
        if word in NO_NAMES or (word.isupper() and len(word) > 1 and last == begin):
            break
        last = begin + match.end()
    return last


def _odd(token: bytes) -> bool:
    """Whether a word is none that people write: it has digits or signs, or capitals within."""
    return any(not 97 <= (byte | 32) <= 122 for byte in token.rstrip(b".,")) or _PAST_LETTER.search(token) is not None


def _mixed_or_numbered(token: bytes) -> bool:
    """Whether a long word is no name of a thing: letters of both cases and digits or dots between them."""
    return _PAST_LETTER.search(token) is not None and re.search(rb"[A-Z]{2}|\d", token) is not None


def _mixed(token: bytes) -> bool:
    """Whether letters change their case as often as by chance, which names of classes do not."""
    return 5 * len(_PAST_LETTER.findall(token)) >= len(token)


def _luhn(digits: bytes) -> bool:
    """The check digit of cards (ISO/IEC 7812-1)."""
    total = 0
    for place, byte in enumerate(reversed([byte - 48 for byte in digits if 48 <= byte <= 57])):
        doubled = byte * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0
