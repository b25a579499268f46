"""OpenTelemetry: hardware."""

from __future__ import annotations

from aiops.model.metric_semantics.rows import (
    AVAILABILITY,
    CPU,
    DISK,
    DOWN,
    ERRORS,
    HOST,
    MEMORY,
    NEITHER,
    NETWORK,
    OTHER,
    RESOURCE,
    SATURATION,
    SPACE_USE,
    TRAFFIC,
    UP,
    MetricFamily,
)
from aiops.model.metric_semantics.rows import MetricRow as Row
from aiops.model.metric_semantics.semantics import States

_STATUS = States(("hw.state", "state"), good=frozenset({"ok", "present"}), neutral=frozenset({"needs_cleaning"}))

# fmt: off
FAMILY = MetricFamily(
    "OpenTelemetry: hardware",
    "https://opentelemetry.io/docs/specs/semconv/hardware/",
    (
        Row("hw.status",                          "{state}",  AVAILABILITY, UP,    states=_STATUS),
        Row("hw.errors",                          "{error}",  ERRORS,     UP),
        Row("hw.energy",                          "J",        OTHER,      NEITHER),
        Row("hw.power",                           "W",        OTHER,      NEITHER),
        Row("hw.host.energy",                     "J",        OTHER,      NEITHER),
        Row("hw.host.power",                      "W",        OTHER,      NEITHER),
        Row("hw.host.ambient_temperature",        "Cel",      OTHER,      UP),
        Row("hw.host.heating_margin",             "Cel",      SATURATION, DOWN,    full=0),
        Row("hw.battery.charge",                  "1",        SATURATION, DOWN,    full=0),
        Row("hw.battery.charge.limit",            "1",        OTHER,      NEITHER),
        Row("hw.battery.time_left",               "s",        SATURATION, DOWN,    full=0),
        Row("hw.cpu.speed",                       "Hz",       OTHER,      NEITHER, CPU),
        Row("hw.cpu.speed.limit",                 "Hz",       OTHER,      NEITHER, CPU),
        Row("hw.fan.speed",                       "rpm",      OTHER,      NEITHER),
        Row("hw.fan.speed.limit",                 "rpm",      OTHER,      NEITHER),
        Row("hw.fan.speed_ratio",                 "1",        OTHER,      NEITHER),
        Row("hw.gpu.io",                          "By",       RESOURCE,   NEITHER),
        Row("hw.gpu.memory.limit",                "By",       OTHER,      NEITHER, MEMORY),
        Row("hw.gpu.memory.usage",                "By",       RESOURCE,   UP,      MEMORY),
        Row("hw.gpu.memory.utilization",          "1",        SATURATION, UP,      MEMORY,   full=1),
        Row("hw.gpu.utilization",                 "1",        SATURATION, UP,      full=1),
        Row("hw.logical_disk.limit",              "By",       OTHER,      NEITHER, DISK),
        Row("hw.logical_disk.usage",              "By",       RESOURCE,   UP,      DISK,     states=SPACE_USE),
        Row("hw.logical_disk.utilization",        "1",        SATURATION, UP,      DISK,     full=1, states=SPACE_USE),
        Row("hw.physical_disk.endurance_utilization", "1",    OTHER,      DOWN,    DISK),
        Row("hw.physical_disk.size",              "By",       OTHER,      NEITHER, DISK),
        Row("hw.physical_disk.smart",             "{value}",  OTHER,      NEITHER, DISK),
        Row("hw.memory.size",                     "By",       OTHER,      NEITHER, MEMORY),
        Row("hw.network.bandwidth.limit",         "By/s",     OTHER,      NEITHER, NETWORK),
        Row("hw.network.bandwidth.utilization",   "1",        SATURATION, UP,      NETWORK,  full=1),
        Row("hw.network.io",                      "By",       TRAFFIC,    NEITHER, NETWORK),
        Row("hw.network.packets",                 "{packet}", TRAFFIC,    NEITHER, NETWORK),
        Row("hw.network.up",                      "{link}",   AVAILABILITY, DOWN,  NETWORK),
        Row("hw.power_supply.limit",              "W",        OTHER,      NEITHER),
        Row("hw.power_supply.usage",              "W",        OTHER,      NEITHER),
        Row("hw.power_supply.utilization",        "1",        SATURATION, UP,      full=1),
        Row("hw.tape_drive.operations",           "{operation}", RESOURCE, NEITHER),
        Row("hw.temperature",                     "Cel",      OTHER,      UP),
        Row("hw.temperature.limit",               "Cel",      OTHER,      NEITHER),
        Row("hw.voltage",                         "V",        OTHER,      NEITHER),
        Row("hw.voltage.limit",                   "V",        OTHER,      NEITHER),
        Row("hw.voltage.nominal",                 "V",        OTHER,      NEITHER),
    ),
    about=HOST,
)
