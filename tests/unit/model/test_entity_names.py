"""Names that an entity answers to."""

from __future__ import annotations

import pytest

from aiops.model.entity_names import (
    describing,
    holds_address,
    instance_stem,
    joined,
    last_part,
    less_specific,
    spellings,
)


def test_a_name_answers_to_its_endings() -> None:
    """A CMDB may know a service without its environment."""
    assert list(less_specific("prod/eu/checkout")) == ["prod/eu/checkout", "eu/checkout", "checkout"]


def test_an_escaped_part_answers_to_what_was_sent() -> None:
    """The CMDB writes the name as it is."""
    assert list(less_specific(joined(("prod", "a/b%"))))[-1] == "a/b%"


def test_the_most_specific_name_describes() -> None:
    """An item for one environment goes before the item for all."""
    assert describing({"checkout", "prod/checkout"}, "prod/checkout") == "prod/checkout"
    assert describing({"checkout", "prod/checkout"}, "staging/checkout") == "checkout"
    assert describing({"check", "prod"}, "prod/checkout") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("checkout", ["checkout"]),
        ("checkout:8080", ["checkout:8080", "checkout"]),
        ("checkout.prod:8080", ["checkout.prod:8080", "checkout.prod", "prod/checkout"]),
        ("checkout.prod.svc.cluster.local", ["checkout.prod.svc.cluster.local", "prod/checkout"]),
        ("10.1", ["10.1"]),
        ("localhost", ["localhost"]),
    ],
)
def test_an_address_may_be_spelled_as_an_entity(name: str, expected: list[str]) -> None:
    """The first of them that is known counts."""
    assert list(spellings(name)) == expected


def test_the_last_part_is_the_name_without_its_scope() -> None:
    """A bare name is its own last part."""
    assert [last_part(name) for name in ("prod/checkout", "checkout")] == ["checkout", "checkout"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("web-0", "web"),
        ("web_12", "web"),
        ("mobservice2", "mobservice"),
        ("shop-7d9f8b6c5d-abc12", "shop"),
        ("checkout", "checkout"),
        ("prod/checkout", "prod/checkout"),
    ],
)
def test_instances_of_one_thing_have_one_stem(name: str, stem: str) -> None:
    """Ordinals and the suffixes of Kubernetes pods are cut off."""
    assert instance_stem(name) == stem


@pytest.mark.parametrize("name", ["db.eu-1.example.com", "web.shop.example.com:8080", "10.0.0.1", "x_10.0.0.1:80"])
def test_an_address_is_recognised_within_a_name(name: str) -> None:
    """A host name of three labels or more, or an IPv4 address."""
    assert holds_address(name)


@pytest.mark.parametrize("name", ["checkout", "prod/checkout", "web-1.2", "orders.v2", "AWS::DynamoDB::Table"])
def test_a_plain_name_holds_no_address(name: str) -> None:
    """Versions and scopes are none."""
    assert not holds_address(name)
