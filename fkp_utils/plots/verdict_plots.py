"""Figures of verdicts: how often each is given, which test has which, and the intervals that decide them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import axes as mpl_axes
from matplotlib import figure as mpl_figure
from matplotlib import ticker

from fkp_utils.evaluation import verdicts
from fkp_utils.plots import common as plots

COLOURS = dict(zip(verdicts.WORDS.values(), (plots.BLUE, plots.ORANGE, "0.5"), strict=True))
MARKERS = dict(zip(verdicts.WORDS.values(), ("o", "v", "s"), strict=True))


def shares(axes: mpl_axes.Axes, x: np.ndarray, table: Mapping[str, np.ndarray]) -> mpl_axes.Axes:
    """Areas of the share of each verdict over `x`, which sum to one; table: shares (len(x),) by the verdict's words."""
    order = [words for words in COLOURS if words in table]
    axes.stackplot(
        x, [table[words] for words in order], labels=order, colors=[COLOURS[words] for words in order], linewidth=0
    )
    axes.set(xlim=(x[0], x[-1]), ylim=(0, 1))
    return axes


def tests(axes: mpl_axes.Axes, table: pd.DataFrame, order: list[str]) -> mpl_axes.Axes:
    """A mark for each test in the row of its claim, the first claim on top; by verdict, as COLOURS has them.

    table: a row a test with the columns claim and verdict.  order: the claims.
    """
    rank = {words: number for number, words in enumerate(COLOURS)}
    table = table.sort_values("verdict", key=lambda column: column.map(rank), kind="stable")
    x = table.groupby("claim").cumcount() + 1
    y = table["claim"].map({claim: row for row, claim in enumerate(order)})
    for words, colour in COLOURS.items():
        here = table["verdict"] == words
        axes.scatter(x[here], y[here], s=26, color=colour, marker=MARKERS[words], label=words, linewidths=0)
    axes.set(yticks=range(len(order)), ylim=(len(order) - 0.5, -0.5), xlabel="tests", xlim=(0.3, None))
    axes.set_yticklabels(order, fontsize=9)
    axes.locator_params(axis="x", integer=True)
    axes.grid(visible=False, axis="x")
    return axes


def intervals(axes: mpl_axes.Axes, table: pd.DataFrame, unit: str, linear: float | None = None) -> mpl_axes.Axes:
    """A mark with its interval for each row of the table, the first on top, by verdict; a line at 0.

    table: the columns value, low, high and verdict.  linear: beyond it the axis is logarithmic, on both sides.
    """
    rows = pd.Series(range(len(table)), table.index)
    for words, colour in COLOURS.items():
        part = table[table["verdict"] == words]
        error = [part["value"] - part["low"], part["high"] - part["value"]]
        look: dict[str, Any] = {"fmt": MARKERS[words], "color": colour, "capsize": 2, "markersize": 6, "linewidth": 1.2}
        axes.errorbar(part["value"], rows[part.index], xerr=error, label=words, **look)
    axes.axvline(0, color="black", linewidth=1)
    if linear is not None:
        axes.set_xscale("symlog", linthresh=linear)
        most = np.abs(table[["low", "high"]].to_numpy()).max(initial=linear)
        ticks = [tick for tick in linear * np.array([0.5, 1, 2, 5, 10, 20, 50, 100]) if tick <= most]
        axes.set_xticks([-tick for tick in ticks[::-1]] + [0.0] + ticks, minor=False)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.set(yticks=range(len(table)), ylim=(max(len(table), 1) - 0.5, -0.5), xlabel=unit)
    axes.set_yticklabels(table.index, fontsize=9)
    axes.grid(visible=False, axis="y")
    return axes


def refuted(axes: mpl_axes.Axes, counts: np.ndarray, promised: np.ndarray) -> mpl_axes.Axes:
    """Bars of how many tables refute 0, 1, … claims, the last of them that many or more, and dots of what is promised.

    counts: of refuted claims, one for each table.  promised: as many tables as bars.
    """
    last = len(promised) - 1
    axes.bar(range(last + 1), np.bincount(np.minimum(counts, last), minlength=last + 1), color=plots.BLUE)
    axes.plot(range(last + 1), promised, "o", color=plots.ORANGE, ms=4)
    ticks = range(0, last + 1, 5)
    axes.set_xticks(ticks, [f"{tick}+" if tick == last else str(tick) for tick in ticks])
    axes.set_xlabel("true claims refuted by chance")
    return axes


def variants(errors: pd.DataFrame) -> mpl_figure.Figure:
    """Mean squared errors in px², a row for each variant and a mark for each column, the first variant on top."""
    figure, axes = plt.subplots(figsize=(plots.WIDTH, 1.2 + 0.3 * len(errors)))
    for name, look in zip(errors, "oD", strict=True):
        axes.plot(errors[name], errors.index, look, label=name)
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=9)
    axes.set(xlim=(0, None), xlabel="mean squared error (px²)")
    axes.legend(loc="lower left")
    return figure
