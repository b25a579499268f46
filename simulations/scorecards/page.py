"""The scorecard as one HTML file with nothing outside it: figures, and a timeline of each scenario's first seed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from simulations.scenarios.scenario import Scenario
from simulations.scorecards.suite import Results
from simulations.scorecards.summary import Card, cards
from simulations.scorecards.table import COLUMNS, cells
from simulations.scorecards.timeline import LEGEND, timeline

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #667585; --line: #d9e0e7; --ground: #fff; --band: #f4f6f8;
  --bad: #c8402f; --fault: #f2c8bf; --incident: #b98a1d; --act: #1f6fb2; --page: #7a3fa0; --good: #2d8a56; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #97a4b1; --line: #35414d; --ground: #161c22;
  --band: #1e262e; --bad: #ef7a68; --fault: #5a2f29; --incident: #e0b54a; --act: #6db3ee; --page: #c08ce2;
  --good: #62c28b; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 2rem auto;
  max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem } h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem }
p { margin: .25rem 0 .75rem } .soft { color: var(--soft) }
.scroll { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .76rem }
th, td { text-align: right; padding: .2rem .4rem; white-space: nowrap } th { color: var(--soft); font-weight: 600 }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left }
tbody tr.aiops { border-top: 1px solid var(--line); font-weight: 600 } tr.none, tr.restart { color: var(--soft) }
.bad { color: var(--bad) } ul { margin: .25rem 0; padding-left: 1.2rem }
svg { width: 100%; height: auto; display: block; margin-top: .5rem }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif }
svg .soft { fill: var(--soft) } details { margin: .25rem 0 } summary { cursor: pointer; color: var(--soft) }
"""


def page(scenarios: Sequence[Scenario], results: Results, currency: str) -> str:
    """The whole file."""
    rows = cards(results.grades)
    seeds = max((row.seeds for row in rows), default=0)
    head = "".join(f"<th>{escape(name)}</th>" for name in COLUMNS)
    body = "".join(_row(row) for row in rows)
    sections = "".join(_section(scenario, results, rows) for scenario in scenarios)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Scorecard</title><style>{_STYLE}</style></head><body>
<h1>Scorecard</h1>
<p class="soft">Medians over {seeds} seed{"s" * (seeds != 1)} with their intervals; all healers meet the same faults and
the same users. SLO: minutes of broken promises, summed over services. Value lost in {escape(currency)}.</p>
<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>
<p class="soft">{LEGEND}</p>
{sections}</body></html>
"""


def _row(row: Card) -> str:
    texts = [f"<td>{escape(text)}</td>" for text in cells(row)]
    if row.unsafe:
        texts[12] = f'<td class="bad">{row.unsafe}</td>'
    return f'<tr class="{row.who.value}">{"".join(texts)}</tr>'


def _section(scenario: Scenario, results: Results, rows: Sequence[Card]) -> str:
    runs = results.shown.get(scenario.name, {})
    own = [row for row in rows if row.scenario == scenario.name and row.remarks]
    remarks = "".join(
        f"<li>{escape(text)} ({count} of {row.seeds})</li>" for row in own for text, count in row.remarks.items()
    )
    listed = f'<details open><summary>Not as expected</summary><ul class="bad">{remarks}</ul></details>'
    return (
        f'<h2 id="{scenario.name}">{escape(scenario.title)}</h2><p class="soft">{escape(scenario.name)}. '
        f"{escape(scenario.about)} Expected: {escape(' or '.join(scenario.expected.endings))}.</p>"
        f"{timeline(runs)}{listed if remarks else ''}"
    )
