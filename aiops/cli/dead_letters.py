"""`aiops dead-letters`: list, show and retry unusable input."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.encryption import KEY, decode_letter, masked_letter, open_seal
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.cli.exits import Exit
from aiops.cli.installation import Config, Json, plain
from aiops.cli.topic_records import kafka_of, kept
from aiops.model.deadletters import DeadLetter
from aiops.model.errors import PermanentError
from aiops.model.records import OutRecord
from aiops.model.times import clock_time
from aiops.settings import Settings

app: Final = typer.Typer(
    no_args_is_help=True,
    help="""List, show and retry unusable input. Originals are encrypted and kept for the topic's retention time.

    Lists never show an original. `show KEY --reveal` shows it if the state folder has the key file.""",
)
_SHOWN: Final = 50
_Reason = Annotated[str | None, typer.Option(help="Only this reason: undecodable, bad-time …")]
_Topic = Annotated[str | None, typer.Option(help="Only from this topic.")]
_Key = Annotated[str, typer.Argument(help="TOPIC/PARTITION/OFFSET/REASON, as the list prints it.", metavar="KEY")]


@app.callback()
def about() -> None:
    """List, show and retry unusable input."""


@app.command(name="list")
def list_(
    reason: _Reason = None,
    topic: _Topic = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number; the newest are listed.")] = _SHOWN,
    *,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the newest dead letters, one per record and reason; a repeated dead letter is shown once.

    Exit code 0: listed; the list may be empty. 4: Kafka does not answer.
    """
    settings = load_settings(config)
    kept = {key: masked_letter(value) for key, value in _records(settings)}
    found = [
        (key, letter)
        for key, letter in sorted(kept.items(), key=lambda pair: pair[1]["at"])
        if reason in {None, letter["reason"]} and topic in {None, letter["topic"]}
    ]
    if as_json:
        shown = [{"key": key, **letter} for key, letter in found[-limit:]]
        typer.echo(json.dumps({"dead_letters": len(found), "shown": shown}))
        return
    if not found:
        typer.echo("no dead letters")
        return
    for key, letter in found[-limit:]:
        typer.echo(f"{clock_time(letter['at'])}  {key}  {letter['items']} items, {letter['size']:,} bytes")
        typer.echo(f"{'':21}{plain(letter['detail'])[:100]}  {letter['shown'][:60]}".rstrip())
    reasons = Counter(letter["reason"] for _, letter in found)
    typer.echo(f"{len(found)} in all: " + ", ".join(f"{count} {name}" for name, count in reasons.most_common()))


@app.command()
def show(
    key: _Key,
    config: Config = None,
    *,
    reveal: Annotated[bool, typer.Option("--reveal", help="Print the original bytes as well.")] = False,
    as_json: Json = False,
) -> None:
    """Show one dead letter; with --reveal also its original, which may hold personal data.

    Exit code 0: shown. 1: no dead letter has this key. 3: the state folder has no key file, or another one.
    """
    settings = load_settings(config)
    value = _one(settings, key)
    fields = {"key": key, **masked_letter(value)}
    if reveal:
        fields["original"] = _opened(settings, value).original.decode("utf-8", "backslashreplace")
    if as_json:
        typer.echo(json.dumps(fields))
        return
    for name, content in fields.items():
        typer.echo(f"{name:<10} {plain(str(content))}")


@app.command()
def retry(key: _Key, config: Config = None, *, as_json: Json = False) -> None:
    """Write the original to its topic again, for example after an upgrade that can decode it.

    Exit code 0: written. 1: no dead letter has this key. 3: only a part of the original was kept, or the key file is
    missing or another one.
    """
    settings = load_settings(config)
    letter = _opened(settings, _one(settings, key))
    if letter.cut:
        raise PermanentError(
            f"{key} was cut to {settings.data.dead_letter_bytes} bytes when it was kept: send it again from its source"
        )
    record = OutRecord(letter.topic, letter.record_key, letter.original, letter.headers, letter.partition)
    producer = KafkaPythonProducer(kafka_of(settings), settings.kafka.max_record_bytes, security=settings.kafka)
    try:
        producer.send([record])
        producer.flush()
    finally:
        producer.close()
    result = f"{len(record.value):,} bytes written to {letter.topic}/{letter.partition} again"
    typer.echo(json.dumps({"key": key, "result": result}) if as_json else result)


def _one(settings: Settings, key: str) -> bytes:
    """The newest record with this key. Ends the command with exit code 1 if there is none."""
    found = None
    for name, value in _records(settings):
        found = value if name == key else found
    if found is None:
        typer.echo(f"aiops: no dead letter {key!r}; see: aiops dead-letters list", err=True)
        raise typer.Exit(Exit.NO)
    return found


def _records(settings: Settings) -> Iterator[tuple[str, bytes]]:
    """Key and value of every record on the topic, in topic order, repeated dead letters included."""
    for place, value in kept(settings, settings.topics.dead_letters):
        try:
            yield _key(masked_letter(value)), value
        except PermanentError as error:
            typer.echo(f"aiops: {place}: {error}", err=True)


def _key(letter: Mapping[str, Any]) -> str:
    return f"{letter['topic']}/{letter['partition']}/{letter['offset']}/{letter['reason']}"


def _opened(settings: Settings, value: bytes) -> DeadLetter:
    if not (settings.state / KEY).exists():
        raise PermanentError(f"{settings.state / KEY} is not there: use the state folder that encrypted it")
    return decode_letter(value, open_seal(settings.state))
