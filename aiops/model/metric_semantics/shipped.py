"""The shipped table as an index from folded names to rows, built once per process and immutable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from aiops.model.metric_semantics.families import (
    exporter_cadvisor,
    exporter_jmx,
    exporter_kube_state,
    exporter_micrometer,
    exporter_node,
    exporter_others,
    exporter_postgres,
    exporter_redis,
    opentelemetry_containers,
    opentelemetry_data,
    opentelemetry_dotnet,
    opentelemetry_hardware,
    opentelemetry_http_rpc,
    opentelemetry_kubernetes,
    opentelemetry_pipeline,
    opentelemetry_process,
    opentelemetry_quotas,
    opentelemetry_runtimes,
    opentelemetry_system,
    product,
    prometheus_clients,
    receiver_messaging,
    receiver_postgresql,
    receiver_proxies,
    receiver_redis,
)
from aiops.model.metric_semantics.names import key_of, spellings
from aiops.model.metric_semantics.rows import MetricFamily, MetricRow
from aiops.model.metric_semantics.semantics import Definition, MetricSemantics
from aiops.model.metric_semantics.units import unit_of

FAMILIES: tuple[MetricFamily, ...] = (
    opentelemetry_http_rpc.FAMILY,
    opentelemetry_data.FAMILY,
    opentelemetry_system.FAMILY,
    opentelemetry_process.FAMILY,
    opentelemetry_runtimes.FAMILY,
    opentelemetry_dotnet.FAMILY,
    opentelemetry_kubernetes.FAMILY,
    opentelemetry_quotas.FAMILY,
    opentelemetry_containers.FAMILY,
    opentelemetry_hardware.FAMILY,
    opentelemetry_pipeline.FAMILY,
    receiver_postgresql.FAMILY,
    receiver_redis.FAMILY,
    receiver_proxies.FAMILY,
    receiver_messaging.FAMILY,
    exporter_node.FAMILY,
    exporter_kube_state.FAMILY,
    exporter_cadvisor.FAMILY,
    exporter_jmx.FAMILY,
    exporter_micrometer.FAMILY,
    exporter_postgres.FAMILY,
    exporter_redis.FAMILY,
    exporter_others.FAMILY,
    prometheus_clients.FAMILY,
    product.FAMILY,
)


def rows() -> Iterator[tuple[MetricFamily, MetricRow]]:
    """Every row with its family, in the order of the families."""
    return ((family, row) for family in FAMILIES for row in family.rows)


@dataclass(frozen=True, slots=True)
class Index:
    """Rows by folded name."""

    names: Mapping[str, MetricSemantics]
    """Rows by folded name; a counter is also found without its ``_total``."""
    without_units: Mapping[str, MetricSemantics]
    """Rows whose name ends with their unit, by the rest: how the same library names them in OTLP. The unit that is sent
    must then be of the row's kind: ``http.server.requests`` in ``s`` is Micrometer's timer, in ``{request}`` it is not.
    """


@cache
def shipped() -> Index:
    """The index of the shipped table."""
    found = {key_of(row.name): semantics_of(family, row) for family, row in rows()}
    for key in list(found):
        found.setdefault(key.removesuffix("_total"), found[key])
    bare = {spelling.key: held for key, held in found.items() for spelling in spellings(key) if spelling.unit}
    return Index(MappingProxyType(found), MappingProxyType({k: held for k, held in bare.items() if k not in found}))


def semantics_of(family: MetricFamily, row: MetricRow) -> MetricSemantics:
    """The semantics of a row."""
    return MetricSemantics(
        role=row.role,
        worse=row.worse,
        unit=unit_of(row.unit),
        full=None if row.full is None else float(row.full),
        part=row.part,
        about=row.about or family.about,
        states=row.states,
        definition=Definition.SHIPPED,
        source=family.name,
    )
