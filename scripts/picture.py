"""Draws the README's picture: the output of `aiops incidents ID` for a simulated incident, and its scorecard.

`.venv/bin/python scripts/picture.py [--scenario NAME] [--seed N] [--out FILE.svg]`. The same seed gives the same
picture. Prints the picture's text as well.
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

from aiops.adapters.bundle.loading import load_bundle  # noqa: E402
from aiops.cli.incidents import text  # noqa: E402
from aiops.console.stories import story  # noqa: E402
from simulations.running.healers import Product  # noqa: E402
from simulations.running.simulation import Simulation, Who, incidents_of  # noqa: E402
from simulations.scenarios.scenario import FOLDER, find  # noqa: E402
from simulations.scorecards.grades import grade  # noqa: E402
from simulations.scorecards.relations import FaultRelations  # noqa: E402
from simulations.scorecards.summary import cards  # noqa: E402
from simulations.scorecards.table import table  # noqa: E402

WIDTH: Final = 148
SHOWN: Final = {"INC": 4, "timeline": 18, "probable causes": 5, "plan": 4}
"""Parts of the story that fit on one screen, and how many lines of each."""


def main() -> None:
    """Run the scenario with the runtime and with both baselines, then draw."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--scenario", default="memory-leak")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--light", action=argparse.BooleanOptionalAction, default=True, help="metrics only")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "incident.svg")
    options = parser.parse_args()
    scenario = find(options.scenario)
    plot, bundle = scenario.plot(FOLDER), load_bundle()
    ours = Simulation(plot, bundle, Who.PRODUCT, options.seed, light=options.light)
    runs = [ours.run(), *(Simulation(plot, bundle, who, options.seed).run() for who in (Who.NONE, Who.RESTART))]
    rows = cards([grade(scenario, run, FaultRelations(plot.estate)) for run in runs])
    assert isinstance(ours.healer, Product)
    console = Console(record=True, width=WIDTH, force_terminal=True, color_system="truecolor")
    begun = [incident for incident in incidents_of(ours.healer) if incident.plan]
    for incident in begun[:1]:
        shown = story(ours.healer.journal, incident.id)
        assert shown is not None
        console.print(Text.assemble(("$ ", "dim"), (f"aiops incidents {incident.id}", "bold")))
        for line in _lines("\n".join(text(shown)).splitlines()):
            console.print(_coloured(line), overflow="ellipsis", no_wrap=True)
    command = f"aiops simulate {options.scenario}" + (" --light" if options.light else "")
    console.print(Text.assemble(("\n$ ", "dim"), (command, "bold")))
    made = table(rows, plot.estate.currency)
    made.title = None
    console.print(made)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    console.save_svg(str(options.out), title="aiops")


def _lines(shown: list[str]) -> Iterator[str]:
    """The head, and the parts that are shown, each cut where it is long."""
    left = 0
    for line in shown:
        if line and not line.startswith(" "):
            left = next((most for part, most in SHOWN.items() if line.startswith(part)), -1) + 1
        if not line or left <= 0:
            continue
        left -= 1
        yield line if left else "  …"


def _coloured(line: str) -> Text:
    made = Text(line)
    if not line.startswith(" "):
        made.stylize("bold cyan")
    made.highlight_regex(
        r"\b(monitoring|analysis|routing|resolution|oversight|orchestrator|executor|notifier)\b", "green"
    )
    made.highlight_regex(r"\b(resolved|healthy|permitted|unattended|done)\b", "bold green")
    made.highlight_regex(r"\b(abnormal|escalated|refused|forbidden|against)\b", "red")
    made.highlight_regex(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "dim")
    return made


if __name__ == "__main__":
    main()
