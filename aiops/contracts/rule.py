"""What all suites share: how a rule is broken, and how all rules of a suite are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


class BrokenContractError(AssertionError):
    """An extension does not do what every one of its kind must; the text says what it did."""


def require(fact: object, told: str) -> None:
    """Raises ``BrokenContractError`` with ``told`` where ``fact`` is false."""
    if not fact:
        raise BrokenContractError(told)


def check(rules: Iterable[Callable[[Any], None]], subject: Any) -> None:
    """Runs all rules on one extension and raises the first that is broken, with the rule's name."""
    for rule in rules:
        try:
            rule(subject)
        except BrokenContractError as error:
            raise BrokenContractError(f"{rule.__name__}: {error}") from error
