from __future__ import annotations

from pathlib import Path

from aiops.adapters.bundle.files import contents, texts
from remediations.windows import Problem


def test_files_come_in_the_order_given(tmp_path: Path) -> None:
    """Path to bytes, in the caller's order and not the folder's: policies are joined in it."""
    for name in ("b", "a"):
        (tmp_path / name).write_bytes(name.encode() * 2)
    problems: list[Problem] = []
    found = contents([tmp_path / "b", tmp_path / "a"], problems)
    assert list(found.items()) == [(str(tmp_path / "b"), b"bb"), (str(tmp_path / "a"), b"aa")]
    assert problems == []


def test_what_cannot_be_read_is_a_problem_and_the_rest_is_read(tmp_path: Path) -> None:
    """A file that is gone and a folder in place of a file are each told with their path."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "good").write_bytes(b"x")
    problems: list[Problem] = []
    found = contents([tmp_path / "gone", tmp_path / "folder", tmp_path / "good"], problems)
    assert list(found.values()) == [b"x"]
    assert [problem.file for problem in problems] == [str(tmp_path / "gone"), str(tmp_path / "folder")]
    assert all(problem.what.startswith("cannot be read: ") and problem.line == 1 for problem in problems)


def test_bytes_are_left_as_they_are(tmp_path: Path) -> None:
    """A digest over contents is a digest over the file: line ends and byte-order marks stay."""
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone\r\ntwo\n")
    assert contents([tmp_path / "a"], []) == {str(tmp_path / "a"): b"\xef\xbb\xbfone\r\ntwo\n"}


def test_texts_are_utf_8(tmp_path: Path) -> None:
    """Latin-1 is told as a problem of its file; the UTF-8 one beside it is decoded."""
    (tmp_path / "latin").write_bytes("größe".encode("latin-1"))
    (tmp_path / "good").write_bytes("größe".encode())
    problems: list[Problem] = []
    found = texts([tmp_path / "latin", tmp_path / "good", tmp_path / "gone"], problems)
    assert found == {str(tmp_path / "good"): "größe"}
    assert sorted(problem.file for problem in problems) == [str(tmp_path / "gone"), str(tmp_path / "latin")]
