from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.plans import Reservation
from remediations.budget import MemoryBudget

LIMITS = {"zone-a": 0.34, "value": 0.5}


def ask(key: str, share: float = 0.2, target: str = "a", **fields: object) -> Reservation:
    values = {"work_item": key, "targets": (target,), "shares": {"zone-a": share}, "epoch": 1, "at": 0} | fields
    return Reservation(key, **values)  # type: ignore[arg-type]


def test_same_key_same_answer() -> None:
    """Asked twice, granted once, with the same token; a refusal stays a refusal."""
    budget = MemoryBudget()
    first = budget.reserve(ask("1"), LIMITS)
    assert first.granted
    assert budget.reserve(ask("1"), LIMITS) == first
    refused = budget.reserve(ask("2", target="b"), LIMITS)
    budget.release("1")
    assert not refused.granted
    assert budget.reserve(ask("2", target="b"), LIMITS) == refused
    assert budget.spent() == {}


def test_refusal_names_the_account_or_the_lock() -> None:
    """A refusal says what stands in the way."""
    budget = MemoryBudget()
    budget.reserve(ask("1"), LIMITS)
    assert budget.reserve(ask("2", target="b"), LIMITS).reason == (
        "account zone-a: 40.0% would be at risk, 34.0% may be"
    )
    assert budget.reserve(ask("3", 0.0), LIMITS).reason == "a is locked by 1"


def test_one_work_item_may_lock_a_target_twice() -> None:
    """Two steps of one plan may act on one target."""
    budget = MemoryBudget()
    assert budget.reserve(ask("1", 0.1, work_item="w"), LIMITS).granted
    assert budget.reserve(ask("2", 0.1, work_item="w"), LIMITS).granted


def test_older_epochs_unknown_accounts_and_nonsense_are_refused() -> None:
    """Fenced-out orchestrators, accounts without limit, shares that are none, and no target at all get nothing."""
    budget = MemoryBudget()
    assert budget.reserve(ask("1", epoch=5), LIMITS).granted
    assert "epoch 4" in budget.reserve(ask("2", 0.0, "b", epoch=4), LIMITS).reason
    for number, shares in enumerate(({"moon": 0.1}, {"zone-a": -0.5}, {"zone-a": float("nan")})):
        assert not budget.reserve(ask(f"bad{number}", target=f"t{number}", shares=shares, epoch=5), LIMITS).granted
    assert not budget.reserve(ask("none", targets=(), epoch=5), LIMITS).granted


def test_release_that_overtakes_its_request_wins() -> None:
    """A reservation given back before it was asked for is refused when it comes."""
    budget = MemoryBudget()
    budget.release("1")
    assert not budget.reserve(ask("1"), LIMITS).granted


MOVES = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(0, 15),
        st.sampled_from("abcdef"),
        st.dictionaries(st.sampled_from(["zone-a", "value"]), st.floats(0, 0.6), min_size=1),
    ),
    max_size=60,
)


@given(MOVES)
@settings(max_examples=200, deadline=None)
def test_never_over_the_limit_under_any_interleaving(moves: list[tuple[bool, int, str, dict[str, float]]]) -> None:
    """Whatever is asked, repeated and released in whatever order: no account is overspent, no target locked twice."""
    budget = MemoryBudget()
    tokens: list[int] = []
    for reserve, number, target, shares in moves:
        if reserve:
            answer = budget.reserve(ask(str(number), target=target, shares=shares), LIMITS)
            if answer.granted and answer.token not in tokens:
                tokens.append(answer.token)
        else:
            budget.release(str(number))
        assert all(used <= LIMITS[account] + 1e-6 for account, used in budget.spent().items())
        locked = [name for row in budget.rows.values() if row.held for name in row.targets]
        assert len(locked) == len(set(locked))
    assert tokens == sorted(tokens)
