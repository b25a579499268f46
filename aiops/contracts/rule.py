"""Shared by all suites: the error of a broken rule, and the function that runs all rules of a suite."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class BrokenContractError(AssertionError):
    """An extension breaks a rule of its kind; the message says what it did."""


def require(fact: object, message: str) -> None:
    """Raise ``BrokenContractError(told)`` if ``fact`` is false."""
    if not fact:
        raise BrokenContractError(message)


def check(rules: Iterable[Callable[[Any], None]], subject: Any) -> None:
    """Run the rules on one extension. Raise ``BrokenContractError`` with the rule's name at the first broken rule."""
    for rule in rules:
        try:
            rule(subject)
        except BrokenContractError as error:
            raise BrokenContractError(f"{rule.__name__}: {error}") from error
