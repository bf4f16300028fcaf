"""Figures of how networks learn: their errors by epoch, by learning rate and by patience, in the style of `plots`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import axes as mpl_axes
from matplotlib import figure as mpl_figure
from matplotlib import ticker

from fkp_utils import metrics
from fkp_utils.plots import common as plots


def learning_curves(axes: mpl_axes.Axes, history: pd.DataFrame, kept: int | None = None) -> mpl_axes.Axes:
    """Errors in px by epoch of every restart: training thin and blue, validation orange; the kept restart is thicker.

    history: as `runs.Run.history` has it.  kept: which restart the model is from; its best epoch gets a dot.
    """
    alpha = max(0.15, 0.6 / history["restart"].nunique() ** 0.5)
    for number, each in history.groupby("restart"):
        look = {"linewidth": 2.0} if number == kept else {"linewidth": 1.0, "alpha": alpha}
        axes.plot(each["epoch"], each["training"], color=plots.BLUE, **look)
        axes.plot(each["epoch"], each["validation"], color=plots.ORANGE, **look)
        if number == kept:
            best = each.loc[each["validation"].idxmin()]
            axes.plot(best["epoch"], best["validation"], "o", color=plots.ORANGE, markeredgecolor="black", zorder=4)
    axes.set(xlabel="epoch", ylabel="RMSE (px)", xlim=(0.5, history["epoch"].max() + 0.5))
    axes.locator_params(axis="x", integer=True)
    return axes


def curve_sheet(
    histories: Mapping[str, tuple[pd.DataFrame, int]], columns: int = 3, level: float | None = None, unit: str = ""
) -> mpl_figure.Figure:
    """`learning_curves` of each name, on the same scales, which leave out the worst twentieth of the errors.

    level: the error of the mean points, drawn as a dashed line.  unit: if given, what is drawn instead of the error in
    px; its axis is logarithmic.
    """
    count = len(histories)
    figure, grid = plots.panels(count, min(columns, count), 2.3, 0.4, sharex=True, sharey=True)
    for axes, (name, (history, kept)) in zip(grid, histories.items(), strict=True):
        learning_curves(axes, history, kept).set_title(name)
        if level is not None:
            axes.axhline(level, color="black", linestyle="--", linewidth=1, zorder=1)
        axes.set(ylabel=unit or axes.get_ylabel())
        axes.label_outer()
    errors = pd.concat([history[["training", "validation"]] for history, _ in histories.values()]).to_numpy()
    low, high = errors.min(), np.quantile(errors, 0.95)
    if level is not None:
        low, high = min(low, 0.97 * level), max(high, 1.03 * level)
    longest = max(history["epoch"].max() for history, _ in histories.values())
    grid[0].set(xlim=(0.5, longest + 0.5), ylim=(low - 0.1 * (high - low), high + 0.1 * (high - low)))
    if unit:
        grid[0].set(yscale="log", ylim=(0.8 * low, 1.3 * high))
        plots.decimals(grid[0].yaxis)
    handles = [plt.Line2D([], [], color=colour) for colour in (plots.BLUE, plots.ORANGE)]
    handles += [plt.Line2D([], [], color="black", linestyle="--", linewidth=1)] * (level is not None)
    names = ["training", "validation", "mean points"][: len(handles)]
    figure.legend(handles, names, loc="outside lower center", ncols=len(handles), frameon=False)
    return figure


def descent_sheet(paths: Mapping[str, np.ndarray], steepness: Sequence[float]) -> mpl_figure.Figure:
    """Paths (T, 2) of two weights in a valley, a panel each, over the contour lines of its loss.

    steepness: the second derivatives of the loss along the two weights; its lowest point, at 0, is marked.
    """
    width = 1.15 * max(np.abs(path[0]).max() for path in paths.values())
    limits = (width, 0.45 * width)
    grid = np.meshgrid(*(np.linspace(-each, each, 101) for each in limits))
    loss = np.sum([each * axis**2 / 2 for each, axis in zip(steepness, grid, strict=True)], axis=0)
    figure, panels = plt.subplots(1, len(paths), figsize=(plots.WIDTH, 2.7), sharey=True, squeeze=False)
    for axes, (name, path) in zip(panels[0], paths.items(), strict=True):
        axes.contour(*grid, loss, np.geomspace(0.003, 0.6, 7) * loss.max(), colors="0.8")
        axes.plot(*path.T, "o-", color=plots.BLUE, markersize=4)
        axes.plot(0, 0, "x", color="black", markersize=8, zorder=4)
        axes.set(xlim=(-limits[0], limits[0]), ylim=(-limits[1], limits[1]), xlabel="$w_1$", title=name)
        axes.grid(visible=False)
    panels[0, 0].set_ylabel("$w_2$")
    return figure


def loss_by_rate(
    axes: mpl_axes.Axes, rates: Sequence[float], losses: Mapping[str, np.ndarray], level: float
) -> mpl_axes.Axes:
    """Losses (R,) over the learning rates, a line for each name, and a dashed one at the level of the mean points.

    What explodes, or is far above the level, lies outside.
    """
    for number, (name, values) in enumerate(losses.items()):
        axes.plot(rates, values, "o-" if number else "s--", label=name)
    axes.axhline(level, color="black", linestyle="--", linewidth=1, label="mean points")
    known = np.concatenate([values[np.isfinite(values)] for values in losses.values()])
    top = min(max(5 * level, 2 * known.min()), 1.25 * max([level, *known]))
    axes.set(xscale="log", yscale="log", xlabel="learning rate", xlim=(min(rates) / 1.3, max(rates) * 1.3))
    axes.set_ylim(0.8 * min([level, *known]), top)
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates])
    axes.minorticks_off()
    plots.decimals(axes.yaxis)
    if axes.get_ylim()[1] < 3 * axes.get_ylim()[0]:  # too short for more than one of those
        axes.yaxis.set_major_locator(ticker.MaxNLocator(4))
    axes.legend(frameon=False)
    return axes


def rate_curve(
    axes: mpl_axes.Axes, values: Mapping[float, metrics.Estimate], others: Mapping[str, metrics.Estimate]
) -> mpl_axes.Axes:
    """Errors with their intervals over learning rates, joined by a line; right of it, others that have no one rate."""
    rates = sorted(values)
    places = [*rates, *(2.0 ** (number + 1) * max(rates) for number in range(len(others)))]
    every = [*(values[rate] for rate in rates), *others.values()]
    for number, (place, each) in enumerate(zip(places, every, strict=True)):
        colour = plots.BLUE if number < len(rates) else plots.ORANGE
        axes.errorbar(place, *plots.reach([each]), fmt="o", capsize=3, color=colour)
    axes.plot(rates, [values[rate].value for rate in rates], color=plots.BLUE)
    named: list[float] = []  # as many as there is room for
    for rate in rates:
        named += [rate] * (not named or rate > 1.3 * named[-1])
    axes.set(xscale="log", xlabel="learning rate")
    axes.set_xticks([*named, *places[len(rates) :]], [*(f"{rate:g}" for rate in named), *others])
    axes.minorticks_off()
    return axes


def early_stopping(axes: mpl_axes.Axes, tables: Iterable[pd.DataFrame]) -> mpl_axes.Axes:
    """What each patience leaves a training with: two lines for each of the tables that `stops` makes."""
    looks = {"last": (plots.ORANGE, "weights at the stop"), "best": (plots.BLUE, "best weights until then")}
    for number, table in enumerate(tables):
        for column, (colour, label) in looks.items():
            axes.plot(table.index, table[column], "o-", color=colour, alpha=0.6, label=None if number else label)
        axes.set_xscale("log")
        axes.set_xticks(table.index, [str(patience) for patience in table.index])
        axes.minorticks_off()
    axes.set(xlabel="patience (epochs)", ylabel="validation error over its lowest (%)")
    axes.legend(frameon=False)
    return axes
