"""The bench as a picture: for each task the energy in the planted region, with intervals, beside the blind guesses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from xai_core.evaluation.planted.bench import Row
from xai_core.evaluation.planted.network import STAGES, TASKS

COLOURS = {"": "#7b8a90", **dict(zip(STAGES, ("#9ecae1", "#4292c6", "#08519c"), strict=True))}


def draw(rows: Sequence[Row], file: Path) -> None:
    """Write a PNG: one panel a task, one line a method, one dot a stage."""
    titles = list(dict.fromkeys(row.title for row in rows))
    figure, panels = plt.subplots(1, len(TASKS), figsize=(15, 6.5), sharey=True)
    for task, panel in zip(TASKS, panels, strict=True):
        _panel(panel, [row for row in rows if row.task == task], titles)
        panel.set_title(task)
    panels[0].set_yticks(range(len(titles)), titles)
    panels[0].invert_yaxis()
    handles = [plt.Line2D([], [], marker="o", ls="", color=c, label=s or "pixels, trivial") for s, c in COLOURS.items()]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles), frameon=False)
    figure.suptitle("Share of the positive evidence in the planted region; grey line: its share of the picture")
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=80)
    plt.close(figure)


def _panel(panel: plt.Axes, rows: Sequence[Row], titles: Sequence[str]) -> None:
    offsets = dict(zip(COLOURS, np.linspace(-0.2, 0.2, len(COLOURS)), strict=True))
    for row in rows:
        mean, low, high = row.energy
        at = titles.index(row.title) + offsets[row.stage]
        panel.plot([low, high], [at, at], color=COLOURS[row.stage], lw=1.5)
        panel.plot(mean, at, "o", ms=4, color=COLOURS[row.stage])
    panel.axvline(rows[0].area, color="#b0b8bb", lw=1)
    panel.set_xlim(0, 1)
    panel.grid(axis="y", color="#eceff0")
    panel.spines[["top", "right"]].set_visible(False)
