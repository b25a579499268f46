"""One frozen tree of settings, grouped by concern, a docstring under each field.

Read from ``aiops.yaml`` and from the environment (``AIOPS_…``). Durations are seconds unless the name says otherwise.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aiops.model.entities import MAIN_DOMAIN


class Group(BaseModel):
    """A group of settings: frozen, and a field that nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Topics(Group):
    """Names of the topics; the defaults need no configuration in a stock OpenTelemetry Collector."""

    otlp_metrics: str = "otlp_metrics"
    """OTLP export requests of metrics, protobuf or JSON."""
    otlp_logs: str = "otlp_logs"
    """OTLP export requests of logs."""
    otlp_spans: str = "otlp_spans"
    """OTLP export requests of spans."""
    metrics_arrow: str = "aiops.metrics.arrow"
    """Points as Arrow IPC, for bulk producers."""
    keyed: str = "aiops.keyed"
    """Internal: what belongs to another slot's entity goes on through it."""
    cmdb: str = "aiops.cmdb"
    """Items and what they need; compacted."""
    changes: str = "aiops.changes"
    """Deployments, configuration changes and the like."""
    tickets: str = "aiops.tickets"
    """Users' tickets."""
    alerts: str = "aiops.alerts"
    """Alertmanager's webhook bodies."""
    anomalies: str = "aiops.anomalies"
    """Episodes and observed edges, from the shards to the orchestrator."""
    incidents: str = "aiops.incidents"
    """Out: incidents as they change."""
    actions: str = "aiops.actions"
    """Out: steps as they begin and end."""
    audit: str = "aiops.audit"
    """Out: signed checkpoints of the record of decisions, kept for ever."""
    dead_letters: str = "aiops.dead-letters"
    """Out: what could not be used, sealed, with its reason."""
    keyed_by_entity: tuple[str, ...] = ("aiops.metrics.arrow",)
    """Telemetry topics whose records are keyed by entity, so that no record need go on through ``keyed``."""

    formats: dict[str, str] = Field(default_factory=dict)
    """Further telemetry topics to the name of their format: a plug-in's, or ``otlp-metrics``, ``otlp-logs``,
    ``otlp-spans``, ``arrow-metrics``."""

    @property
    def decoded(self) -> dict[str, str]:
        """Every telemetry topic from outside and the name of its format, in the order in which they are read."""
        own = {
            self.otlp_metrics: "otlp-metrics",
            self.otlp_logs: "otlp-logs",
            self.otlp_spans: "otlp-spans",
            self.metrics_arrow: "arrow-metrics",
        }
        return own | self.formats

    @property
    def telemetry(self) -> tuple[str, ...]:
        """What the shards read from outside."""
        return tuple(self.decoded)

    @property
    def control(self) -> tuple[str, ...]:
        """What the orchestrator reads."""
        return (self.cmdb, self.changes, self.tickets, self.alerts, self.anomalies)


class Kafka(Group):
    """The broker and how it is read."""

    bootstrap: str | None = None
    """``host:port[,host:port]``; None starts the embedded broker. Environment: ``AIOPS_KAFKA``."""
    partitions: int = Field(default=4, ge=1, le=4096)
    """Partitions of each telemetry topic when we create it; a slot is one partition of every telemetry topic."""
    replication: int = Field(default=1, ge=1)
    """Replicas of each topic when we create it; never more than there are brokers."""
    client: str = "kafka-python"
    """Adapter of the data plane: ``kafka-python`` or ``confluent`` (extra ``fast``)."""
    poll_bytes: int = 8 * 1024 * 1024
    """At most about this much a poll; it bounds the memory of a batch."""
    max_record_bytes: int = 8 * 1024 * 1024
    """Larger records are dead letters."""


class DetectorChoice(Group):
    """A detector that watches some series besides the bank."""

    name: str
    """Of the detector: ``half-space-trees``, or a plug-in's."""
    metrics: tuple[str, ...] = ("*",)
    """Patterns of metrics' names; a series that one of them fits is watched."""
    series: int = Field(default=256, ge=1)
    """At most so many series a slot."""


class DataPlane(Group):
    """Shards: slots, detection, snapshots."""

    shards: int = Field(default=1, ge=1)
    """Monitoring actors at the first start; `aiops scale` changes it afterwards."""
    series_limit: int = 1_000_000
    """Series a slot; new ones past it are dead letters."""
    snapshot_seconds: float = 10.0
    """How often a slot's state is made durable; replay after a kill is at most this and what one batch holds."""
    flush_seconds: float = 1.0
    """Episodes leave the shard at least this often."""
    future_seconds: float = 600.0
    """Points further in the future are dead letters."""
    late_seconds: float = 300.0
    """Points older than the series' newest by more are late: counted, not scored."""
    dead_letter_bytes: int = 65_536
    """Original bytes kept of a dead letter."""
    warm_up_points: int = 30
    """Points a series is watched before it is scored."""
    well_seconds: float = 60.0
    """How long all series of an entity must be back before its episode ends; keeps it from flapping."""
    model_series: int = Field(default=256, ge=0)
    """Series a slot with a model of their own, among those that an objective speaks of; 0: none. About 100 µs a point,
    and a model is silent for its first 500 points."""
    detectors: tuple[DetectorChoice, ...] = ()
    """Detectors beside the bank, each with ``name``, ``metrics`` (patterns) and ``series`` (at most so many a slot). A
    series gets the first that fits it; this goes before the models of objectives."""
    views: tuple[str, ...] = ()
    """Further views that score every point of every series, by name; each costs every point."""
    ring_step_seconds: float = 60.0
    """Time between two remembered values of a series."""
    ring_steps: int = 360
    """Recent values kept a series: six hours at a minute."""
    idle_seconds: float = 60.0
    """A source that sends nothing for this long is idle and holds no watermark back."""
    blind_seconds: float = 60.0
    """A shard that is behind, or a steady topic of which is silent, for this long, says that it is blind."""
    entity_attributes: tuple[str, ...] = (
        "aiops.entity",
        "service.name",
        "k8s.deployment.name",
        "k8s.pod.name",
        "host.name",
    )
    """Resource attributes that name the entity, first found wins."""


class Control(Group):
    """The orchestrator."""

    journal: str | None = None
    """SQLAlchemy URL; None: SQLite in the state folder."""
    commit_milliseconds: float = 5.0
    """Longest wait for more events before a commit."""
    commit_events: int = 256
    """Group commit: whichever comes first."""
    handoff_seconds: float = 5.0
    """An agent that has not answered by then has failed."""
    correlation_seconds: float = 300.0
    """Episodes that open within this time of an incident's newest may belong to it."""
    correlation_hops: int = 2
    """Steps in the graph within which episodes may belong to one incident."""
    gather_seconds: float = 20.0
    """Longest wait for more evidence before a doubtful diagnosis is escalated."""
    confident: float = 0.5
    """Probability of the first hypothesis from which a plan is made at once."""
    settle_seconds: float = 300.0
    """A recurrence within this time after the end reopens the incident."""
    max_attempts: int = 2
    """Plans tried a work item before a person is paged."""
    approval_seconds: float = 900.0
    """An approval that has not come by then is none: the incident escalates."""
    acknowledge_seconds: float = 300.0
    """A page that nobody has acknowledged by then goes to the next level."""
    evidence_age_seconds: float = 120.0
    """Older evidence is no ground to act on: the policy `stale-evidence` compares with it."""
    checkpoint_seconds: float = Field(default=60.0, gt=0)
    """How often the record of decisions is signed, and the checkpoint published to `topics.audit`."""
    shadow: bool = False
    """Decide everything, execute nothing."""


class Analysis(Group):
    """How causes are found."""

    ranker: str = "walk"
    """Name of the ranker: ``walk``, or one that a plug-in brings; ``aiops doctor`` lists them."""


class Acting(Group):
    """Bounds of all actions together."""

    budget_share: float = Field(default=0.34, ge=0, le=1)
    """Share of a failure domain's healthy capacity that all plans together may put at risk."""
    budget_value_share: float = Field(default=0.5, ge=0, le=1)
    """The same of the estate's business value."""
    capability_seconds: float = 60.0
    """Life of a permission for one step on one target."""
    executors: dict[str, dict[str, str]] = Field(default_factory=lambda: {"*": {"kind": "none"}})
    """Primitive (or ``*``) to executor: ``kind`` (``http``, ``script``, ``none``, or a plug-in's) and its options."""


class Paging(Group):
    """Who is told, and how. Levels in order; each is a list of apprise URLs."""

    levels: tuple[tuple[str, ...], ...] = (("console://",),)
    """Who is told first, and whom next: channels of each level, as ``console://``, ``file:///path`` or apprise URLs."""
    retry_seconds: float = 10.0
    """Time between two attempts at a channel."""
    attempts: int = 3
    """Deliveries tried a level before the next one is paged."""


class Console(Group):
    """HTTP: approvals, health, pages."""

    host: str = "127.0.0.1"
    """Address to listen on; it speaks plain HTTP, so put TLS before any other."""
    port: int = 8765
    """Of pages, API and webhooks."""
    metrics_port: int = 9464
    """Of the runtime's own Prometheus metrics."""
    token: str | None = None
    """Bearer token for commands; None: made at the first start and kept in the state folder."""
    people: dict[str, str] = Field(default_factory=dict)
    """Person to a bearer token of their own, with which they sign; the shared token signs as ``console``."""


class Settings(Group):
    """All settings. ``aiops.adapters.bundle.configuration`` reads them; the environment wins over the file."""

    domain: str = MAIN_DOMAIN
    """Tenant or part of the estate; it is in every event, row and actor name."""
    state: Path = Path("~/.local/state/aiops")
    """Folder of everything the runtime must not lose on this node."""
    binder: Path | None = None
    """Folder with services, runbooks, policies, windows; None: the shipped example."""
    ray: str | None = None
    """Address of a Ray cluster (``auto``: the one on this machine); None: a local one that ends with ``aiops up``."""
    clock: Path | None = None
    """For replays only: the file with the recording's time that all parts go by; None: the system's clock."""
    fail_points: bool = False
    """For tests only: let a test kill processes at named points."""
    topics: Topics = Topics()
    kafka: Kafka = Kafka()
    data: DataPlane = DataPlane()
    control: Control = Control()
    analysis: Analysis = Analysis()
    acting: Acting = Acting()
    paging: Paging = Paging()
    console: Console = Console()
