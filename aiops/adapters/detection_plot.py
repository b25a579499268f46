"""Plots a detection: values above, score below, episodes shaded."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from aiops.model.errors import PermanentError
from detectors.detection import TableDetection

_PANELS = 6
"""Maximum number of panels: the series with the highest episode scores, then the first series."""
_VALUE, _SCORE, _EPISODE = "#33658a", "#444444", "#d1495b"


def plot(detection: TableDetection, target: Path) -> None:
    """Write a PNG or a self-contained HTML page, by the target's suffix; ``PermanentError`` for any other suffix."""
    suffix = target.suffix.lower()
    if suffix not in {".png", ".html"}:
        raise PermanentError(f"--plot {target}: the name must end in .png or .html")
    figure = _figure(detection)
    target.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".png":
        figure.savefig(target, dpi=110)
        return
    out = io.StringIO()
    figure.savefig(out, format="svg")
    picture = out.getvalue()
    title = escape(Path(detection.table.name).name)
    page = f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title></head><body>'
    target.write_text(f"{page}{picture[picture.index('<svg') :]}</body></html>\n", encoding="utf-8")


def _figure(detection: TableDetection) -> Any:
    try:
        figures = import_module("matplotlib.figure")
    except ImportError as error:
        raise PermanentError("--plot needs matplotlib: pip install matplotlib") from error
    table = detection.table
    chosen = _chosen(detection)
    figure = figures.Figure(figsize=(12, 1.6 * (len(chosen) + 1) + 0.8), layout="constrained")
    panels = figure.subplots(len(chosen) + 1, 1, sharex=True)
    times = np.array([datetime.fromtimestamp(at / 1e9, UTC) for at in table.at.tolist()])
    for panel, series in zip(panels, chosen, strict=False):
        mine = table.series == series
        panel.plot(times[table.row[mine]], table.value[mine], color=_VALUE, linewidth=0.7)
        panel.set_title(table.names[series], fontsize=9, loc="left")
    panels[-1].plot(times, detection.score, color=_SCORE, linewidth=0.7)
    panels[-1].axhline(0.5, color=_EPISODE, linewidth=0.6, linestyle=":")
    panels[-1].set_ylim(0, 1)
    panels[-1].set_title("score (an episode opens at 0.5)", fontsize=9, loc="left")
    for panel in panels:
        panel.tick_params(labelsize=8)
        for found in detection.episodes:
            last = len(times) - 1 if found.to_row is None else found.to_row
            begin = datetime.fromtimestamp(found.since / 1e9, UTC)
            panel.axvspan(begin, times[last], color=_EPISODE, alpha=0.25, linewidth=0)
        if detection.learned_rows:
            panel.axvspan(times[0], times[detection.learned_rows - 1], color="#999999", alpha=0.15, linewidth=0)
    learned = ", grey: learned" if detection.learned_rows else ""
    figure.suptitle(f"{Path(table.name).name}: {len(detection.episodes)} episodes (red{learned})", fontsize=10)
    return figure


def _chosen(detection: TableDetection) -> list[int]:
    table = detection.table
    weight = dict.fromkeys(table.names, 0.0)
    for found in detection.episodes:
        for name, one in found.series.items():
            weight[name] += one.score
    ranked = sorted(range(len(table.names)), key=lambda series: (-weight[table.names[series]], series))
    return sorted(ranked[:_PANELS])
