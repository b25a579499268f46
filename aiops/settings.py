"""One frozen tree of settings, grouped by concern, with a docstring under each field.

``aiops.adapters.bundle.configuration`` reads it from ``aiops.yaml`` and from the environment (``AIOPS_…``).
Durations are in seconds unless the name of the field states another unit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from aiops.kafka_security import KafkaSecurity
from aiops.model.entities import MAIN_DOMAIN
from aiops.settings_group import Group
from aiops.topic_names import Topics

_YEAR: Final = 31_536_000.0
"""Longest duration of a setting that has a limit, s."""
Name = Annotated[str, Field(min_length=1)]


class Kafka(Group, KafkaSecurity):
    """The Kafka broker, how the runtime connects to it and how it reads from it."""

    bootstrap: str | None = None
    """Address of the broker, ``host:port[,host:port]``. None: start the embedded broker."""
    partitions: int = Field(default=4, ge=1, le=4096)
    """Number of slots, and of partitions of each telemetry topic. A slot is one partition of every telemetry topic."""
    replication: int = Field(default=1, ge=1)
    """Replication factor of the topics that the runtime creates. It must not exceed the number of brokers."""
    client: str = "kafka-python"
    """Kafka client of the shards: ``kafka-python``, or ``confluent`` (needs the extra ``fast``)."""
    poll_bytes: int = 8 * 1024 * 1024
    """Approximate maximum number of bytes in one poll. It bounds the memory that one batch takes."""
    max_record_bytes: int = 8 * 1024 * 1024
    """Maximum size of a telemetry record in bytes. A larger record becomes a dead letter."""
    unpacked_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024, le=1 << 40)
    """Maximum size in bytes of a compressed batch of records after decompression, and of the record batches of an Arrow
    record. A larger one becomes a dead letter and is not decompressed."""

    @model_validator(mode="after")
    def _of_a_named_broker(self) -> Self:
        if self.secured and self.bootstrap is None:
            raise ValueError("kafka.tls and kafka.sasl need kafka.bootstrap: the embedded broker has neither")
        return self


class DetectorChoice(Group):
    """A detector that watches some series besides the bank."""

    name: str
    """Of the detector: ``half-space-trees``, or a plug-in's."""
    metrics: tuple[str, ...] = ("*",)
    """Patterns of metrics' names; a series that one of them fits is watched."""
    series: int = Field(default=256, ge=1)
    """At most so many series a slot."""


class DataPlane(Group):
    """The shards: slots, detection and snapshots."""

    shards: int = Field(default=1, ge=1)
    """Number of shards at the first start. Once `aiops scale` was used, its last value counts."""
    series_limit: int = 1_000_000
    """Maximum number of series in one slot. Points of further new series become dead letters."""
    memory_bytes: int | None = Field(default=None, ge=1 << 28, le=1 << 50)
    """Maximum private memory of a shard's process in bytes. None: 80 % of the memory of the container or the machine,
    at least 1 GiB. A shard that needs more ends and starts again; a record of which it ends twice is a dead letter."""
    entity_series_limit: int = Field(default=250_000, ge=1)
    """Maximum number of series of one entity in one slot. Points of its further new series become dead letters, which
    name the attribute with the most values."""
    series_idle_seconds: float = Field(default=10_800.0, ge=7_200.0, le=_YEAR)
    """A series is reclaimed when its topic delivered records for so many seconds without it. A pause of a topic counts
    as at most ten minutes. Series of open episodes stay. A series that comes back afterwards is new. At least two
    hours, because silence is judged for one."""
    snapshot_seconds: float = 10.0
    """Interval between two snapshots of a slot. After a crash the slot reads again what arrived since its last one."""
    snapshot_store: str | None = Field(default=None, min_length=1)
    """Folder, or URL of an object store (``s3://bucket/prefix``, ``gs://…``, ``az://…``), of the snapshots. The object
    store needs the extra ``object-store`` and takes its credentials from the environment of the shards. None: the
    folder ``snapshots`` of the state folder."""
    snapshot_store_options: dict[str, str] = Field(default_factory=dict)
    """Options of the object store that are no secrets, such as ``endpoint``, ``region`` and ``timeout``."""
    flush_seconds: float = 1.0
    """Interval, in the append time of the broker, at which a shard decides which episodes to open, update and end."""
    future_seconds: float = Field(default=7_200.0, ge=0.0, le=_YEAR)
    """A point becomes a dead letter when its time is more than this many seconds later than the receipt of its record.
    Times up to this limit are corrected by the sender's clock skew."""
    allowed_lateness_seconds: float = 300.0
    """A point is late when it is more than this many seconds older than its series' newest. A point of a counter is
    late as soon as it is older than its series' newest. Late points are counted and not scored. Senders that are behind
    after an outage hold the intervals of logs and spans open for at most this long."""
    dead_letter_bytes: int = 65_536
    """Maximum number of bytes of the original record that a dead letter keeps."""
    warm_up_points: int = 30
    """Number of points of a new series that are learned and not scored. A series of a new instance (pod, host) whose
    entity has two other instances with this metric inherits what they learned and is scored from its tenth point on."""
    clear_seconds: float = 60.0
    """An episode ends when no series of its entity was abnormal for this many seconds. A larger value prevents flapping
    and delays the end of each episode."""
    model_series: int = Field(default=256, ge=0)
    """Maximum number of series in one slot that the model tier scores, 0 for none. It takes series that an objective in
    ``services/*.yaml`` covers, costs about 100 µs a point, and does not score the first 500 points of a series."""
    detectors: tuple[DetectorChoice, ...] = ()
    """Detectors in addition to the bank, each with ``name``, ``metrics`` (patterns) and ``series`` (maximum number in a
    slot). A series gets the first one that fits its metric, before the model tier takes it."""
    views: tuple[str, ...] = ()
    """Names of additional views. Each view scores every point of every series, so each one costs time per point."""
    ring_step_seconds: float = 60.0
    """Interval between two recent values of a series that are kept; each value is a mean. The newest 64 values are also
    kept at a sixth of this interval, but at least 1 s."""
    ring_steps: int = 360
    """How many of these intervals the recent values of a series reach back at least: 360 at 60 s are six hours. Values
    that are older than 64 intervals are means of six."""
    idle_seconds: float = 60.0
    """A partition from which nothing was received for this long is idle. It does not hold the watermark back."""
    blind_seconds: float = 60.0
    """A shard reports that it is blind when for this many seconds its lag was large or unknown, or a topic that used to
    deliver steadily delivered nothing."""
    skew_seconds: float = Field(default=60.0, gt=0.0)
    """A sender whose clock is wrong by more than this many seconds for two minutes opens an incident of the runtime,
    which names it. The incident ends when no clock is wrong by more than half of this."""
    entity_attributes: tuple[Name, ...] = Field(
        min_length=1,
        default=(
            "aiops.entity",
            "service.name",
            "faas.name",
            "k8s.deployment.name",
            "k8s.statefulset.name",
            "k8s.daemonset.name",
            "k8s.cronjob.name",
            "k8s.job.name",
            "k8s.pod.name",
            "process.executable.name",
            "container.name",
            "host.name",
            "k8s.node.name",
        ),
    )
    """Resource attributes that name the entity of a series. The first one that is present counts. A placeholder
    (``unknown_service``, a loopback address) counts only if no other is present."""
    entity_scope: tuple[Annotated[tuple[Name, ...], Field(min_length=1)], ...] = (
        ("deployment.environment.name", "deployment.environment"),
        ("k8s.cluster.name",),
        ("service.namespace", "k8s.namespace.name"),
    )
    """Resource attributes whose values precede the name of an entity, joined by ``/``: environment, cluster, namespace.
    Of each group the first one that is present counts. Snapshots of other names are refused."""


class Control(Group):
    """The orchestrator: journal, incidents, deadlines and attempts."""

    journal: str | None = None
    """SQLAlchemy URL of the journal (PostgreSQL or SQLite). None: SQLite, ``journal.db`` in the state folder."""
    commit_milliseconds: float = 5.0
    """Group commit: the longest time that an event waits for further events."""
    commit_events: int = 256
    """Group commit: the number of events at which a group is committed at once."""
    handoff_seconds: float = 5.0
    """Deadline for the answer of an agent. A handoff is tried at most three times; oversight gets one deadline only."""
    correlation_seconds: float = 300.0
    """An episode may join an incident when its entity became abnormal at most this many seconds before the first or
    after the newest member of that incident."""
    correlation_hops: int = 2
    """An episode may join an incident when the paths from both to a common dependency have at most this many edges in
    total."""
    gather_seconds: float = 20.0
    """Longest time that an incident with a doubtful diagnosis waits for more evidence before a person is paged. Every
    incident waits a quarter of it."""
    least_probability: float = 0.5
    """Least probability of the first hypothesis for a plan. Below it the diagnosis is doubtful."""
    settle_seconds: float = 300.0
    """A recurrence within this many seconds after the incident was resolved reopens it."""
    max_attempts: int = 2
    """Number of plans that may be tried for one incident. Then a person is paged."""
    approval_seconds: float = 900.0
    """If a plan is not approved or rejected within this time, the incident is escalated."""
    approval_lasts_seconds: float = Field(default=3600.0, gt=0)
    """An approval counts for this time: steps of its plan that have not begun by then do not begin."""
    acknowledge_seconds: float = 300.0
    """If no one acknowledges a page within this time, the next level is paged."""
    evidence_age_seconds: float = 120.0
    """Maximum age of the evidence for an action. Policies see it as ``context.evidence_limit_seconds``; the shipped
    policy ``stale-evidence`` enforces it."""
    checkpoint_seconds: float = Field(default=60.0, gt=0)
    """Interval at which the audit log is signed and the checkpoint is published to `topics.audit`."""
    shadow: bool = False
    """Shadow mode: decide everything, log it, and execute nothing."""


class Analysis(Group):
    """How causes are found."""

    ranker: str = "weighed"
    """Name of the ranker: ``weighed``, ``walk``, or one that a plug-in brings; ``aiops doctor`` lists them."""


class Acting(Group):
    """Limits that all actions share, and the executors that carry actions out."""

    budget_share: float = Field(default=0.34, ge=0, le=1)
    """Largest share of a failure domain's healthy capacity that all running plans together may put at risk."""
    budget_value_share: float = Field(default=0.5, ge=0, le=1)
    """Largest share of the business value that all running plans together may put at risk."""
    capability_seconds: float = 60.0
    """Lifetime of a capability, the permission to run one step on one target once."""
    executors: dict[str, dict[str, str]] = Field(default_factory=lambda: {"*": {"kind": "none"}})
    """Executor of each primitive (``*`` for all others): its ``kind`` (``http``, ``script``, ``supervisord``,
    ``haproxy``, ``postgresql``, ``rabbitmq``, ``none`` or the name of a plug-in) and its options."""


class Paging(Group):
    """Who is paged, and how."""

    levels: tuple[tuple[str, ...], ...] = (("console://",),)
    """Levels in the order in which they are paged. Each level is a list of channels: ``console://``, ``file:///path``
    or apprise URLs."""
    retry_seconds: float = 10.0
    """Time between two attempts to deliver a page to a level."""
    attempts: int = 3
    """Number of attempts to deliver a page to a level. If all fail, the next level is paged."""


class Console(Group):
    """The console: web pages, API, health and metrics over HTTP."""

    host: str = "127.0.0.1"
    """Address to listen on. The console speaks plain HTTP: put a TLS proxy in front of any address but loopback."""
    port: int = 8765
    """Port of the web pages, the API and the webhooks."""
    metrics_port: int = 9464
    """Port of the runtime's own Prometheus metrics."""
    token: str | None = None
    """Shared bearer token. None: the first start creates ``console.token`` in the state folder."""
    people: dict[str, str] = Field(default_factory=dict)
    """Bearer token of each person, by name. The console signs a command with the name of the token's owner; the shared
    token signs as ``console``."""


class Settings(Group):
    """All settings. ``aiops.adapters.bundle.configuration`` reads them; the environment overrides the file."""

    domain: str = MAIN_DOMAIN
    """Name of the tenant, or of the part of the estate, that this runtime serves."""
    state: Path = Path("~/.local/state/aiops")
    """State folder: snapshots, unsent pages, keys, and by default the journal and the embedded broker's data."""
    bundle: Path | None = None
    """Folder of the config bundle: services, runbooks, policies and change windows. None: the shipped example."""
    ray: str | None = None
    """Address of a Ray cluster, ``auto`` for the one on this machine. None: a local Ray that ends with ``aiops up``."""
    clock: Path | None = None
    """For replays only: file that holds the current time of the recording. None: the system clock."""
    fail_points: bool = False
    """For tests only: allow a test to kill processes at named points."""
    topics: Topics = Topics()
    kafka: Kafka = Kafka()
    data: DataPlane = DataPlane()
    control: Control = Control()
    analysis: Analysis = Analysis()
    acting: Acting = Acting()
    paging: Paging = Paging()
    console: Console = Console()
