"""All witnesses, in the order in which ties of weight are told."""

from __future__ import annotations

from typing import Final

from topology.testimony.alerts import AlertCount, BadAlerts, Complaints, RareAlerts
from topology.testimony.facts import BareAddress, RecentChange
from topology.testimony.logs import ErrorTemplates, LogTemplates
from topology.testimony.metrics import (
    Earliest,
    HarmBegins,
    HarmSpreads,
    InnerDeviation,
    OddSibling,
    Overload,
    Residual,
    Silence,
    SymptomCorrelation,
)
from topology.testimony.traces import CallShape, FirstError, NetworkTime, OwnTime
from topology.testimony.witness import Witness

WITNESSES: Final[tuple[Witness, ...]] = (
    InnerDeviation(),
    HarmBegins(),
    HarmSpreads(),
    Overload(),
    SymptomCorrelation(),
    Residual(),
    Silence(),
    Earliest(),
    OddSibling(),
    OwnTime(),
    NetworkTime(),
    CallShape(),
    FirstError(),
    LogTemplates(),
    ErrorTemplates(),
    RareAlerts(),
    BadAlerts(),
    AlertCount(),
    Complaints(),
    RecentChange(),
    BareAddress(),
)
