"""`aiops halt` and `aiops resume`: stop and start all actions. Imports little, because seconds count."""

from __future__ import annotations

from aiops.cli.opening import As, Config, Json, Reason, open_installation, person, show, told


def halt(reason: Reason = "", as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Stop: no new action begins from now on; plans under way stop at their next safe point and a person is paged.

    Takes effect at once, also while the orchestrator is down: executors look for it immediately before each effect.
    Exit code 0: it is written and durable. 3 or 4: it is not; stop the executors another way.
    """
    here = open_installation(config)
    show(told(lambda: here.switch.halt(person(as_), reason)), as_json=as_json)


def resume(reason: Reason = "", as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Let actions begin again after `aiops halt`. What was stopped half-way stays with its person.

    Exit code 0, also when it was not halted.
    """
    here = open_installation(config)
    show(told(lambda: here.switch.resume(person(as_), reason)), as_json=as_json)
