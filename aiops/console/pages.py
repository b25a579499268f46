"""The web pages: open incidents, and the whole story of one. Self-contained: no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiops.console.html import Html, element, raw
from aiops.console.stories import PlanStory, Story
from aiops.control.state.lifecycle import LAST
from aiops.model.diagnoses import Diagnosis, Hypothesis
from aiops.model.episodes import Episode
from aiops.model.incidents import Incident, IncidentState

_STYLE: Final = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
SECURITY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Content-Security-Policy of every page: our style sheet and our forms, nothing else."""
_COLOURS: Final = {
    IncidentState.AWAITING_APPROVAL: "amber",
    IncidentState.HELD: "amber",
    IncidentState.ESCALATED: "red",
    IncidentState.RESOLVED: "green",
    IncidentState.ACTING: "blue",
    IncidentState.VERIFYING: "blue",
    IncidentState.UNDOING: "blue",
}
_REFRESH_SECONDS: Final = 5


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
    told: str = ""
    """What became of the last command."""


def list_page(incidents: Sequence[Incident], status: dict[str, Any] | None, frame: Frame) -> Html:
    """Open incidents, then those that are over."""
    still = [i for i in incidents if i.state not in LAST]
    over = [i for i in incidents if i.state in LAST]
    waiting = sum(i.state is IncidentState.AWAITING_APPROVAL for i in still)
    handed = sum(i.state is IncidentState.ESCALATED for i in still)
    tiles = [("open incidents", str(len(still))), ("wait for approval", str(waiting)), ("with a person", str(handed))]
    tiles += _health(status, frame.now)
    content = [
        element("div", (element("div", element("b", n), element("span", t), class_="tile") for t, n in tiles),
                class_="tiles"),
        _table("Open incidents", still, frame.now) if still else _nothing(),
        _table("Over", over, frame.now) if over else None,
    ]  # fmt: skip
    title = f"({len(still)}) incidents" if still else "no incidents"
    return _page(title, content, frame, refresh=True)


def story_page(told: Story, frame: Frame) -> Html:
    """Everything about one incident, with the buttons that fit its state."""
    incident = told.incident
    diagnosis = incident.diagnosis
    plans = [_section(f"Plan: {plan.runbook}", _plan(plan)) for plan in told.plans]
    content: list[Html | Iterable[Html] | None] = [
        _head(told, frame),
        plans if _asks(told) else None,  # what is asked for stands beside the buttons
        _section("Timeline", _timeline(incident)),
        _section("Probable causes", _causes(diagnosis)) if diagnosis else None,
        _section("Affected", _impact(diagnosis)) if diagnosis and diagnosis.impact else None,
        _section("Suspicious changes", _list(f"{c.id} on {c.entity} ({c.suspicion:.0%}): {c.why}"
                                             for c in diagnosis.changes)) if diagnosis and diagnosis.changes else None,
        None if _asks(told) else plans,
        _section("Episodes", _episodes(told.episodes)) if told.episodes else None,
        _section("Policy decisions", _decisions(told)) if told.decisions else None,
        _section("Pages", _pages(told)) if told.pages else None,
    ]  # fmt: skip
    # A page that asks for a decision stands still: a reload would take away what is being typed.
    return _page(f"{incident.id} {incident.state.value}", content, frame, refresh=not _asks(told))


def sign_in_page(frame: Frame, back: str) -> Html:
    """Asks for a token."""
    form = element(
        "form",
        element("input", name="token", type="password", placeholder="token", autofocus=True, required=True,
                autocomplete="current-password"),
        element("input", name="back", type="hidden", value=back),
        element("button", "Sign in", class_="yes"),
        method="post",
        action="/sign-in",
    )  # fmt: skip
    hint = "Your own token (console.people in aiops.yaml), or the shared one: console.token in the state folder."
    content = element("section", element("h2", "Sign in"), element("p", hint, class_="soft"),
                      element("div", form, class_="actions"))  # fmt: skip
    return _page("sign in", [content], frame, refresh=False)


def message_page(title: str, words: str, frame: Frame) -> Html:
    """One sentence, and the way back."""
    content = element("section", element("h1", title), element("p", words), element("a", "All incidents", href="/"))
    return _page(title, [content], frame, refresh=False)


# ------------------------------------------------------------------------------------------------------------ frame


def _page(title: str, content: Iterable[Html | Iterable[Html] | None], frame: Frame, *, refresh: bool) -> Html:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="refresh", content=_REFRESH_SECONDS) if refresh else None,
        element("title", f"{title} · aiops"),
        element("style", raw(_STYLE)),
    )
    notes = [
        element("section", element("b", f"Halted by {frame.halted_by}."), " No new action begins.",
                class_="note stop") if frame.halted else None,
        element("section", frame.told, class_="note", role="status") if frame.told else None,
    ]  # fmt: skip
    body = element("body", _bar(frame), element("main", notes, content))
    return Html("<!doctype html>\n" + element("html", head, body, lang="en"))


def _bar(frame: Frame) -> Html:
    links = [element("a", element("b", "aiops"), href="/"), element("span", class_="grow")]
    links.append(element("span", f"{_clock(frame.now)} UTC", class_="soft"))
    if frame.who is None:
        links.append(element("a", "Sign in", href="/sign-in"))
    else:
        word = "resume" if frame.halted else "halt"
        label = "Resume" if frame.halted else "Halt all actions"
        links.append(_button(f"/do/{word}", label, frame, "yes" if frame.halted else "no"))
        links.append(element("span", frame.who, class_="soft"))
        links.append(_button("/sign-out", "Sign out", frame, "plain"))
    return element("header", element("div", links))


def _button(action: str, label: str, frame: Frame, style: str, *fields: Html) -> Html:
    hidden = element("input", name="form", type="hidden", value=frame.form)
    return element("form", hidden, fields, element("button", label, class_=style), method="post", action=action)


def _section(title: str, *content: Html) -> Html:
    return element("section", element("h2", title), content)


# ------------------------------------------------------------------------------------------------------------- list


def _nothing() -> Html:
    words = "Everything that is watched is as usual."
    return element("section", element("b", "No incident is open"), element("span", words, class_="soft"),
                   class_="empty")  # fmt: skip


def _health(status: dict[str, Any] | None, now: int) -> list[tuple[str, str]]:
    if status is None:
        return [("the runtime", "not running")]
    age = (now - status["at"]) / 1e9
    lag = sum(sum(shard.get("lag", {}).values()) for shard in status["shards"])
    fresh = "up" if age < 15 else f"silent {age:,.0f} s"
    return [("the runtime", fresh), ("shards", str(len(status["shards"]))), ("records behind", f"{lag:,}")]


def _table(title: str, incidents: Sequence[Incident], now: int) -> Html:
    head = element("tr", (element("th", name) for name in ("Incident", "State", "For", "Probable cause", "Last")))
    rows = (_row(incident, now) for incident in incidents)
    table = element("table", element("thead", head), element("tbody", rows), class_="list")
    return _section(title, element("div", table, class_="scroll"))


def _row(incident: Incident, now: int) -> Html:
    link = element("a", element("b", incident.id), href=f"/incidents/{incident.id}")
    count = incident.members_total or len(incident.entities)
    items = f"{count} items" if count != 1 else "1 item"
    cause = f"{_probability(incident)}" if incident.root else "not known"
    where = incident.root or (incident.entities[0] if incident.entities else "")
    last = str(incident.outcome or "") or (incident.story[-1].what if incident.story else "")
    return element(
        "tr",
        element("td", link, element("br"), _badge(incident.priority.value, _urgency(incident)), class_="tight"),
        element("td", _state(incident), class_="tight"),
        element("td", _span((incident.closed_at or now) - incident.opened_at), class_="tight"),
        element("td", element("b", where), element("br"), element("span", f"{cause} · {items}", class_="soft")),
        element("td", last),
    )


def _probability(incident: Incident) -> str:
    assert incident.diagnosis is not None
    best = incident.diagnosis.hypotheses[0]
    return f"{best.kind}, {best.probability:.0%}"


def _state(incident: Incident) -> Html:
    return _badge(incident.state.value.replace("-", " "), _COLOURS.get(incident.state, ""))


def _urgency(incident: Incident) -> str:
    return {"P1": "red", "P2": "amber"}.get(incident.priority.value, "")


def _badge(words: str, colour: str) -> Html:
    return element("span", words, class_=f"badge {colour}".strip())


# ------------------------------------------------------------------------------------------------------------ story


def _asks(told: Story) -> bool:
    return told.incident.state in {IncidentState.AWAITING_APPROVAL, IncidentState.HELD}


def _head(told: Story, frame: Frame) -> Html:
    incident = told.incident
    title = f"{incident.root}: {_probability(incident)}" if incident.root else "Cause not known yet"
    end = incident.closed_at or frame.now
    count = incident.members_total or len(incident.entities)
    facts = {
        "open for": f"{_span(end - incident.opened_at)}, since {_day(incident.opened_at)} UTC",
        "trouble since": f"{_day(incident.onset)} UTC",
        "owner": incident.owner or "nobody named",
        f"{count} items": ", ".join(incident.entities[:10]) + (" …" if count > 10 else ""),
    }
    if incident.outcome:
        facts["outcome"] = str(incident.outcome)
    if incident.tickets:
        facts["tickets"] = ", ".join(incident.tickets)
    badges = [
        _badge(incident.priority.value, _urgency(incident)),
        " ",
        _state(incident),
        " shadow mode" if incident.shadow else "",
    ]
    return element(
        "section",
        element("p", element("b", incident.id), " ", badges),
        element("h1", title),
        element("dl", ((element("dt", name), element("dd", value)) for name, value in facts.items())),
        _choices(told, frame),
        class_="note" if _asks(told) else None,
    )


def _choices(told: Story, frame: Frame) -> Html | None:
    incident = told.incident
    state = incident.state
    if state in LAST:
        return None
    if frame.who is None:
        words = "Sign in to approve or reject" if _asks(told) else "Sign in to act on it"
        return element("p", element("a", words, href=f"/sign-in?back=/incidents/{incident.id}"))
    place = f"/do/{{}}/{incident.id}"
    buttons: list[Html] = []
    if told.waits:
        count = f" ({len(told.approvals)} of {told.approvals_needed})" if told.approvals_needed > 1 else ""
        seen = element("input", name="seen", value=told.seen, type="hidden")
        buttons.append(_button(place.format("approve"), f"Approve{count}", frame, "yes", seen))
    if _asks(told):
        reason = element("input", name="reason", placeholder="why (kept in the journal)", maxlength=500)
        buttons.append(_button(place.format("reject"), "Reject", frame, "no", reason))
    if any(not record.acknowledged_by for record in told.pages):
        buttons.append(_button(place.format("acknowledge"), "Acknowledge", frame, "plain"))
    if any(plan.state == "stuck" for plan in told.plans):
        buttons.append(_button(place.format("take-over"), "Targets are in order", frame, "plain"))
    if state is IncidentState.ESCALATED:
        buttons.append(_button(place.format("close"), "Close", frame, "plain"))
    return element("div", buttons, class_="actions") if buttons else None


def _timeline(incident: Incident) -> Html:
    lines = (
        element("li", element("time", _clock(line.at)), element("span", line.who, class_="who"),
                element("span", line.what))
        for line in incident.story
    )  # fmt: skip
    return element("ol", lines, class_="timeline")


def _causes(diagnosis: Diagnosis) -> Html:
    rest = f"Something that was not seen: {diagnosis.p_unknown:.0%}. Any other item: {diagnosis.p_rest:.0%}."
    unsure = element("p", "No cause is sure enough to act on.") if diagnosis.unknown else None
    causes = [_cause(hypothesis) for hypothesis in diagnosis.hypotheses[:5]]
    return element("div", unsure, causes, element("p", rest, class_="soft"))


def _cause(hypothesis: Hypothesis) -> Html:
    strongest = sorted(hypothesis.evidence, key=lambda e: -abs(e.weight))[:5]
    reasons = (f"{'for' if e.supports else 'against'}: {e.what}" for e in strongest)
    return element(
        "div",
        element("span", element("b", hypothesis.entity), f" {hypothesis.kind}"),
        element("b", f"{hypothesis.probability:.0%}"),
        element("meter", value=f"{hypothesis.probability:.3f}", min=0, max=1),
        _list(reasons),
        class_="cause",
    )


def _impact(diagnosis: Diagnosis) -> Html:
    rows = (
        element("tr", element("td", element("b", hit.entity)), element("td", hit.how),
                element("td", f"{hit.value_per_minute:,.0f} a minute" if hit.value_per_minute else "", class_="tight"))
        for hit in diagnosis.impact[:15]
    )  # fmt: skip
    return element("table", element("tbody", rows))


def _plan(plan: PlanStory) -> Html:
    steps = (
        element("tr", element("td", element("b", f"{step.primitive} {step.target}")),
                element("td", f"undo: {step.undo}" if step.undo else "irreversible", class_="soft"),
                element("td", _badge(step.mark, "green" if step.mark.startswith("done") else ""), " ", step.detail))
        for step in plan.steps
    )  # fmt: skip
    facts = {"state": plan.state, "because": plan.reason, "expected": plan.expected}
    told = element("dl", ((element("dt", name), element("dd", value)) for name, value in facts.items()))
    return element("div", told, element("table", element("tbody", steps), class_="plan"))


def _episodes(episodes: Sequence[Episode]) -> Html:
    head = element("tr", (element("th", name) for name in ("Item", "From", "Until", "What")))
    rows = (
        element("tr", element("td", element("b", e.entity)), element("td", _clock(e.opened_at), class_="tight"),
                element("td", _clock(e.ended_at) if e.ended_at else _badge("still", "amber"), class_="tight"),
                element("td", _signals(e)))
        for e in episodes
    )  # fmt: skip
    return element("div", element("table", element("thead", head), element("tbody", rows)), class_="scroll")


def _signals(episode: Episode) -> str:
    told = (f"{s.series} {s.direction.value}: {s.value:.4g}, usual {s.expected:.4g}" for s in episode.signals[:3])
    more = f"; {episode.signals_total - 3} more" if episode.signals_total > 3 else ""
    return "; ".join(told) + more


def _decisions(told: Story) -> Html:
    rows = (
        element("tr", element("td", element("time", _clock(d.at)), class_="tight"),
                element("td", _badge(d.level if d.permitted else "no", "" if d.permitted else "red"), class_="tight"),
                element("td", element("span", d.subject, class_="mono"), element("br"), "; ".join(d.reasons)),
                element("td", ", ".join(d.policies), class_="soft"))
        for d in told.decisions
    )  # fmt: skip
    return element("div", element("table", element("tbody", rows)), class_="scroll")


def _pages(told: Story) -> Html:
    parts = []
    for record in told.pages:
        page = record.page
        mark = _badge("delivered", "green") if record.delivered else _badge("not delivered yet", "amber")
        taken = f" · acknowledged by {record.acknowledged_by}" if record.acknowledged_by else ""
        facts = {"broken": page.broken, "matters": page.matters, "asks": page.asks}
        head = element("p", element("b", page.title), " ", mark, f" level {page.level + 1}, {_clock(page.at)}{taken}")
        parts += [head, element("dl", ((element("dt", name), element("dd", value)) for name, value in facts.items()))]
    return element("div", parts)


def _list(lines: Iterable[str]) -> Html:
    return element("ul", (element("li", line) for line in lines))


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%H:%M:%S")


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _span(nanoseconds: int) -> str:
    minutes, seconds = divmod(max(0, nanoseconds // 10**9), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
