"""Figures of face shapes and of losses that know them, in the style of `plots` (notebook 09)."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib import figure as mpl_figure

from fkp_utils import metrics
from fkp_utils.plots import common as plots
from fkp_utils.plots import error_plots


def pair_table(table: pd.DataFrame, unit: str) -> mpl_figure.Figure:
    """A figure of a square table, a number for every two points, small enough for fifteen of them."""
    figure, axes = plt.subplots(figsize=(plots.WIDTH, 0.86 * plots.WIDTH))
    error_plots.error_table(axes, table, unit)
    for text in axes.texts:
        text.set_fontsize(8.5)
    axes.tick_params(axis="x", rotation=90)
    axes.grid(visible=False)
    return figure


def sweep(
    changes: Mapping[str, Mapping[float, metrics.Estimate]], readings: Mapping[str, float], labels: tuple[str, str]
) -> mpl_figure.Figure:
    """A figure of changes of an error over a weight, on a scale of powers of ten: a line with intervals for each name.

    The black line is no change.  readings: weights that have a name, dotted.  Lines after the first one stand a little
    aside of their weights, so that intervals at one weight do not cover each other.
    """
    figure, axes = plt.subplots(figsize=(plots.WIDTH, 4.0))
    axes.axhline(0, color="black", linewidth=1, label="without the term")
    for number, (name, found) in enumerate(changes.items()):
        weights = sorted(found)
        values, bars = plots.reach(found[weight] for weight in weights)
        aside = [weight * 1.1**number for weight in weights]
        axes.errorbar(aside, values, bars, fmt="s--" if number else "o-", capsize=4, label=name)
    for name, weight in readings.items():
        axes.axvline(weight, color="0.6", linestyle=":", zorder=0)
        axes.text(weight, 1.01, name, ha="center", va="bottom", fontsize=10, transform=axes.get_xaxis_transform())
    axes.set(xscale="log", xlabel=labels[0], ylabel=labels[1])
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure
