"""Sets a poison message aside: it moves from its queue into a parking queue and is kept there. Nothing is purged.

A message moves if it was delivered before and came back: by its ``x-delivery-count`` (quorum queues), or by its flag
``redelivered`` (classic queues). Other messages that are met on the way go back to their places. The message is in the
parking queue, confirmed, before it leaves its own queue, so a crash between the two keeps it in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from aiops.adapters.executors.keyed import Deadline, State
from aiops.adapters.executors.options import filled
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Observed, StepDirection, StepOrder

KEY_HEADER: Final = "x-aiops-key"
"""Header of a parked message: the key of the order that set it aside."""
ORIGIN_HEADER: Final = "x-aiops-queue"
"""Header of a parked message: the queue that it came from."""
MOST_PARKED: Final = 1000
"""How many messages of a parking queue are looked at for a key."""
MOST_HELD: Final = 2000
"""How many messages that did not come back are held at most while the poison message is waited for. While a message of
the queue is free, the broker offers it to us, and what comes back to the consumer."""
_QUIET_LOOKS: Final = 20
"""After so many looks without a message, each of about 0.2 s, no further one is waited for."""
REDELIVERIES: Final = 3
"""How often a message must have come back, where the queue counts."""
_NOT_ITS_OWN: Final = frozenset({KEY_HEADER, ORIGIN_HEADER, "x-delivery-count"})
_QUEUE, _PARKING, _KEY, _BACK = "queue", "parking", "key", "back"


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """One message that was taken and not yet acknowledged."""

    tag: int
    redelivered: bool
    headers: Mapping[str, object]
    content: object
    """Body and properties, for the broker's client."""


class Broker(Protocol):
    """What is needed of a message broker, within one connection. A message that is held goes back when it closes."""

    def take(self, queue: str) -> HeldMessage | None:
        """The message at the head; None: the queue is empty. ``PermanentError`` if there is no such queue."""
        ...

    def take_first(self, queue: str) -> HeldMessage | None:
        """The same, before all consumers of the queue, and with a short wait for a message that comes back."""
        ...

    def make(self, queue: str) -> None:
        """Make a durable queue unless it is there."""
        ...

    def put(self, queue: str, message: HeldMessage, headers: Mapping[str, object]) -> None:
        """Publish a copy, kept on disk, with these headers; returns when the broker has it."""
        ...

    def remove(self, message: HeldMessage) -> None:
        """Acknowledge a message that is held."""
        ...


Connect = Callable[[], AbstractContextManager[Broker]]


class ParkingWay:
    """``Way`` of ``set-aside``.

    Args:
        connect: opens a connection.
        parking: name of the parking queue of a queue, with ``{name}``.
    """

    def __init__(self, connect: Connect, parking: str = "{name}.parked") -> None:
        self._connect, self._parking = connect, parking

    def before(self, order: StepOrder, did: State | None) -> State:
        """The two queues, and the key under which the message is parked."""
        capability = order.capability
        if capability.action.primitive != "set-aside":
            raise PermanentError(f"a queue cannot {capability.action.primitive}: it can set-aside")
        if capability.direction is StepDirection.UNDO:
            return {**did, _BACK: "yes"} if did else {}
        queue = filled("{name}", capability.action.target)
        return {_QUEUE: queue, _PARKING: filled(self._parking, queue), _KEY: capability.key}

    def act(self, order: StepOrder, before: State, deadline: Deadline) -> str:
        """Move messages to the parking queue, or back."""
        if _BACK in before:
            return self._put_back(before, deadline)
        try:
            with self._connect() as broker:
                self._park(broker, order, before, deadline=deadline)
        except TemporaryError as error:
            if self._parked(before):
                raise
            raise PermanentError(f"{error}; no message was moved") from error
        return f"{before[_QUEUE]}: set aside into {before[_PARKING]}"

    def seen(self, order: StepOrder, before: State) -> Observed:
        """Whether the parking queue has a message with the order's key."""
        del order
        parked = self._parked(before)
        return Observed.DONE if parked is (_BACK not in before) else Observed.NOT_DONE

    def _park(self, broker: Broker, order: StepOrder, before: State, *, deadline: Deadline) -> None:
        parameters = order.capability.action.parameters
        least, most = int(parameters.get("redeliveries", REDELIVERIES)), int(parameters.get("at_most", 1))
        held, moved, quiet = 0, 0, 0

        def parked() -> bool:
            """Whether nothing more is to be moved, after a look at all messages that are there."""
            nonlocal held, moved, quiet
            while message := broker.take_first(before[_QUEUE]):
                if not came_back(message, least):
                    held += 1
                    if held >= MOST_HELD:
                        return self._enough_held(moved, before)
                    continue
                deadline.check("set the message aside")
                self._move(broker, message, before)
                moved, quiet = moved + 1, 0
                if moved >= most:
                    return True
            quiet += 1  # the consumer holds what comes back
            return moved > 0 and quiet >= _QUIET_LOOKS

        deadline.wait_for(parked, f"for a message that came back to {before[_QUEUE]}")

    def _move(self, broker: Broker, message: HeldMessage, before: State) -> None:
        broker.make(before[_PARKING])
        marks = {KEY_HEADER: before[_KEY], ORIGIN_HEADER: before[_QUEUE]}
        broker.put(before[_PARKING], message, {**message.headers, **marks})
        broker.remove(message)

    def _enough_held(self, moved: int, before: State) -> bool:
        """True; as many messages are held as may be.

        Raises:
            PermanentError: and nothing was moved.
        """
        if not moved:
            raise PermanentError(f"{MOST_HELD} messages of {before[_QUEUE]} were met, and none of them came back")
        return True

    def _put_back(self, before: State, deadline: Deadline) -> str:
        moved = 0
        with self._connect() as broker:
            for message in _all(broker, before[_PARKING]):
                if message.headers.get(KEY_HEADER) == before[_KEY]:
                    deadline.check("put the message back")
                    own = {name: value for name, value in message.headers.items() if name not in _NOT_ITS_OWN}
                    broker.put(before[_QUEUE], message, own)
                    broker.remove(message)
                    moved += 1
        return f"{before[_PARKING]}: {moved} put back into {before[_QUEUE]}"

    def _parked(self, before: State) -> bool:
        try:
            with self._connect() as broker:
                keys = [message.headers.get(KEY_HEADER) for message in _all(broker, before[_PARKING])]
        except PermanentError:
            return False  # there is no parking queue
        return before[_KEY] in keys


def came_back(message: HeldMessage, least: int) -> bool:
    """Whether a message was delivered before and came back, by its count if the queue counts."""
    count = message.headers.get("x-delivery-count")
    return message.redelivered and (count is None or (isinstance(count, int) and count >= least))


def _all(broker: Broker, queue: str) -> Iterator[HeldMessage]:
    """Messages of a queue, held until the connection closes."""
    for _ in range(MOST_PARKED):
        message = broker.take(queue)
        if message is None:
            return
        yield message
