"""What multiplies the series of an entity is named."""

from __future__ import annotations

from detectors.wire.high_cardinality import METRIC, Crowds, crowding
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable


def test_the_attribute_with_the_most_values_is_named() -> None:
    """Others of the entity, and other entities, do not count."""
    table = SeriesTable()
    table.add([SeriesIdentity("a", "m", (("code", str(n % 3)), ("user", f"u{n}"))) for n in range(5000)])
    table.add([SeriesIdentity("b", "m", (("code", str(n)),)) for n in range(9000)])
    found = crowding(table, table.code_of_entity("a"))
    assert (found.attribute, found.series, found.values, found.looked_at) == ("user", 5000, 1000, 1000)
    assert found.examples[0] == "u0"


def test_names_of_metrics_may_be_what_explodes() -> None:
    """A sender that puts an id into the name is told so, and long values are cut."""
    table = SeriesTable(quota=500)
    table.add([SeriesIdentity("a", f"m{n}" + "x" * 300) for n in range(600)])
    (found,) = Crowds(table).of()
    assert (found.attribute, found.series, found.values) == (METRIC, 500, 500)
    assert {len(example) for example in found.examples} == {200}
