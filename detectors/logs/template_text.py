"""The text of a template: the words of its first line, what varies as ``<*>``, what must not leave as its kind."""

from __future__ import annotations

from collections import Counter

from detectors.logs.lookup import Dissected
from detectors.logs.masking import Masked, masks

VARIES = b"<*>"


def text_of(line: bytes, cut: Dissected, kinds: Counter[str] | None = None) -> bytes:
    """One word for each token of the line's message, with single spaces between.

    Args:
        line: the line.
        cut: what ``dissect`` found in it.
        kinds: counts what is masked, by kind.
    """
    hidden = masks(line[cut.begin : cut.end])
    if kinds is not None:
        kinds.update(one.kind for one in hidden)
    shifted = [Masked(one.begin + cut.begin, one.end + cut.begin, one.kind) for one in hidden]
    return b" ".join(_word(line, begin, end, known=(cut, shifted)) for _, begin, end, _ in cut.parts.tolist())


def _word(line: bytes, begin: int, end: int, *, known: tuple[Dissected, list[Masked]]) -> bytes:
    cut, hidden = known
    if line[begin:end] == b"()":
        return b"(" + VARIES + b")"
    marks = bytearray(cut.marks[begin:end].tobytes())
    names = [VARIES]
    for one in hidden:
        first, last = max(one.begin, begin), min(one.end, end)
        if first < last:
            names.append(b"<" + one.kind.encode() + b">")
            marks[first - begin : last - begin] = bytes([len(names)]) * (last - first)
    out, before = bytearray(), 0
    for byte, mark in zip(line[begin:end], marks, strict=True):
        if mark == 0:
            out.append(byte)
        elif mark != before:
            out += names[mark - 1]
        before = mark
    return bytes(out)
