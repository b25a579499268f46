"""Siblings share everything but the attributes that tell instances apart."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.wire.families import Families
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.series import SeriesTable


def pod(number: int, metric: str = "m", entity: str = "shop", **more: str) -> SeriesIdentity:
    named = {"k8s.pod.name": f"shop-{number}", "k8s.pod.uid": f"u{number}", "state": "used", **more}
    return SeriesIdentity(entity, metric, tuple(sorted(named.items())), "1", SeriesKind.GAUGE)


def joined(*identities: SeriesIdentity) -> tuple[SeriesTable, Families]:
    table = SeriesTable()
    families = Families(table)
    families.join(table.add(identities))
    return table, families


def test_the_members_with_the_most_points_teach() -> None:
    """At most three, at least two, and only those with enough points."""
    table, families = joined(*(pod(number) for number in range(6)))
    families.elect(np.array([100, 50, 400, 59, 400, 300], np.uint32), 60)
    new = table.add([pod(6)])
    assert families.join(new).tolist() == [[3, 5, 6]]
    families.elect(np.array([100, 50, 40, 59, 40, 30, 0], np.uint32), 60)
    assert families.join(new).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    "other",
    [
        pod(9, metric="n"),
        pod(9, entity="shed"),
        pod(9, state="free"),
        SeriesIdentity("shop", "m", (("state", "used"),), "1"),
    ],
)
def test_another_metric_entity_or_attribute_is_no_sibling(other: SeriesIdentity) -> None:
    """Nor is a series without an instance."""
    table, families = joined(pod(0), pod(1))
    families.elect(np.array([100, 100], np.uint32), 60)
    assert families.join(table.add([other, pod(2)])).tolist() == [[0, 0, 0], [1, 2, 0]]


def test_hosts_processes_and_instances_are_siblings() -> None:
    """The attributes of the semantic conventions, also those that a resource and a point disagree about."""
    names = ("service.instance.id", "host.name", "container.id", "process.pid", "resource.host.name", "instance")
    made = [SeriesIdentity("shop", "m", (("a", "1"), (name, f"{n}"))) for n, name in enumerate(names)]
    table, families = joined(*made)
    families.elect(np.full(len(made), 100, np.uint32), 60)
    assert (families.join(table.add([pod(1)])) == 0).all()
    assert families.join(table.add([SeriesIdentity("shop", "m", (("a", "1"), ("host.name", "z")))])).min() > 0


def test_families_come_back_from_a_snapshot() -> None:
    """A restored table teaches new series the same."""
    table, families = joined(*(pod(number) for number in range(4)))
    families.elect(np.full(4, 100, np.uint32), 60)
    copy = SeriesTable.from_arrays(table.to_arrays())
    restored = Families(copy)
    restored.restore(families.to_arrays())
    assert restored.join(copy.add([pod(8)])).tolist() == families.join(table.add([pod(8)])).tolist() == [[1, 2, 3]]
    for each in (families, restored):
        each.forget(np.array([0, 1], np.int32))
        each.elect(np.full(5, 100, np.uint32), 60)
    assert restored.to_arrays()["teachers"].tolist() == families.to_arrays()["teachers"].tolist() == [[3, 4, 5]]
