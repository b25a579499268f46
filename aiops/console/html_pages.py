"""The web pages: open incidents, and the whole story of one. Self-contained: no script, nothing from elsewhere.

Templates are in ``templates``. Jinja2 escapes every value: names and texts come from telemetry, which may be hostile.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aiops.console.stories import Story
from aiops.control.state.lifecycle import LAST
from aiops.model.diagnoses import Hypothesis
from aiops.model.display_text import visible_text
from aiops.model.episodes import Episode
from aiops.model.incidents import Incident, IncidentState, Priority
from aiops.model.series_names import display_name
from aiops.model.times import clock_time, rfc3339, span
from remediations.saga_state import SagaState, StepMark

SHOWN_SIGNALS: Final = 3
SHOWN_CAUSES: Final = 5
SHOWN_EVIDENCE: Final = 5
REFRESH_SECONDS: Final = 5
SILENT_SECONDS: Final = 15.0
"""A runtime whose last status is older is shown as silent."""
_COLOURS: Final = {
    IncidentState.AWAITING_APPROVAL.value: "amber",
    IncidentState.HELD.value: "amber",
    IncidentState.ESCALATED.value: "red",
    IncidentState.RESOLVED.value: "green",
    IncidentState.ACTING.value: "blue",
    IncidentState.VERIFYING.value: "blue",
    IncidentState.UNDOING.value: "blue",
    Priority.P1.value: "red",
    Priority.P2.value: "amber",
    StepMark.DONE.value: "green",
    StepMark.SPENT.value: "green",
}
"""Colours of states, priorities and marks of steps; all others are grey."""
_ASKING: Final = frozenset({IncidentState.AWAITING_APPROVAL, IncidentState.HELD})


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page shows around its content."""

    now: int
    who: str | None = None
    """Who is signed in."""
    form: str = ""
    """The hidden value that this session's forms carry."""
    halted: bool = False
    halted_by: str = ""


def list_page(incidents: Sequence[Incident], status: dict[str, Any] | None, frame: Frame) -> str:
    """Open incidents, then closed ones."""
    still = [incident for incident in incidents if incident.state not in LAST]
    counts = {
        "open incidents": len(still),
        "awaiting approval": sum(one.state is IncidentState.AWAITING_APPROVAL for one in still),
        "escalated": sum(one.state is IncidentState.ESCALATED for one in still),
    }
    closed = [incident for incident in incidents if incident.state in LAST]
    tiles = counts | _health(status, frame.now)
    return _render("incidents.html", frame, still=still, closed=closed, tiles=tiles, calm=_calm(status, frame.now))


def story_page(shown: Story, frame: Frame) -> str:
    """Everything about one incident, with the buttons that fit its state."""
    incident = shown.incident
    return _render(
        "incident.html",
        frame,
        shown=shown,
        incident=incident,
        asks=incident.state in _ASKING,
        over=incident.state in LAST,
        escalated=incident.state is IncidentState.ESCALATED,
        stuck=any(plan.state == SagaState.STUCK.value for plan in shown.plans),
        unacknowledged=any(not record.acknowledged_by for record in shown.pages),
        dated=_date(incident.onset) != _date(frame.now),
    )


def sign_in_page(frame: Frame, back: str) -> str:
    """Asks for a token."""
    return _render("sign_in.html", frame, back=back)


def message_page(title: str, words: str, frame: Frame) -> str:
    """One message, and the way back."""
    return _render("message.html", frame, title=title, words=words)


# ------------------------------------------------------------------------------------------------------------ facts


def _health(status: dict[str, Any] | None, now: int) -> dict[str, Any]:
    """The runtime in figures."""
    if status is None:
        return {"runtime": "not running"}
    age = _age_seconds(status, now)
    lag = sum(sum(shard.get("lag", {}).values()) for shard in status["shards"])
    runtime = "running" if age < SILENT_SECONDS else f"silent for {age:,.0f} s"
    return {"runtime": runtime, "shards": len(status["shards"]), "consumer lag, records": f"{lag:,}"}


def _calm(status: dict[str, Any] | None, now: int) -> str:
    """What an empty list means."""
    if status is None:
        return "The runtime is not running: nothing is monitored."
    if _age_seconds(status, now) >= SILENT_SECONDS:
        return "The runtime is silent: incidents since its last status are missing here."
    return "No monitored entity needs attention."


def _age_seconds(status: dict[str, Any], now: int) -> float:
    return float(now - status["at"]) / 1e9


def best_cause(incident: Incident) -> str:
    """Kind of fault and probability; empty: no cause is certain enough."""
    if incident.root is None or incident.diagnosis is None:
        return ""
    best = incident.diagnosis.hypotheses[0]
    return f"{best.kind}, {best.probability:.0%}"


def signal_lines(episode: Episode) -> list[str]:
    """The worst signals of an episode, a line each."""
    siblings = [signal.series for signal in episode.signals]
    return [
        f"{display_name(s.series, siblings)} {s.direction.value}: {s.value:.4g}, usual {s.expected:.4g}"
        for s in episode.signals[:SHOWN_SIGNALS]
    ]


def reasons(hypothesis: Hypothesis) -> list[str]:
    """The evidence that moved a hypothesis most, a line each."""
    strongest = sorted(hypothesis.evidence, key=lambda evidence: -abs(evidence.weight))[:SHOWN_EVIDENCE]
    return [f"{'for' if evidence.supports else 'against'}: {evidence.what}" for evidence in strongest]


def moment(at: int, *, dated: bool = False) -> str:
    """A time of day, UTC to the second; ``dated``: with its date."""
    return clock_time(at) if dated else clock_time(at).partition(" ")[2]


def _date(at: int) -> str:
    return clock_time(at).partition(" ")[0]


# -------------------------------------------------------------------------------------------------------- rendering


def _shown(value: object) -> object:
    """Text that came from outside, without what a browser would obey beside markup; Jinja2 escapes it afterwards."""
    return value if isinstance(value, Markup) else visible_text(str(value))


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("aiops.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters |= {
        "best_cause": best_cause,
        "moment": moment,
        "percent": "{:.0%}".format,
        "reasons": reasons,
        "rfc3339": rfc3339,
        "signal_lines": signal_lines,
        "span": span,
    }
    made.globals |= {
        "colours": _COLOURS,
        "refresh_seconds": REFRESH_SECONDS,
        "shown_causes": SHOWN_CAUSES,
        "shown_signals": SHOWN_SIGNALS,
    }
    return made


_TEMPLATES: Final = _environment()
_STYLE: Final = _TEMPLATES.get_template("page.css").render()
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
SECURITY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content-Security-Policy of every page: our style sheet and our forms, nothing else."""


def _render(name: str, frame: Frame, **facts: object) -> str:
    return _TEMPLATES.get_template(name).render(frame=frame, now=frame.now, **facts)
