"""Every figure's parts: functions take values and axes and return the axes.

One style; stars are given points, crosses filled ones, rings those hidden on purpose, dots predicted ones, everywhere.
"""

from __future__ import annotations

import io
import os
import pathlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import axes as mpl_axes
from matplotlib import axis as mpl_axis
from matplotlib import figure as mpl_figure
from matplotlib import ticker, transforms

if TYPE_CHECKING:
    from fkp_utils import metrics

WIDTH = 7.2  # inches: a page's text is as wide
CUT = 0.01  # inches: less than a stroke of a letter
BLUE, ORANGE, GREEN, YELLOW, SKY, PINK = "#0072B2", "#D55E00", "#009E73", "#F0E442", "#56B4E9", "#CC79A7"  # Wong 2011
PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # behind a number, so that no line strikes it out
MARKS: Mapping[str, dict[str, Any]] = {
    "given": {"marker": "*", "s": 70, "c": YELLOW, "edgecolors": "black", "linewidths": 0.6},
    "filled": {"marker": "x", "s": 34, "c": ORANGE, "linewidths": 1.8},
    "hidden": {"marker": "o", "s": 44, "c": "none", "edgecolors": SKY, "linewidths": 1.5},
    "predicted": {"marker": "o", "s": 18, "c": SKY, "edgecolors": "black", "linewidths": 0.5},
}


def style() -> None:
    """The house style: legible at the report's width, colours that survive colour blindness.

    What a user's matplotlibrc says of figures does not count.
    """
    plt.rcdefaults()
    sns.set_theme(context="notebook", style="whitegrid", palette=[BLUE, ORANGE, GREEN, PINK, SKY, "0.35"])
    plt.rcParams.update(
        {
            "figure.figsize": (WIDTH, 4),
            "figure.dpi": 100,
            "savefig.dpi": 140,
            "font.size": 12,
            "axes.titlesize": 12,
            "axes.labelsize": 12,
            "xtick.labelsize": 11,
            "ytick.labelsize": 11,
            "legend.fontsize": 11,
            "figure.constrained_layout.use": True,
            "image.cmap": "gray",
        }
    )


def save_figure(figure: mpl_figure.Figure, identity: str, alt: str) -> None:
    """Shows the figure with the text `alt` for those who cannot see it, and closes it.

    Where `FKP_FIGURES` names a folder, as in the series, the picture is also written there as `<identity>.png`.  Warns
    of a figure that something sticks out of: it is cut off there.
    """
    if not alt.strip():
        raise ValueError(f"figure {identity!r} needs a text that says what it shows")
    from IPython import display

    from fkp_utils.system import files

    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    labels = [axis.label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) if axis.label.get_text()]
    inches = figure.dpi_scale_trans.inverted()  # of labels one by one, as Matplotlib 3.10 leaves them out of the whole
    boxes = [figure.get_tightbbox(), *(label.get_window_extent().transformed(inches) for label in labels)]
    drawn, page = transforms.Bbox.union(boxes), figure.bbox_inches
    if (over := max(*np.subtract(page.min, drawn.min), *np.subtract(drawn.max, page.max))) > CUT:
        warnings.warn(f"figure {identity!r}: {over:.2f} inches of it are cut off", stacklevel=2)
    plt.close(figure)
    if folder := os.environ.get("FKP_FIGURES"):
        with files.replacing(pathlib.Path(folder) / f"{identity}.png") as new:
            new.write_bytes(picture.getvalue())
    width = round(figure.get_figwidth() * 100)
    display.display(display.Image(picture.getvalue(), format="png", alt=alt, width=width))


def panels(
    count: int, columns: int, height: float, more: float = 0.0, **shared: Any
) -> tuple[mpl_figure.Figure, list[mpl_axes.Axes]]:
    """A figure of so many panels in rows of `columns`, and its axes; what is left of the last row stays empty.

    height: inches of a row.  more: inches of what stands around the rows.  shared: what `plt.subplots` shares.
    """
    rows = -(-count // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(WIDTH, rows * height + more), squeeze=False, **shared)
    for axes in grid.flat[count:]:
        axes.axis("off")
    return figure, list(grid.flat[:count])


def show_face(
    axes: mpl_axes.Axes, image: np.ndarray, title: str | None = None, **points: np.ndarray | None
) -> mpl_axes.Axes:
    """One image (H, W, C) with points (K, 2) marked by kind, one of `MARKS`: `given=`, `filled=`; NaN is not drawn."""
    axes.imshow(image.squeeze(), vmin=0, vmax=255)
    for kind, values in points.items():
        if values is not None:
            marks = MARKS[kind] | {"s": MARKS[kind]["s"] * min(1, 20 / len(values))}
            axes.scatter(*np.asarray(values).T, **marks, label=kind)
    height, width = image.shape[:2]
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])
    axes.grid(visible=False)
    if title:
        axes.set_title(title)
    return axes


def face_sheet(
    images: np.ndarray, columns: int = 4, titles: Sequence[str] | None = None, **points: np.ndarray | None
) -> mpl_figure.Figure:
    """A figure of N faces (N, H, W, C); `given=` and other `MARKS` are (N, K, 2), one legend for all."""
    height, width = images.shape[1:3]
    known = {kind: values for kind, values in points.items() if values is not None}
    row = WIDTH / columns * height / width + (0.3 if titles else 0)
    figure, grid = panels(len(images), columns, row, 0.4 if known else 0)
    for index, axes in enumerate(grid):
        here = {kind: values[index] for kind, values in known.items()}
        show_face(axes, images[index], titles[index] if titles else None, **here)
    marks_below(figure, list(known))
    return figure


def marks_below(figure: mpl_figure.Figure, kinds: Sequence[str]) -> None:
    """One legend under the figure, of these kinds of marks; none if there are none."""
    if kinds:
        handles = [figure.axes[0].scatter([], [], **MARKS[kind]) for kind in kinds]
        figure.legend(handles, kinds, loc="outside lower center", ncols=len(kinds), frameon=False)


def histograms(
    grid: Iterable[mpl_axes.Axes], values: np.ndarray, names: Sequence[str], colours: Sequence[str], unit: str = "px"
) -> list[mpl_axes.Axes]:
    """A histogram for each column of `values` (N, M), one axes each, all on the same range; NaN is left out."""
    low, high = np.nanpercentile(values, [0.1, 99.9])
    bins = np.linspace(low, high, 41).tolist()
    drawn = list(grid)
    for axes, column, name, colour in zip(drawn, np.asarray(values).T, names, colours, strict=False):
        axes.hist(column[~np.isnan(column)], bins=bins, color=colour, edgecolor="none")
        axes.set(title=name, yticks=[], xlim=(low, high))
        axes.grid(visible=False, axis="y")
    for axes in drawn[len(names) :]:
        axes.axis("off")
    for axes in drawn[max(0, len(names) - 5) : len(names)]:
        axes.set_xlabel(unit)
    return drawn


def ridges(
    axes: mpl_axes.Axes, values: np.ndarray, names: Sequence[str], colour: str = BLUE, unit: str = "px"
) -> mpl_axes.Axes:
    """Histograms of the columns of `values` (N, M), the first on top; in black the normal curve of that mean and sd."""
    low, high = np.nanpercentile(values, [0.1, 99.9])
    edges = np.linspace(low, high, 61)
    fine = np.linspace(low, high, 301)
    for row, column in enumerate(np.asarray(values).T):
        density = np.histogram(column, edges)[0] / np.count_nonzero(~np.isnan(column)) / (edges[1] - edges[0])
        mean, sd = np.nanmean(column), np.nanstd(column)
        normal = np.exp(-(((fine - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))
        unit_height = 0.85 / max(density.max(), normal.max())
        axes.stairs(row - density * unit_height, edges, baseline=row, fill=True, color=colour, alpha=0.6)
        axes.plot(fine, row - normal * unit_height, color="black", linewidth=1)
    axes.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.8, -1), xlim=(low, high), xlabel=unit)
    axes.grid(visible=False, axis="y")
    return axes


def spread(axes: mpl_axes.Axes, points: np.ndarray, names: Sequence[str]) -> mpl_axes.Axes:
    """The standard deviation of each point's x and y over the faces (N, K, 2), the first point on top."""
    x, y = np.nanstd(points, axis=0).T
    rows = np.arange(len(names))
    axes.hlines(rows, x, y, color="0.7")
    axes.scatter(x, rows, color=BLUE, label="x", zorder=3)
    axes.scatter(y, rows, color=ORANGE, marker="s", label="y", zorder=3)
    axes.set(yticks=rows, yticklabels=names, ylim=(len(names) - 0.5, -0.5), xlim=(0, None), xlabel="sd (px)")
    return axes


def ellipses(axes: mpl_axes.Axes, points: np.ndarray) -> mpl_axes.Axes:
    """An ellipse of one standard deviation around the mean of each point over the faces (N, K, 2)."""
    angle = np.linspace(0, 2 * np.pi, 61)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for column in np.moveaxis(points, 1, 0):
        given = column[~np.isnan(column[:, 0])]
        squares, directions = np.linalg.eigh(np.cov(given.T))
        border = given.mean(0)[:, None] + directions * np.sqrt(squares) @ circle
        axes.plot(*border, color=SKY, linewidth=1.5)
    return axes


def bars(
    axes: mpl_axes.Axes, values: Mapping[str, float] | pd.Series, unit: str, colours: str | Sequence[str] = BLUE
) -> mpl_axes.Axes:
    """Horizontal bars in the given order, the first on top, each with its number."""
    heights = pd.Series(values, dtype=float)
    drawn = axes.barh(heights.index, heights, color=colours)
    numbers = [f"{height:,.0f}" if abs(height) >= 1000 else f"{height:.3g}" for height in heights]
    axes.bar_label(drawn, numbers, padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.18)
    axes.grid(visible=False, axis="y")
    return axes


def stacked(axes: mpl_axes.Axes, table: pd.DataFrame, unit: str, colours: Sequence[str]) -> mpl_axes.Axes:
    """Horizontal bars of counts, one for each row of the table, the first on top, with a part for each column.

    A part that is too short for its number has none.
    """
    left, shortest = np.zeros(len(table)), 0.04 * table.sum(axis=1).max()
    for name, colour in zip(table, colours, strict=True):
        bar = axes.barh(table.index, table[name], left=left, color=colour, label=name)
        axes.bar_label(
            bar, [count if count > shortest else "" for count in table[name]], label_type="center", color="white"
        )
        left += table[name].to_numpy()
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.grid(visible=False, axis="y")
    return axes


def reach(found: Iterable[metrics.Estimate]) -> tuple[np.ndarray, np.ndarray]:
    """(N,) the values, and (2, N) how far their intervals reach below and above them, as `Axes.errorbar` takes them."""
    value, low, high = np.reshape([[each.value, each.low, each.high] for each in found], (-1, 3)).T
    return value, np.stack([value - low, high - value])


def estimates(
    axes: mpl_axes.Axes, values: Mapping[str, metrics.Estimate], unit: str, colour: str = BLUE
) -> mpl_axes.Axes:
    """A dot with its interval and number for each name, the first on top."""
    names = list(values)
    centre, error = reach(values.values())
    axes.errorbar(centre, range(len(names)), xerr=error, fmt="o", color=colour, capsize=4)
    for row, value in enumerate(centre):
        axes.annotate(f"{value:z.2f}", (value, row), (0, 7), textcoords="offset points", ha="center", bbox=PAPER)
    axes.set(yticks=range(len(names)), yticklabels=names, xlabel=unit, ylim=(len(names) - 0.5, -0.9))
    return axes


def estimate_sheet(values: Mapping[str, metrics.Estimate], unit: str, line: float | None = None) -> mpl_figure.Figure:
    """A figure of `estimates`; line: where a black line stands, such as at 0 for differences."""
    figure, axes = plt.subplots(figsize=(WIDTH, 1.2 + 0.5 * len(values)))
    figure.set_layout_engine("constrained", w_pad=0.1)  # inches: room for long names
    estimates(axes, values, unit)
    if line is not None:
        axes.axvline(line, color="black", linewidth=1)
    axes.margins(x=0.15)
    return figure


def curves(
    axes: mpl_axes.Axes, x: Sequence[float], values: Mapping[str, Sequence[metrics.Estimate]], labels: tuple[str, str]
) -> mpl_axes.Axes:
    """A line with its interval over `x` for each name; `labels` are those of the two axes."""
    for index, (name, found) in enumerate(values.items()):
        centre, (below, above) = reach(found)
        (line,) = axes.plot(x, centre, "s--" if index % 2 else "o-", label=name)  # both are seen where two agree
        axes.fill_between(x, centre - below, centre + above, color=line.get_color(), alpha=0.2, linewidth=0)
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.legend(frameon=False)
    return axes


def legend_below(figure: mpl_figure.Figure, columns: int = 3) -> None:
    """One legend under the figure, of what the axes shows that has most to show, in the place of those in its axes."""
    for axes in figure.axes:
        if legend := axes.get_legend():
            legend.remove()
    handles = max((axes.get_legend_handles_labels() for axes in figure.axes), key=lambda found: len(found[1]))
    figure.legend(*handles, loc="outside lower center", ncols=columns, frameon=False)


def location_map(axes: mpl_axes.Axes, points: np.ndarray, size: tuple[int, int]) -> mpl_axes.Axes:
    """How often a point (..., 2) lies on each 2 px cell of an image of `size` (height, width)."""
    height, width = size
    x, y = np.asarray(points).reshape(-1, 2).T
    here = ~np.isnan(x)
    edges = [np.arange(-0.5, extent + 1.5, 2) for extent in (height, width)]  # an odd extent gets a cell more
    counts = np.histogram2d(y[here], x[here], bins=edges)[0]
    extent = (edges[1][0], edges[1][-1], edges[0][-1], edges[0][0])
    image = axes.imshow(np.log10(1 + counts), cmap="magma", extent=extent)
    bar = axes.figure.colorbar(image, ax=axes, label="points per cell", shrink=0.85)
    ticks = 10.0 ** np.arange(0, np.log10(1 + counts.max()) + 0.01)
    bar.set_ticks(np.log10(1 + ticks).tolist(), labels=[f"{tick:.0f}" for tick in ticks])
    axes.set(xlabel="x (px)", ylabel="y (px)")
    axes.grid(visible=False)
    return axes


def correlation_map(axes: mpl_axes.Axes, table: pd.DataFrame) -> mpl_axes.Axes:
    """The correlations (a square table) from -1 to 1 in colours, blue for negative, red for positive."""
    every = {"xticklabels": True, "yticklabels": True}  # none is left out where they stand close
    bar = {"shrink": 0.75, "label": "correlation"}
    sns.heatmap(table, ax=axes, vmin=-1, vmax=1, cmap="RdBu_r", square=True, cbar_kws=bar, **every)
    axes.set(xlabel="", ylabel="")
    return axes


def decimals(axis: mpl_axis.Axis) -> None:
    """Plain decimals, such as 0.01, 0.02 and 0.05, on a logarithmic axis."""
    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(ticker.NullLocator())


def short_names(names: Iterable[str]) -> list[str]:
    """Keypoint names short enough for an axis: `left_eyebrow_inner_end` becomes `L brow in`."""
    words = {"left": "L", "right": "R", "eyebrow": "brow", "inner": "in", "outer": "out", "bottom": "low", "center": ""}
    dropped = {"corner", "end"}
    return [" ".join(filter(None, (words.get(word, word) for word in name.split("_") if word not in dropped)))
            for name in names]  # fmt: skip
