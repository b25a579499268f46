"""Ten times more input than a shard can take, for a while: memory stays bounded, lag rises and drains, nothing drops.

`python -m tests.benchmarks.backpressure` does the same for a full minute.
"""

from __future__ import annotations

import pytest

from aiops.adapters.broker.embedded import EmbeddedBroker
from tests.benchmarks.backpressure import bound, run

SECONDS = 12.0

pytestmark = pytest.mark.timeout(240)


def test_a_flood_raises_the_lag_and_not_the_memory(
    embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is not read yet waits in Kafka; the shard holds a poll or two of it; every point is counted in the end."""
    found = run(embedded.start(), tmp_path_factory.mktemp("flood"), SECONDS)
    assert found.offered >= 10 * found.taken_while_offered, "the input was too little for the claim"
    assert found.most_lag > 0
    assert found.lag_after == 0
    assert found.counted == found.sent
    assert found.dead_letters == 0
    assert found.difference == 0
    assert found.most_bytes - found.bytes_before < bound(found.settings)
