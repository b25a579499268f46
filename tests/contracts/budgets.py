"""What every budget store must do; subclassed by the tests of the one in memory and of the SQL ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from aiops.model.plans import Reservation
from aiops.ports import BudgetStore

LIMITS = {"zone-a": 0.5, "zone-b": 0.2, "value": 1.0}


def asked(
    key: str, share: float = 0.2, *, target: str = "", work_item: str = "", account: str = "zone-a", epoch: int = 1
) -> Reservation:
    return Reservation(key, work_item or f"work-{key}", (target or f"target-{key}",), {account: share}, epoch, 5)


class BudgetContract:
    """The suite; a subclass gives the fixture ``store``."""

    def test_grants_up_to_the_limit_and_no_further(self, store: BudgetStore) -> None:
        """Shares add up; what would pass the limit is refused with the account's name, and a release makes room."""
        assert store.reserve(asked("a"), LIMITS).granted
        assert store.reserve(asked("b", 0.3), LIMITS).granted
        refused = store.reserve(asked("c", 0.1), LIMITS)
        assert not refused.granted
        assert "zone-a" in refused.reason
        assert store.spent() == pytest.approx({"zone-a": 0.5})
        store.release("b")
        assert store.reserve(asked("d", 0.1), LIMITS).granted
        assert store.spent() == pytest.approx({"zone-a": 0.3})

    def test_all_or_nothing(self, store: BudgetStore) -> None:
        """One account too many refuses the whole reservation; nothing is spent or locked."""
        both = replace(asked("a"), shares={"zone-a": 0.2, "zone-b": 0.3})
        assert not store.reserve(both, LIMITS).granted
        assert store.spent() == {}
        assert store.reserve(asked("b", target="target-a"), LIMITS).granted

    def test_the_same_key_gets_the_same_answer(self, store: BudgetStore) -> None:
        """Asked again, granted or refused: the same answer, and nothing is spent twice."""
        granted = store.reserve(asked("a", 0.4), LIMITS)
        refused = store.reserve(asked("b", 0.4), LIMITS)
        assert store.reserve(asked("a", 0.4), LIMITS) == granted
        assert store.reserve(asked("a", 0.4, epoch=2), LIMITS) == granted
        store.release("never asked")
        assert store.reserve(asked("b", 0.1), LIMITS) == refused
        assert store.spent() == pytest.approx({"zone-a": 0.4})

    def test_tokens_rise(self, store: BudgetStore) -> None:
        """Every grant has a higher fencing token than all before, also after releases."""
        tokens: list[int] = []
        for number in range(6):
            tokens.append(store.reserve(asked(f"k{number}"), LIMITS).token)
            store.release(f"k{number}")
        assert all(before < after for before, after in pairwise(tokens))
        assert tokens[0] > 0

    def test_a_target_is_locked_for_others(self, store: BudgetStore) -> None:
        """Another work item may not touch a locked target; the same one may; a release frees it."""
        assert store.reserve(asked("a", target="cart", work_item="w1"), LIMITS).granted
        refused = store.reserve(asked("b", 0.0, target="cart", work_item="w2"), LIMITS)
        assert not refused.granted
        assert "cart" in refused.reason
        assert store.reserve(asked("c", 0.1, target="cart", work_item="w1"), LIMITS).granted
        store.release("a")
        assert not store.reserve(asked("d", 0.0, target="cart", work_item="w2"), LIMITS).granted
        store.release("c")
        assert store.reserve(asked("e", 0.0, target="cart", work_item="w2"), LIMITS).granted

    def test_an_older_epoch_is_refused(self, store: BudgetStore) -> None:
        """Once a newer epoch has asked, an older one gets nothing."""
        assert store.reserve(asked("a", epoch=3), LIMITS).granted
        refused = store.reserve(asked("b", epoch=2), LIMITS)
        assert not refused.granted
        assert "epoch" in refused.reason

    def test_a_release_is_repeatable_and_may_overtake(self, store: BudgetStore) -> None:
        """Releasing twice frees once; a key released before it was asked for is never granted."""
        store.reserve(asked("a"), LIMITS)
        store.release("a")
        store.release("a")
        assert store.spent() == {}
        store.release("b")
        assert not store.reserve(asked("b"), LIMITS).granted
        assert not store.reserve(asked("a"), LIMITS).granted

    @pytest.mark.parametrize("share", [float("nan"), float("inf"), -0.1])
    def test_what_is_no_share_is_refused(self, store: BudgetStore, share: float) -> None:
        """A share that is no number, or negative, buys nothing."""
        assert not store.reserve(asked("a", share), LIMITS).granted
        assert store.spent() == {}

    def test_an_account_without_a_limit_may_spend_nothing(self, store: BudgetStore) -> None:
        """Nobody set a limit for it: refused."""
        assert not store.reserve(asked("a", account="unknown"), LIMITS).granted

    def test_domains_have_their_own_accounts(self, store: BudgetStore) -> None:
        """What one tenant spends is not another's; the estate's sum shows both."""
        assert store.reserve(asked("a", 0.5), LIMITS).granted
        assert store.reserve(replace(asked("b", 0.5), domain="other"), LIMITS).granted
        assert store.spent("other") == pytest.approx({"zone-a": 0.5})
        assert store.spent() == pytest.approx({"zone-a": 1.0})
