"""Names of entities: how their parts are joined, which less specific names they answer to, and what addresses say."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Iterator
from functools import lru_cache

_LOOPBACK = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "0.0.0.0", "::"})  # noqa: S104 (read, not bound)

_INSTANCE = re.compile(r"(-[0-9a-f]{6,10}-[a-z0-9]{5}|[-_]?\d+)$")
_HOST_NAME = re.compile(
    r"(?:[a-z0-9-]+\.){2,}[a-z]{2,}(?![a-z0-9.-])|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", re.IGNORECASE
)


def joined(parts: tuple[str, ...]) -> str:
    """A name of several parts."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def less_specific(name: str) -> Iterator[str]:
    """The name, then the name without its first part, and so on: names that a CMDB or a person may use.

    An item ``checkout`` describes every ``…/checkout`` that has no item of its own.
    """
    parts = name.split("/")
    for begin in range(len(parts)):
        yield "/".join(parts[begin:])
    if "%" in parts[-1] and len(parts) > 1:
        yield parts[-1].replace("%2F", "/").replace("%25", "%")


def last_part(name: str) -> str:
    """The name without environment, cluster and namespace."""
    return name.rpartition("/")[2]


def describing(names: Container[str], entity: str) -> str | None:
    """The most specific of some names that describes an entity; None: none of them does."""
    return next((name for name in less_specific(entity) if name in names), None)


def spellings(name: str) -> Iterator[str]:
    """The name, then other names that it may stand for: without a port, ``NAME.NAMESPACE`` as ``NAMESPACE/NAME``."""
    yield name
    found = peer_name(name)
    if found and found != name:
        yield found
    labels = found.split(".")
    if len(labels) == 2 and all(labels) and not labels[1].isdigit():
        yield joined((labels[1], labels[0]))


def instance_stem(name: str) -> str:
    """The name without a trailing ordinal or a Kubernetes pod's suffix: instances of one thing have the same stem."""
    return _INSTANCE.sub("", name)


def holds_address(name: str) -> bool:
    """Whether a name holds a DNS name of three labels or more, or an IPv4 address: no item was matched to it."""
    return _HOST_NAME.search(name) is not None


def is_loopback(address: str) -> bool:
    """Whether an address, with or without a port, is the sender's own machine: it says nothing about the other end."""
    host = without_port(address).lower()
    if host in _LOOPBACK or host.endswith(".localhost"):
        return True
    if not host.startswith(("127.", "::")):
        return False
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_loopback or (mapped is not None and mapped.is_loopback)


def without_port(address: str) -> str:
    """An address without its port, brackets and trailing dot."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, port = address.rpartition(":")
    bare = host if colon and port.isdigit() and ":" not in host else address
    return bare.removesuffix(".")


@lru_cache(maxsize=1 << 14)
def peer_name(address: str) -> str:
    """The name by which a caller's address is known as an entity; empty for a loopback address.

    The DNS name of a Kubernetes service becomes ``NAMESPACE/NAME``, also where it names one pod of the service. Other
    names lose their port. What the name belongs to is decided where all names are known (``topology.entity_index``).
    """
    if is_loopback(address):
        return ""
    host = without_port(address)
    labels = host.split(".")
    if "svc" in labels[2:4] and all(labels):
        place = labels.index("svc", 2)
        return joined((labels[place - 1], labels[place - 2]))
    return host or address
