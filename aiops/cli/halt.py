"""`aiops halt` and `aiops resume`: stop and allow all actions. Imports little, for a short start-up time."""

from __future__ import annotations

from aiops.cli.installation import As, Config, Json, Reason, open_installation, person, run_command, show


def halt(reason: Reason = "", as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Stop all new actions at once. Running plans stop at their next safe point, and a person is paged.

    Takes effect also while the orchestrator is down: executors check for a halt immediately before each effect.

    Exit code 0: the halt is durable. 3 or 4: the halt is not recorded; stop the executors another way.
    """
    here = open_installation(config)
    show(run_command(lambda: here.switch.halt(person(as_), reason)), as_json=as_json)


def resume(reason: Reason = "", as_: As = None, config: Config = None, *, as_json: Json = False) -> None:
    """Allow new actions after `aiops halt`. Plans that the halt stopped stay with the person they were escalated to.

    Exit code 0, also if the runtime was not halted.
    """
    here = open_installation(config)
    show(run_command(lambda: here.switch.resume(person(as_), reason)), as_json=as_json)
