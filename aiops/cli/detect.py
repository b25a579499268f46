"""`aiops detect`: the detectors over a table of numbers, without Kafka, Ray or any state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from aiops.adapters.detection_plot import plot
from aiops.adapters.tables import write_scores
from aiops.apps.detect import detect_in, episode, figures
from aiops.model.errors import PermanentError
from detectors.detection import TableDetection

_Tables = Annotated[list[Path], typer.Argument(metavar="TABLE…", help="CSV or Parquet files.", show_default=False)]
_LearnUntil = Annotated[
    str | None,
    typer.Option(
        metavar="TIME|ROWS", help="Learn from rows before this time, or from this many first rows, without alerts."
    ),
]
_Scores = Annotated[
    str | None,
    typer.Option(
        metavar="OUT|FOLDER/", help="Write one line per row: time, score, onset, alert, episode, score:COLUMN."
    ),
]
_Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="OUT.png|.html", help="Plot values, score and episodes."),
]
_Detector = Annotated[
    list[str] | None,
    typer.Option("--detector", help="A detector that scores every series in addition to the bank; repeatable."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, one line per table.")]


def run(
    tables: _Tables,
    learn_until: _LearnUntil = None,
    scores: _Scores = None,
    *,
    plot_to: _Plot = None,
    detector: _Detector = None,
    as_json: _Json = False,
) -> None:
    """Find anomalous episodes in tables of numbers.

    A table has a time column (timestamp, time or ts: ISO 8601, or epoch in s, ms, µs or ns) and either columns `series`
    and `value` (long; an `entity` column groups series), or one column per series (wide; the file is one entity). Rows
    are read in order: the score of a row depends on no later row. Rows with the same time are one step.

    The score of a row lies in [0, 1]: how abnormal the row is, over all series of its entity. A series opens an episode
    at 0.5: healthy series reach that about ten times a day for each 1,000 of them. 0.8 is four times the evidence. An
    episode closes when the series has returned to normal, or when the new level has lasted two hours. A series needs at
    least 30 points, better a day, for a reliable score, and two weeks for a weekly pattern.

    Exit code 0: done, with or without episodes. 3: a table cannot be read; the message names file, row and column.
    """
    if len(tables) > 1 and plot_to is not None:
        raise PermanentError("--plot draws one table: name one table, or omit --plot")
    into_folder = scores is not None and (len(tables) > 1 or scores.endswith("/") or Path(scores).is_dir())
    for path in tables:
        detection = detect_in(path, learn_until, detector or ())
        if scores is not None:
            write_scores(detection, Path(scores) / f"{path.stem}.csv" if into_folder else Path(scores))
        if plot_to is not None:
            plot(detection, plot_to)
        typer.echo(json.dumps(figures(detection)) if as_json else _text(detection))


def _text(detection: TableDetection) -> str:
    table = detection.table
    lines = [f"{table.name}: {len(table)} rows, {len(table.names)} series, {len(detection.episodes)} episodes"]
    for one in (episode(detection, found) for found in detection.episodes):
        why = ", ".join(f"{part['series']} ({part['view']} {part['score']:.2f})" for part in one["series"][:4])
        more = f" and {len(one['series']) - 4} more" if len(one["series"]) > 4 else ""
        until = one["to"] or "still open"
        lines.append(f"  {one['id']:4} {one['entity']}: {one['from']} to {until}, peak {one['peak']:.2f}: {why}{more}")
    return "\n".join(lines)
