"""YAML text as plain values: whatever is wrong with a text is a ``yaml.YAMLError``, with its line where it has one.

PyYAML's safe loader lets other errors out: ``2026-13-45`` looks like a date and is none (``ValueError``), ``0x_`` looks
like a number, an explicit tag does not fit its text (``LookupError``, ``AttributeError``), and deep nesting ends in a
``RecursionError``. An escape of half a surrogate pair gives text that nothing can encode.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.constructor import ConstructorError


class _Loader(yaml.SafeLoader):
    """The safe loader; a value that its type refuses is an error at its place."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 (PyYAML's shape)
        try:
            made = super().construct_object(node, deep)
            if isinstance(made, str):
                made.encode()
        except (ValueError, LookupError, AttributeError, ArithmeticError) as error:
            kind = node.tag.rpartition(":")[2]
            raise ConstructorError(
                None, None, f"{str(node.value)[:40]!a} is no {kind}: {error}", node.start_mark
            ) from error
        return made


def read_yaml(text: str) -> Any:
    """The value of one document; None for an empty one.

    Raises:
        yaml.YAMLError: the text is no YAML, or a value in it does not exist.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a safe loader)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error
