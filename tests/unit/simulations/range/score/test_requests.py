"""The load generator's measurements are read whole, whatever was cut off, and never half believed."""

from __future__ import annotations

import json

import pytest

from aiops.model.errors import PermanentError
from simulations.range.score.requests import of_rows, read


def line(at: int, status: int = 200, path: str = "/shop/12", user: str = "visitor") -> str:
    return json.dumps({"at": at, "user": user, "path": path, "ms": 5.5, "status": status, "attempt": 0}) + "\n"


def test_requests_are_in_the_order_in_which_they_were_meant_to_be_sent() -> None:
    """A slow answer is written after a quick one that was sent later."""
    found = read(line(9) + line(3) + line(5))
    assert found.at.tolist() == [3, 5, 9]


@pytest.mark.parametrize(
    ("status", "failed"), [(0, True), (200, False), (404, False), (429, False), (499, False), (500, True), (503, True)]
)
def test_a_request_fails_without_an_answer_or_by_an_error_of_the_server(status: int, *, failed: bool) -> None:
    """What the user did wrong is no failure."""
    assert read(line(1, status)).failed.tolist() == [failed]


def test_a_route_is_a_path_without_its_numbers() -> None:
    """A thousand rows of a table are one route."""
    found = read(line(1, path="/shop/12/item/7") + line(2, path="/shop/13/item/9") + line(3, path="/v2/shop"))
    assert found.routes == ("/shop/{id}/item/{id}", "/v2/shop")
    assert found.route.tolist() == [0, 0, 1]


def test_a_last_line_that_was_cut_is_left_out() -> None:
    """The generator may be writing it."""
    assert len(read(line(1) + line(2)[:-9]).at) == 1


@pytest.mark.parametrize("wrong", ["no\n", "[]\n", '{"at": 1}\n', '{"at": "x", "status": 1, "ms": 1, "path": "/"}\n'])
def test_another_line_is_an_error_with_its_number(wrong: str) -> None:
    """A grade of half the users is none."""
    with pytest.raises(PermanentError, match=r"load.jsonl:2: no request"):
        read(line(1) + wrong)


def test_failures_are_counted_by_kind_of_users_in_a_half_open_time() -> None:
    """The first moment counts, the last does not; a kind without failures has 0."""
    rows = [(at, 1.0, True, "/", "client") for at in (9, 10, 19, 20)] + [(12, 1.0, False, "/", "visitor")]
    assert of_rows(rows).failures(10, 20) == {"client": 2, "visitor": 0}


def test_no_requests_are_requests() -> None:
    """An estate without users."""
    assert read("").failures(0, 10) == {}
