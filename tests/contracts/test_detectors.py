"""Every detector, ours and those of installed plug-ins, keeps the detectors' contract."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.adapters.plugins import installed
from aiops.contracts import detectors
from aiops.contracts.rule import BrokenContractError, check
from aiops.plugins import ExtensionKind

pytestmark = pytest.mark.contract
PLUGINS = installed()


@pytest.mark.parametrize("rule", detectors.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", PLUGINS.names(ExtensionKind.DETECTOR))
def test_keeps_the_contract(name: str, rule: object) -> None:
    """One rule on one detector."""
    assert callable(rule)
    rule(PLUGINS.load(ExtensionKind.DETECTOR, name))


class Sleepy:
    """Never says anything."""

    expected = 0.0

    def update(self, at: int, value: float) -> float:
        return 0.0

    def snapshot(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, arrays: object) -> None:
        """Takes anything."""


def test_a_detector_that_sees_nothing_breaks_the_contract() -> None:
    """The suite can fail, and names the rule."""
    with pytest.raises(BrokenContractError, match="a_step_far_out_is_called_abnormal"):
        check(detectors.RULES, Sleepy)
