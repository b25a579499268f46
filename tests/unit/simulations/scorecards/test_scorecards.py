"""Grades, medians and what is shown of them."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import escape

from aiops.adapters.bundle.loading import load_bundle
from aiops.model.prose import Prose
from simulations.running.simulation import Simulation, Who
from simulations.scenarios.scenario import Scenario, parse
from simulations.scorecards.grades import grade, matching
from simulations.scorecards.page import page
from simulations.scorecards.relations import FaultRelations
from simulations.scorecards.suite import Results, ScenarioEntry, play
from simulations.scorecards.summary import as_json, cards, middle
from simulations.scorecards.table import figure, table
from simulations.world.estate import load

BUNDLE = load_bundle()
SHORT = """
name: short
title: A <bad> deploy
history: 600
duration: 420
faults:
  - {name: bad-deploy-errors}
expected:
  roots: [payment]
  endings: [healed after approval]
  actions: [roll-back payment]
  forbidden: ["restart *"]
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """A short one."""
    return parse(SHORT, Path("short.yaml"))


@pytest.fixture(scope="module")
def results(scenario: Scenario) -> Results:
    """It, with all healers."""
    return play([ScenarioEntry(scenario)], [1, 2], list(Who), bundle=BUNDLE, light=True)


def test_figures_of_a_run_follow_from_the_truth(results: Results) -> None:
    """The fault is found within two minutes, its root named; nobody repairs nothing, and loses more."""
    by = {(one.who, one.seed): one for one in results.grades}
    product, nobody = by[Who.PRODUCT, 1], by[Who.NONE, 1]
    assert (product.faults, product.found, product.top1, product.top3) == (1, 1, 1, 1)
    assert product.detect_seconds is not None
    assert 0 < product.detect_seconds < 120
    assert product.repair_seconds is not None
    assert math.isfinite(product.repair_seconds)
    assert nobody.repair_seconds == math.inf
    assert (nobody.found, nobody.incidents, nobody.pages, nobody.actions) == (0, 0, 0, 0)
    assert product.value_lost < nobody.value_lost
    assert by[Who.RESTART, 1].unsafe > 0


def test_an_incident_elsewhere_is_no_answer(scenario: Scenario) -> None:
    """What opens before the fault, or on things it cannot reach, is not about it."""
    run = Simulation(scenario.plot(), BUNDLE, seed=1).run()
    relations = FaultRelations(load())
    fault = run.faults[0]
    found = matching(fault, run, relations)
    assert found
    assert "images" not in relations.reach(["ranking-model"])
    assert "payment" in relations.reach(["payment-gateway"])
    assert "orders-db" in relations.reach(["host-a1", "orders-db-0"])
    assert relations.service_of("pricing-0") == "pricing"
    early = type(fault)(fault.name, fault.entity, fault.kind, found[0].opened_at + 1, entities=fault.entities)
    assert found[0] not in matching(early, run, relations)


def test_unexpected_ends_and_actions_are_remarked(scenario: Scenario) -> None:
    """A scenario that expects something else says what."""
    other = scenario.model_copy(
        update={"expected": scenario.expected.model_copy(update={"actions": (), "forbidden": ("roll-back *",)})}
    )
    run = Simulation(scenario.plot(), BUNDLE, seed=1).run()
    assert "roll-back payment is forbidden" in grade(other, run, FaultRelations(load())).remarks


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0], (3.0, 3.0, 3.0)),
        ([1.0, 2.0], (1.5, 1.0, 2.0)),
        ([5.0, 1.0, 3.0, 2.0, 4.0], (3.0, 1.0, 5.0)),
        ([float(n) for n in range(1, 21)], (10.5, 6.0, 15.0)),
        ([1.0, math.inf, math.inf], (math.inf, 1.0, math.inf)),
    ],
)
def test_medians_have_intervals_that_cover(values: list[float], expected: tuple[float, float, float]) -> None:
    """Order statistics; with few seeds the whole range."""
    found = middle(values)
    assert found is not None
    assert (found.median, found.low, found.high) == expected
    assert middle([None]) is None


def test_json_is_json(results: Results) -> None:
    """What never came about is null, and every row is there."""
    rows = json.loads(json.dumps(as_json(cards(results.grades)), allow_nan=False))
    assert [row["who"] for row in rows] == ["aiops", "none", "restart"]
    assert rows[1]["repair_seconds"]["median"] is None
    assert rows[0]["recall"] == 1.0


def test_table_has_a_row_each(results: Results) -> None:
    """And people can read infinity."""
    assert table(cards(results.grades), "EUR").row_count == 3
    assert figure(middle([math.inf])) == "never"
    assert figure(None, "never broken") == "never broken"


def test_page_is_one_well_formed_file(scenario: Scenario, results: Results) -> None:
    """Nothing is loaded from elsewhere, names are escaped, the pictures are XML."""
    text = page([scenario], results, "EUR")
    assert "A &lt;bad&gt; deploy" in text
    assert "http" not in text.replace("http://www.w3.org", "")
    picture = text[text.index("<svg") : text.index("</svg>") + 6]
    shapes = ET.fromstring(picture)
    assert len(shapes.findall("rect")) > 5


@pytest.mark.parametrize("poison", ["<script>x</script>", '"><img src=x>', "</title></svg><b>", "é 検索 &lt;i&gt;"])
def test_hostile_text_in_a_scorecard_stays_text(scenario: Scenario, results: Results, poison: str) -> None:
    """Scenarios of others, remarks, currencies and names of faults and pages make no element."""
    shown = {
        name: {
            who: replace(
                run,
                faults=tuple(replace(fault, name=poison, entity=poison) for fault in run.faults),
                incidents=tuple(replace(incident, id=poison) for incident in run.incidents),
                pages=tuple(replace(one, title=Prose(poison)) for one in run.pages),
            )
            for who, run in runs.items()
        }
        for name, runs in results.shown.items()
    }
    grades = [replace(one, remarks=(poison,)) for one in results.grades]
    text = page([scenario.model_copy(update={"title": poison, "about": poison})], Results(grades, shown), poison)

    body = text[text.index("<body>") :]
    assert poison not in body
    assert body.count(escape(poison)) >= 8
    assert text.count("<title>") == 1 + body.count("<title>")
    ET.fromstring(body[body.index("<svg") : body.index("</svg>") + 6])


def test_colours_of_a_scorecard_are_in_its_style_sheet(scenario: Scenario, results: Results) -> None:
    """Every colour that a shape or the key names is defined."""
    text = page([scenario], results, "EUR")

    used = set(re.findall(r"var\(--([a-z]+)\)", text))
    assert used
    assert used <= set(re.findall(r"--([a-z]+):", text))
    assert text.count('class="key"') == 6
    assert "Pictures show the first seed." in text


def test_a_scenario_without_runs_has_no_picture(scenario: Scenario, results: Results) -> None:
    """Only the first seed's runs are kept; a scorecard read back from figures has none."""
    text = page([scenario], Results(results.grades, {}), "EUR")

    assert "<svg" not in text
    assert "A &lt;bad&gt; deploy" in text
