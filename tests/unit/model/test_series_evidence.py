"""Evidence as columns: parts become one table with numbered entities."""

from __future__ import annotations

import numpy as np

from aiops.model.series_evidence import EvidenceColumns, EvidenceKind, SeriesEvidence, assemble


def part(
    *entities: str, kind: EvidenceKind = EvidenceKind.METRIC, peer: list[str | None] | None = None
) -> EvidenceColumns:
    many = len(entities)
    return EvidenceColumns(
        entity=entities,
        kind=kind,
        series=[f"series of {name}" for name in entities],
        metric=["latency"] * many,
        usual=np.full(many, 2.0),
        spread=np.full(many, 0.5),
        level=np.full(many, 6.0),
        deviation=np.full(many, 8.0),
        peer=peer,
    )


def made(*parts: EvidenceColumns) -> SeriesEvidence:
    return assemble(parts, onset=100, resolution=10)


def test_entities_and_peers_are_numbered_by_name() -> None:
    """Indices point into the sorted names; a row without a peer has -1."""
    found = made(part("web", "db", peer=["db", None]))
    assert found.entities == ("db", "web")
    assert found.entity.tolist() == [1, 0]
    assert found.peer.tolist() == [0, -1]


def test_a_peer_without_rows_is_an_entity() -> None:
    """Who is only called has a name all the same."""
    assert made(part("web", peer=["mail"])).entities == ("mail", "web")


def test_parts_keep_their_order_and_kind() -> None:
    """Rows follow each other as the parts do."""
    found = made(part("web"), part("db", kind=EvidenceKind.ALERT))
    assert found.series == ("series of web", "series of db")
    assert found.of_kind(EvidenceKind.ALERT).tolist() == [False, True]


def test_columns_that_no_source_knows_are_unknown() -> None:
    """Sharpness is NaN, a time 0, a correlation 0; nothing is silent, and no time is known."""
    found = made(part("web"))
    assert np.isnan(found.sharpness).all()
    assert (found.changed_at.tolist(), found.correlation.tolist(), found.silent.tolist()) == ([0], [0.0], [False])
    assert not found.times_known


def test_difference_and_ratio_are_in_the_series_unit() -> None:
    """6 instead of 2 is 4 more, three times as much."""
    found = made(part("web"))
    assert (found.difference.tolist(), found.ratio.tolist()) == ([4.0], [3.0])


def test_a_ratio_to_zero_is_not_known() -> None:
    """What was nothing before has no ratio, and no warning is raised."""
    found = assemble(
        [EvidenceColumns(["a"], EvidenceKind.METRIC, ["s"], ["m"], *np.zeros((4, 1)))], onset=0, resolution=1
    )
    assert np.isnan(found.ratio).all()


def test_no_parts_are_no_rows() -> None:
    """An empty table has every column."""
    found = made()
    assert (len(found), found.entities, found.deviation.tolist()) == (0, (), [])


def test_a_part_without_rows_is_left_out() -> None:
    """It neither fails nor shifts the others."""
    assert made(part(), part("web")).entity.tolist() == [0]
