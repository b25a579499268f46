"""What short names and addresses stand for."""

from __future__ import annotations

import pytest

from topology.entity_index import EntityIndex

INDEX = EntityIndex(["prod/checkout", "staging/checkout", "prod/cart", "pay", "eu/shop/stock", "us/shop/stock"])


@pytest.mark.parametrize(
    ("name", "near", "expected"),
    [
        ("prod/checkout", "", "prod/checkout"),
        ("pay", "prod/cart", "pay"),
        ("cart", "", "prod/cart"),
        ("checkout", "", None),
        ("checkout", "prod/cart", "prod/checkout"),
        ("checkout", "test/cart", None),
        ("checkout.prod.svc.cluster.local:8080", "", "prod/checkout"),
        ("checkout.staging", "prod/cart", "staging/checkout"),
        ("stock.shop.svc", "us/shop/web", "us/shop/stock"),
        ("stock.shop.svc", "asia/shop/web", None),
        ("pay:443", "", "pay"),
        ("pay.prod.svc.cluster.local", "prod/cart", "pay"),
        ("cart.test.svc.cluster.local", "prod/checkout", None),
        ("api.example.com", "prod/cart", None),
        ("127.0.0.1", "prod/cart", None),
        ("", "", None),
    ],
)
def test_a_name_stands_for_the_one_entity_nearest_to_its_user(name: str, near: str, expected: str | None) -> None:
    """What could be several is none of them."""
    assert INDEX.resolve(name, near) == expected


def test_an_item_of_a_short_name_describes_all_that_end_in_it() -> None:
    """In every environment."""
    assert INDEX.described("checkout") == ("prod/checkout", "staging/checkout")
    assert INDEX.described("shop/stock") == ("eu/shop/stock", "us/shop/stock")
    assert INDEX.described("pay") == ()
