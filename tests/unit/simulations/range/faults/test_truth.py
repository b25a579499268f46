"""The truth about a fault: what is written before it happens, and that it can be read back whatever was cut off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.errors import PermanentError
from simulations.range.faults import truth
from simulations.range.faults.kind import Harm
from simulations.range.faults.registry import KINDS
from simulations.range.faults.targets import targets
from simulations.range.faults.truth import FaultEnd, FaultTruth, line, truth_of
from simulations.range.generation import generate

PLAN = generate(7)


def example(name: str = "killed", onset: int = 5) -> FaultTruth:
    target = next(iter(targets(KINDS[name], PLAN)), PLAN.services[-1].id)
    return truth_of(KINDS[name], target, PLAN, onset=onset, seconds=60.0)


@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=6), st.integers(0, 10))
def test_what_was_written_is_read(names: list[str], cut: int) -> None:
    """All records with a complete line; the end of a fault is found by its id."""
    faults = [example(name, onset) for onset, name in enumerate(names)]
    ends = [FaultEnd(fault.id, fault.onset + 1, healed=fault.onset % 2 == 0) for fault in faults]
    whole = "".join(line(fault) + line(end) for fault, end in zip(faults, ends, strict=True))
    assert truth.read(whole) == (faults, {end.id: end for end in ends})
    found, closed = truth.read(whole + line(example())[: 5 + cut])
    assert (found, len(closed)) == (faults, len(ends))


def test_a_fault_without_an_end_is_a_fault() -> None:
    """The program that made it was killed."""
    assert truth.read(line(example())) == ([example()], {})


@pytest.mark.parametrize("text", ["{}\n", "no\n", '{"record": "song"}\n', '{"record": "end", "id": "x"}\n', "[]\n"])
def test_another_line_is_an_error_with_its_number(text: str) -> None:
    """Truth that was edited by hand is not half believed."""
    with pytest.raises(PermanentError, match=r"truth.jsonl:2: no record"):
        truth.read(line(example()) + text)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_only_faults_with_a_change_name_one(name: str) -> None:
    """The id of the change is that of the record that is published."""
    fault = example(name)
    assert (fault.change == f"change/{fault.id}") is bool(KINDS[name].change)
    assert fault.kind is KINDS[name].harm


def test_two_faults_have_two_ids() -> None:
    """The onset is part of it."""
    assert example(onset=1).id != example(onset=2).id
    assert (example().kind, example().root) == (Harm.CRASH, PLAN.services[0].id)
