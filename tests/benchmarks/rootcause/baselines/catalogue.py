"""All baselines by name."""

from __future__ import annotations

from typing import Final

from tests.benchmarks.rootcause.baselines.alert_counts import AlertCounts
from tests.benchmarks.rootcause.baselines.control import RandomEntity
from tests.benchmarks.rootcause.baselines.correlation import RankedCorrelation
from tests.benchmarks.rootcause.baselines.deviation import BARO, LARGEST_DEVIATION, N_SIGMA
from tests.benchmarks.rootcause.baselines.latest_change import LatestChange
from tests.benchmarks.rootcause.baselines.prism import Prism
from tests.benchmarks.rootcause.baselines.protocol import Baseline
from tests.benchmarks.rootcause.baselines.traversal import Traversal

BASELINES: Final[tuple[Baseline, ...]] = (
    RandomEntity(),
    LARGEST_DEVIATION,
    N_SIGMA,
    BARO,
    Prism(),
    RankedCorrelation(),
    Traversal(),
    AlertCounts(),
    LatestChange(),
)
