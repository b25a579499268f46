"""Reads YAML text into plain values, and finds the line of a value for error messages.

Any invalid text raises ``yaml.YAMLError``, with the line if it is known.

PyYAML's safe loader also raises other errors: ``ValueError`` for ``2026-13-45``, which has the form of a date, and for
``0x_``; ``LookupError`` or ``AttributeError`` for an explicit tag that does not fit its text; ``RecursionError`` for
deep nesting. An escape of a lone surrogate gives text that cannot be encoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml
from yaml.constructor import ConstructorError


class StrictLoader(yaml.SafeLoader):
    """The safe loader; an invalid value of a type is a ``yaml.YAMLError`` with its line."""

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
        yaml.YAMLError: the text is not YAML, or a value in it is invalid.
    """
    try:
        return yaml.load(text, Loader=StrictLoader)  # noqa: S506 (a safe loader)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deeply") from error


def line_of(text: str, place: Iterable[str | int]) -> int | None:
    """Line of the deepest part of ``place`` that exists, from 1; None: not even its first part does.

    ``read_yaml`` must have accepted the text.
    """
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    line = None
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            pair = node.value[part], node.value[part]
        else:
            pair = None
        if pair is None:
            break
        line, node = pair[0].start_mark.line + 1, pair[1]
    return line
