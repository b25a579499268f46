"""The primitives that ship with the product, by name."""

from __future__ import annotations

from collections.abc import Mapping

from aiops.plugins import BUILT_INS, ExtensionKind
from remediations.primitives.protocol import Primitive


def shipped() -> Mapping[str, Primitive]:
    """One instance of each shipped primitive, by name; plug-ins are not included."""
    return BUILT_INS.make_all(ExtensionKind.PRIMITIVE)[0]
