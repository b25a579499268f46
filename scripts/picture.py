"""Draws the README's picture: one incident of the simulated shop as `aiops incidents ID` tells it, and its scorecard.

`.venv/bin/python scripts/picture.py [--scenario NAME] [--seed N] [--out FILE.svg]`. Nothing in it is written by hand:
the same seed gives the same picture. Prints the picture's text as well.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402 (the checkout is put on the path first)
from rich.text import Text  # noqa: E402

from aiops.cli.incidents import text  # noqa: E402
from aiops.console.stories import story  # noqa: E402
from simulations.running.healing import Product  # noqa: E402
from simulations.running.simulation import Simulation, Who, incidents_of  # noqa: E402
from simulations.scenarios.scenario import FOLDER, find  # noqa: E402
from simulations.scorecards.grading import grade  # noqa: E402
from simulations.scorecards.relations import Relations  # noqa: E402
from simulations.scorecards.summary import cards  # noqa: E402
from simulations.scorecards.table import table  # noqa: E402

WIDTH: Final = 132
SHOWN: Final = ("timeline", "probable causes", "plan", "policy decisions")
"""Parts of the story that fit on one screen."""
MOST_LINES: Final = 9
"""Of each part."""


def main() -> None:
    """Run the scenario with the runtime and beside it without, then draw."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--scenario", default="bad-deploy-errors")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "incident.svg")
    options = parser.parse_args()
    scenario = find(options.scenario)
    plot = scenario.plot(FOLDER)
    ours = Simulation(plot, Who.PRODUCT, options.seed, light=False)
    runs = [ours.run(), *(Simulation(plot, who, options.seed).run() for who in (Who.NONE, Who.RESTART))]
    rows = cards([grade(scenario, run, Relations(plot.estate)) for run in runs])
    assert isinstance(ours.healer, Product)
    console = Console(record=True, width=WIDTH, force_terminal=True, color_system="truecolor")
    begun = [incident for incident in incidents_of(ours.healer) if incident.plan]
    for incident in begun[:1]:
        told = story(ours.healer.journal, incident.id)
        assert told is not None
        console.print(Text.assemble(("$ ", "dim"), (f"aiops incidents {incident.id}", "bold")))
        for line in _lines("\n".join(text(told)).splitlines()):
            console.print(_coloured(line), overflow="ellipsis", no_wrap=True)
    console.print(Text.assemble(("\n$ ", "dim"), (f"aiops simulate {options.scenario}", "bold")))
    made = table(rows, plot.estate.currency)
    made.title = None
    console.print(made)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    console.save_svg(str(options.out), title="aiops")


def _lines(told: list[str]) -> Iterator[str]:
    """The head, and the parts that are shown, each cut where it is long."""
    shown, count = True, 0
    for line in told:
        if line and not line.startswith(" "):
            shown, count = line.startswith((*SHOWN, "INC")), 0
        if not shown or not line:
            continue
        count += 1
        if count <= MOST_LINES:
            yield line
        elif count == MOST_LINES + 1:
            yield "  …"


def _coloured(line: str) -> Text:
    made = Text(line)
    if not line.startswith(" "):
        made.stylize("bold cyan")
    made.highlight_regex(
        r"\b(monitoring|analysis|routing|resolution|oversight|orchestrator|executor|notifier)\b", "green"
    )
    made.highlight_regex(r"\b(resolved|healthy|permitted|unattended|done)\b", "bold green")
    made.highlight_regex(r"\b(unwell|escalated|refused|forbidden|against)\b", "red")
    made.highlight_regex(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "dim")
    return made


if __name__ == "__main__":
    main()
