"""Figures by layer of a network: likeness, linear readouts, and the starts of a training (notebook 04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import axes as mpl_axes
from matplotlib import figure as mpl_figure

from fkp_utils import metrics
from fkp_utils.plots import common as plots

COLOURS = (plots.BLUE, plots.ORANGE, plots.GREEN)


def _name_layers(axes: mpl_axes.Axes, names: Sequence[str], size: float = 11) -> None:
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)


def curves_by_layer(
    panels: Mapping[str, Mapping[str, Sequence[metrics.Estimate]]], layers: Sequence[str], label: str
) -> mpl_figure.Figure:
    """A figure of panels side by side, on one scale: lines with intervals over the layers, one legend for all."""
    figure, grid = plt.subplots(1, len(panels), figsize=(plots.WIDTH, 4.2), sharey=True, squeeze=False)
    for axes, (title, lines) in zip(grid[0], panels.items(), strict=True):
        plots.curves(axes, range(len(layers)), lines, ("", ""))
        _name_layers(axes, layers, 11 if len(panels) < 3 else 8)
        axes.set(title=title, ylim=(0, None))
    grid[0, 0].set_ylabel(label)
    plots.legend_below(figure)
    return figure


def readouts(
    found: Mapping[str, Mapping[str, metrics.Estimate]], names: Sequence[str], before_and_after: bool = False
) -> mpl_figure.Figure:
    """A figure of the error of points read from each layer: a line for each name of `found`, over the layers' names.

    Intervals stand a little aside of each other.  before_and_after: two neighbouring lines have one colour, the first
    of them dashed, and no intervals.
    """
    figure, axes = plt.subplots(figsize=(plots.WIDTH, 4.6))
    for number, (name, layers) in enumerate(found.items()):
        values, bars = plots.reach(layers.values())
        places = np.arange(len(values))
        if before_and_after:
            colour, line = COLOURS[number // 2], ("--", "-")[number % 2]
            axes.plot(places, values, f"o{line}", label=name, color=colour)
            continue
        aside = places + 0.16 * (number - (len(found) - 1) / 2)
        axes.plot(aside, values, "os^"[number % 3] + "-", color=COLOURS[number % 3], label=name)
        axes.errorbar(aside, values, bars, fmt="none", color=COLOURS[number % 3], alpha=0.45, linewidth=1)
    _name_layers(axes, names)
    axes.set_ylabel("RMSE (px)")
    return figure


def starts(histories: Mapping[str, Mapping[str, pd.DataFrame]]) -> mpl_figure.Figure:
    """A figure of validation errors by epoch, a panel for each network, a colour for each start, a line a restart.

    histories: by network and start, each as `runs.Run.history` has it.
    """
    figure, grid = plt.subplots(1, len(histories), figsize=(plots.WIDTH, 3.6), squeeze=False)
    for axes, (name, found) in zip(grid[0], histories.items(), strict=True):
        for colour, (start, history) in zip(COLOURS, found.items(), strict=False):
            for number, each in history.groupby("restart"):
                label = start if number == 0 else None
                axes.plot(each["epoch"], each["validation"], "o-", markersize=4, color=colour, label=label)
        errors = pd.concat([history["validation"] for history in found.values()])
        last = max(history["epoch"].max() for history in found.values())
        axes.set(title=name, xlabel="epoch", xlim=(0.5, last + 0.5), ylim=(0, 1.08 * errors.max()))
        axes.locator_params(axis="x", integer=True, min_n_ticks=1)
        axes.legend(frameon=False)
    grid[0, 0].set_ylabel("validation RMSE (px)")
    return figure
