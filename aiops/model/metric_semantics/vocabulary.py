"""The words from which the semantics of names without a row in a table are guessed.

A name is split into words, never searched for parts of words: ``setup`` is not ``up``, ``cpuset`` is not ``cpu``. The
first cue of ``CUES`` that has one of the words gives role and direction; the first part of ``PARTS`` gives the part;
the text beside each set states its use. Keep this list small: add a row to the table for an important metric.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from aiops.model.metric_semantics.semantics import MetricPart, MetricRole, Worse


class Cue(NamedTuple):
    """Words that indicate the role of a metric."""

    role: MetricRole
    worse: Worse
    words: frozenset[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SETTING: Final = _words("info timestamp version generation labels annotations spec config configured desired expected")
"""A setting or a description, unless something failed: no way is worse."""
SETTING_LAST: Final = _words("limit limits max maximum min minimum capacity allocatable quota threshold target targets")
"""The same, where it is the last word: ``memory_limit``, but not ``cpu_limit_utilization`` or ``latency_max``."""
NEGATIONS: Final = _words("not non no un without zero")
"""Before a word of a cue: the direction turns, ``not_ready``."""
JOINED: Final = {
    ("time", "out"): "timeout", ("time", "outs"): "timeouts", ("timed", "out"): "timeout", ("back", "log"): "backlog",
    ("in", "flight"): "inflight", ("over", "load"): "overload", ("fail", "over"): "failover",
    ("failed", "over"): "failover", ("set", "up"): "setup", ("start", "up"): "startup", ("back", "up"): "backup",
    ("clean", "up"): "cleanup", ("look", "up"): "lookup", ("warm", "up"): "warmup", ("up", "time"): "uptime",
    ("down", "time"): "downtime", ("load", "average"): "loadavg", ("load", "avg"): "loadavg",
    ("thread", "pool"): "threadpool", ("dead", "letter"): "deadletter", ("dead", "letters"): "deadletter",
    ("event", "loop"): "eventloop", ("fall", "back"): "fallback", ("page", "load"): "pageload",
    ("load", "time"): "pageload", ("work", "load"): "workload",
}  # fmt: skip
"""Two words that mean something else together."""
LAST_ONLY: Final = _words("up down ok")
"""Cues only as the last word: ``redis_up``, but not ``up_to_date`` or ``scale_down_events``."""

CUES: Final = (
    Cue(MetricRole.ERRORS, Worse.UP, _words(
        "error errors err errs exception exceptions fail fails failed failing failure failures fault faults fatal "
        "panic panics 4xx 5xx timeout timeouts reject rejects rejected refused denied abort aborts aborted cancelled "
        "canceled retry retries retried retransmit retransmits retransmitted retransmissions drop drops dropped loss "
        "lost discard discards discarded redelivered redeliveries deadletter poison deadlock deadlocks corrupt "
        "corrupted corruption invalid burn bad"
    )),
    Cue(MetricRole.AVAILABILITY, Worse.UP, _words(
        "unavailable unavail unavailability unhealthy unready notready unreachable unschedulable unsuccessful "
        "inaccessible offline down downtime dead degraded disconnected outage crash crashes crashed crashing crashloop "
        "restart restarts restarted reboot reboots oom oomkill oomkilled"
    )),
    Cue(MetricRole.AVAILABILITY, Worse.DOWN, _words(
        "availability available success successes successful succeeded healthy health up ready readiness ok alive live "
        "liveness online reachable"
    )),
    Cue(MetricRole.RUNTIME, Worse.UP, _words("gc garbage")),
    Cue(MetricRole.LATENCY, Worse.UP, _words(
        "latency latencies duration durations delay delays elapsed rtt ttfb mrt rt response await pageload p50 p75 p90 "
        "p95 p98 p99 p999"
    )),
    Cue(MetricRole.QUEUE, Worse.UP, _words(
        "queue queues queued queueing queuing lag lagging backlog pending waiting wait waits waited inflight "
        "outstanding unacked unacknowledged blocked concurrency"
    )),
    Cue(MetricRole.SATURATION, Worse.UP, _words(
        "saturation saturated throttled throttling throttle throttles pressure pool pools threadpool connections "
        "threads load loadavg overload exhausted exhaustion evicted evictions eviction contention contentions"
    )),
)  # fmt: skip
"""In the order in which they count: what went wrong, then how well it does, then how long, how many wait, how full."""

TRAFFIC: Final = _words(
    "request requests req reqs rps qps tps call calls count counts throughput workload op ops operation operations "
    "rate hits traffic session sessions message messages published delivered consumed acknowledged invocations query "
    "queries commits transactions events records sent received accepted handled processed lines visits orders"
)
"""How much is done, where neither a cue nor a part says more: no way is worse by itself."""
WORKING: Final = _words("active current running open")
"""With a word of ``WORK``: under way now, a queue."""
WORK: Final = _words("request requests call calls query queries transactions jobs tasks")
WAITING_READY: Final = _words("message messages task tasks job jobs item items")
"""With ``ready``: ready to be taken, so it waits; a queue and no readiness."""
TIMED: Final = _words("request requests response query execution processing process call handler job task step service")
"""With ``time``: how long it takes."""

LEFT: Final = _words("free avail available remaining left unused headroom idle")
"""What is left of something: less is worse."""
LEFT_OF: Final = frozenset({MetricPart.CPU, MetricPart.MEMORY, MetricPart.DISK})
IN_USE: Final = _words("utilization utilisation usage used utilized utilised busy full fill occupancy")
UTILISED: Final = _words("utilization utilisation")
"""A share of 1 by OpenTelemetry's naming rules, also where no unit is stated."""
SHARE_WORDS: Final = _words("ratio percent percentage pct fraction share")
PERCENT_WORDS: Final = _words("percent percentage pct")
HIT: Final = _words("hit hits")
MISS: Final = _words("miss misses missed")
CLOCK: Final = _words("uptime")
"""Grows by itself; neither way is worse."""
COMING: Final = _words("accepted received handled opened created established closed new")
"""With ``connections``: how many come and go, not how many there are."""

PARTS: Final = (
    (MetricPart.CERTIFICATE, _words("cert certs certificate certificates x509")),
    (MetricPart.RESTART, _words("restart restarts restarted reboot reboots oom oomkill oomkilled crash crashes crashed "
                                "crashing crashloop")),
    (MetricPart.CPU, _words("cpu cpus load loadavg processor processors throttled throttling throttle core cores "
                            "eventloop")),
    (MetricPart.MEMORY, _words("memory mem heap rss swap gc garbage ram buffer buffers")),
    (MetricPart.DISK, _words("disk disks diskio filesystem filesystems fs inode inodes iops io iowait storage volume "
                             "volumes syscall syscalls fsync")),
    (MetricPart.NETWORK, _words("network net packet packets tcp udp retransmit retransmits retransmitted "
                                "retransmissions receive received transmit transmitted rx tx bandwidth nic socket "
                                "sockets dns")),
    (MetricPart.INSTANCES, _words("pods replicas instances brokers members")),
)  # fmt: skip
"""The most specific first."""

HOST: Final = _words("node host machine")
PEER: Final = _words("client outbound upstream egress peer")
