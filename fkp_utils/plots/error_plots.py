"""Figures of errors: by point and condition, against what was expected, and on odd images (notebook 06)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import axes as mpl_axes
from matplotlib import figure as mpl_figure

from fkp_utils import metrics
from fkp_utils.plots import common as plots

DARK = 0.18  # relative luminance below which white has more contrast than black (WCAG 2.2)
BEFORE = 2.0  # minutes that are shown of a training that comes before


def error_table(axes: mpl_axes.Axes, table: pd.DataFrame, unit: str = "RMSE (px)") -> mpl_axes.Axes:
    """Errors as colours with their numbers, a row for each index of the table; NaN is left white."""
    sns.heatmap(table, ax=axes, cmap="rocket_r", vmin=0, annot=True, fmt=".1f", cbar_kws={"label": unit})
    colours = np.asarray(axes.collections[0].get_facecolor()).reshape(*table.shape, 4)
    for text in axes.texts:
        column, row = (int(place) for place in text.get_position())
        dark = sns.utils.relative_luminance(colours[row, column]) < DARK
        text.set_color("white" if dark else "black")
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="y", rotation=0)
    axes.tick_params(axis="x", rotation=0)
    return axes


def reliability(
    axes: mpl_axes.Axes, expected: Sequence[float], found: Sequence[metrics.Estimate], label: str
) -> mpl_axes.Axes:
    """Real errors with their intervals over the expected ones, in px; on the black line they agree."""
    values, bars = plots.reach(found)
    end = 1.05 * max(axes.get_xlim()[1] / 1.05, (values + bars[1]).max(), max(expected))
    axes.errorbar(expected, values, bars, fmt="o-", capsize=4, label=label)
    axes.axline((0, 0), slope=1, color="black", linewidth=1)
    axes.set(xlim=(0, end), ylim=(0, end), xlabel="expected error (px)", ylabel="real RMSE (px)")
    return axes


def coverage(axes: mpl_axes.Axes, found: Mapping[float, metrics.Estimate], label: str) -> mpl_axes.Axes:
    """The share of labels inside an interval by the share that should be, in percent; on the line both agree."""
    values, bars = plots.reach(found.values())
    axes.errorbar(100 * np.array(list(found)), 100 * values, 100 * bars, fmt="o-", capsize=4, label=label)
    axes.axline((0, 0), slope=1, color="black", linewidth=1)
    axes.set(xlim=(0, 105), ylim=(0, 105), xlabel="should be inside (%)", ylabel="are inside (%)")
    return axes


def pairs_sheet(images: Mapping[str, np.ndarray], points: Mapping[str, Mapping[str, np.ndarray]]) -> mpl_figure.Figure:
    """A row of faces for each name: images (n, H, W, C), with the points (n, K, 2) of its kinds of marks."""
    columns = max(map(len, images.values()))
    side = plots.WIDTH / columns
    figure, grid = plt.subplots(len(images), columns, figsize=(plots.WIDTH, len(images) * side + 0.4), squeeze=False)
    for line, (name, row) in zip(grid, images.items(), strict=True):
        for index, axes in enumerate(line):
            if index >= len(row):
                axes.axis("off")
                continue
            marks = {kind: values[index] for kind, values in points[name].items()}
            plots.show_face(axes, np.rint(np.clip(row[index], 0, 255)).astype(np.uint8), **marks)
        line[0].set_ylabel(name.replace(" ", "\n", 1))
    plots.marks_below(figure, list(dict.fromkeys(kind for marks in points.values() for kind in marks)))
    return figure


def condition_sheet(
    curves: Mapping[str, tuple[list[float], Mapping[str, Sequence[metrics.Estimate]]]], units: Mapping[str, str]
) -> mpl_figure.Figure:
    """Errors by each condition, of `errors.by_condition`, up to three panels in a row; one legend for all."""
    columns = min(3, len(curves))
    figure, grid = plots.panels(len(curves), columns, 2.5 if columns == 3 else 3.2, 0.4, sharey=True)
    for axes, (name, (middles, found)) in zip(grid, curves.items(), strict=True):
        plots.curves(axes, middles, found, (units[name], ""))
    for axes in grid[::columns]:
        axes.set(ylabel="RMSE (px)", ylim=(0, None))
    plots.legend_below(figure)
    if all(len(found) == 1 for _, found in curves.values()):
        figure.legends[0].remove()  # there is nothing to tell apart
    return figure


def error_by_time(
    axes: mpl_axes.Axes, errors: Mapping[str, metrics.Estimate], seconds: Mapping[str, float]
) -> mpl_axes.Axes:
    """Errors with their intervals over the seconds that they took, by name; each gets the first word of its name."""
    colours = [plots.BLUE if number % 2 else plots.ORANGE for number in range(len(errors))]
    for (name, error), colour in zip(errors.items(), colours, strict=True):
        axes.errorbar(seconds[name], *plots.reach([error]), fmt="o", color=colour, capsize=3)
    axes.set(xscale="log", xlabel="training time (s)", ylabel="RMSE (px)")
    axes.set_ylim(0, 1.1 * max(error.high for error in errors.values()))
    axes.margins(x=0.1)
    plots.decimals(axes.xaxis)
    bars = [[(seconds[name], y) for y in np.linspace(error.low, error.high, 9)] for name, error in errors.items()]
    drawn = [axes.transData.transform(bar) * 72 / axes.figure.dpi for bar in bars]  # in points
    labels: list[np.ndarray] = []
    for number, name in enumerate(errors):
        others = np.concatenate([*drawn[:number], *drawn[number + 1 :], *labels, [[np.inf, np.inf]]])
        ways = {(-10, 0): 4, (10, 0): 4, (0, 9): -1, (0, -10): 0}  # from which place of the bar
        ends = {way: drawn[number][[place]] + way for way, place in ways.items()}
        way = max(ends, key=lambda way: np.linalg.norm(others - ends[way], axis=1).min())
        labels.append(ends[way])
        label = axes.annotate(name.split()[0], bars[number][ways[way]], way, textcoords="offset points")
        label.set(color=colours[number], weight="bold", ha="center", va="center")
    return axes


def training_minutes(
    axes: mpl_axes.Axes, curves: pd.DataFrame, errors: Mapping[str, metrics.Estimate]
) -> mpl_axes.Axes:
    """Validation errors over minutes, a line for each name, and at its end the error of other people with its interval.

    curves: columns name, minutes, rmse; the time before the first of them is grey, and most of it is left out.
    """
    start, lowest = curves["minutes"].min(), curves["rmse"].min()
    axes.axvspan(start - BEFORE, start, color="0.88", label=f"synthetic faces ({start:.0f} min)")
    for number, (name, part) in enumerate(curves.groupby("name", sort=False)):
        colour = (plots.BLUE, plots.ORANGE)[number % 2]
        axes.plot(part["minutes"], part["rmse"], color=colour, label=name)
        if one := errors.get(str(name)):
            axes.errorbar(part["minutes"].max(), *plots.reach([one]), fmt="o", color=colour, capsize=4)
    axes.set(xlabel="minutes of training", ylabel="RMSE (px)", xlim=(start - BEFORE, None), ylim=(0.75 * lowest, None))
    axes.legend(frameon=False, loc="lower right", ncols=3)
    return axes


def leaderboard(axes: mpl_axes.Axes, scores: Mapping[str, float], ours: dict[str, metrics.Estimate]) -> mpl_axes.Axes:
    """Scores in px as dots, and ours with their intervals among them, the lowest error on top."""
    rows = {name: metrics.Estimate(score, score, score) for name, score in scores.items()} | ours
    order = sorted(rows, key=lambda name: rows[name].value)
    plots.estimates(axes, {name: rows[name] for name in order}, "RMSE (px)", "grey")
    for place, name in enumerate(order):
        if name in ours:
            value, bars = plots.reach([ours[name]])
            axes.errorbar(value, place, xerr=bars, fmt="o", color=plots.BLUE, capsize=4)
            axes.get_yticklabels()[place].set(color=plots.BLUE, weight="bold")
    axes.margins(x=0.1)
    return axes
