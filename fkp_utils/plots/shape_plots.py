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
    errors: Mapping[str, Mapping[float, metrics.Estimate]],
    alone: metrics.Estimate,
    readings: Mapping[str, float],
    labels: tuple[str, str],
) -> mpl_figure.Figure:
    """A figure of errors over a weight, on a scale of powers of ten: a line with its interval for each name.

    alone: the error without the term, a black line.  readings: weights that have a name, dotted.
    """
    figure, axes = plt.subplots(figsize=(plots.WIDTH, 4.4))
    for name, found in errors.items():
        weights = sorted(found)
        values = [found[weight] for weight in weights]
        plots.curves(axes, weights, {name: values}, labels)
        bars = [[each.value - each.low for each in values], [each.high - each.value for each in values]]
        colour, centres = axes.lines[-1].get_color(), [each.value for each in values]
        axes.errorbar(weights, centres, bars, fmt="none", capsize=4, color=colour)
    axes.axhline(alone.value, color="black", linewidth=1, label="without the term")
    for name, weight in readings.items():
        axes.axvline(weight, color="0.6", linestyle=":", zorder=0)
        axes.text(weight, 1.01, name, ha="center", va="bottom", fontsize=10, transform=axes.get_xaxis_transform())
    axes.set_xscale("log")
    plots.legend_below(figure)
    return figure
