"""Each module of the source is imported by a test of its own, so that a fault in it has a place to be caught."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ("aiops", "detectors", "topology", "remediations", "simulations")
KINDS: Final = ("unit", "contracts", "scenarios", "integration", "plugin")
REWRITTEN: Final = "is being rewritten and gets its tests then"
TO_DO: Final = "has no test of its own yet"
EXCEPTIONS: Final[dict[str, str]] = {
    "aiops.agents.monitor.snapshots": REWRITTEN,
    "aiops.agents.monitor.span_series": REWRITTEN,
    "aiops.apps.demo": TO_DO,
    "aiops.apps.doctor_kafka": TO_DO,
    "aiops.apps.system": TO_DO,
    "aiops.bootstrap.monitoring": TO_DO,
    "aiops.bootstrap.orchestrating": TO_DO,
    "aiops.bootstrap.parts": TO_DO,
    "aiops.bootstrap.serving": TO_DO,
    "aiops.model.metric_semantics.families.exporter_cadvisor": TO_DO,
    "aiops.model.metric_semantics.families.exporter_jmx": TO_DO,
    "aiops.model.metric_semantics.families.exporter_kube_state": TO_DO,
    "aiops.model.metric_semantics.families.exporter_micrometer": TO_DO,
    "aiops.model.metric_semantics.families.exporter_node": TO_DO,
    "aiops.model.metric_semantics.families.exporter_others": TO_DO,
    "aiops.model.metric_semantics.families.exporter_postgres": TO_DO,
    "aiops.model.metric_semantics.families.exporter_redis": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_containers": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_data": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_dotnet": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_hardware": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_http_rpc": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_kubernetes": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_pipeline": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_process": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_quotas": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_runtimes": TO_DO,
    "aiops.model.metric_semantics.families.opentelemetry_system": TO_DO,
    "aiops.model.metric_semantics.families.product": TO_DO,
    "aiops.model.metric_semantics.families.prometheus_clients": TO_DO,
    "aiops.model.metric_semantics.families.receiver_messaging": TO_DO,
    "aiops.model.metric_semantics.families.receiver_postgresql": TO_DO,
    "aiops.model.metric_semantics.families.receiver_proxies": TO_DO,
    "aiops.model.metric_semantics.families.receiver_redis": TO_DO,
    "aiops.model.metric_semantics.guess": TO_DO,
    "aiops.model.metric_semantics.vocabulary": TO_DO,
    "detectors.bank.chain": TO_DO,
    "detectors.logs.harmless": TO_DO,
    "detectors.logs.mask_patterns": TO_DO,
    "detectors.logs.message": TO_DO,
    "detectors.logs.shape": TO_DO,
    "detectors.logs.templates": TO_DO,
    "detectors.protocol": TO_DO,
    "detectors.spans.ring": TO_DO,
    "detectors.spans.tally": TO_DO,
    "detectors.views.protocol": TO_DO,
    "detectors.wire.arrow_columns": TO_DO,
    "detectors.wire.arrow_points": TO_DO,
    "detectors.wire.arrow_walk": TO_DO,
    "detectors.wire.attribute_runs": TO_DO,
    "detectors.wire.compiling": TO_DO,
    "detectors.wire.envelope": TO_DO,
    "detectors.wire.exponential_interval": TO_DO,
    "detectors.wire.interval_loop": TO_DO,
    "detectors.wire.json_numbers": TO_DO,
    "detectors.wire.json_text": TO_DO,
    "detectors.wire.json_values": TO_DO,
    "detectors.wire.log_walk": TO_DO,
    "detectors.wire.otlp_identity": TO_DO,
    "detectors.wire.span_walk": TO_DO,
    "detectors.wire.walk": TO_DO,
    "detectors.wire.walk_buckets": TO_DO,
    "detectors.wire.walk_distributions": TO_DO,
    "detectors.wire.walk_numbers": TO_DO,
    "detectors.wire.weaving": TO_DO,
}
"""Module to the reason why no test imports it. A module that a test imports leaves the list."""


def modules() -> set[str]:
    """All modules of the source but ``__init__``."""
    paths = (path.relative_to(ROOT) for room in SOURCE for path in (ROOT / room).rglob("*.py"))
    return {".".join(path.with_suffix("").parts) for path in paths if path.name != "__init__.py"}


def imported(text: str) -> set[str]:
    """Everything that the imports of a file may name: ``from a import b`` is ``a`` and ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                found |= {name.name for name in names}
            case ast.ImportFrom(module=str(module), names=names):
                found |= {module} | {f"{module}.{name.name}" for name in names}
    return found


def imported_by_tests() -> set[str]:
    """What any test file imports."""
    paths = (path for kind in KINDS for path in (ROOT / "tests" / kind).rglob("*.py"))
    return set().union(*(imported(path.read_text()) for path in paths))


def test_every_module_is_imported_by_a_test() -> None:
    """The exceptions are named with a reason, and one that got a test leaves the list."""
    assert modules() - imported_by_tests() == set(EXCEPTIONS)


def test_a_module_imported_from_its_package_counts() -> None:
    """All three ways to write an import name the module."""
    text = "import a.b\nfrom c import d\ndef f():\n    from e.f import G\n"
    assert imported(text) == {"a.b", "c", "c.d", "e.f", "e.f.G"}


def test_every_exception_says_why() -> None:
    """A sentence of some words, not a mark."""
    assert [name for name, why in EXCEPTIONS.items() if len(why.split()) < 3] == []
