"""Figures of what a network looks like inside: its filters, its maps and its units, in the style of `plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import axes as mpl_axes
from matplotlib import colors
from matplotlib import figure as mpl_figure

from fkp_utils.plots import common as plots

MAPS, KERNELS = "magma", "RdBu_r"  # colours of what is never negative, and of what is around 0
HEAT, UNDER = "inferno", 0.6  # colours of what lies over an image, and the share of its light that the image keeps
MOST_COLUMNS = 8


def map_sheet(layers: Mapping[str, np.ndarray], image: np.ndarray | None = None) -> mpl_figure.Figure:
    """The maps (h, w, C) that each layer makes of one image, in rows of 8; the title is a map's largest value.

    Each is scaled by the value that 99% of its places do not exceed, so that a few very bright ones do not hide the
    rest.  image: (H, W, C), drawn beside the first row in a column of its own.
    """
    rows = [
        (name if start == 0 else "", maps[..., start : start + MOST_COLUMNS])
        for name, maps in layers.items()
        for start in range(0, maps.shape[-1], MOST_COLUMNS)
    ]
    first = int(image is not None)
    columns = first + max(maps.shape[-1] for _, maps in rows)
    heights = [maps.shape[0] / maps.shape[1] for _, maps in rows]
    side = plots.WIDTH / columns
    size = (plots.WIDTH, sum(side * height + 0.28 for height in heights))
    figure, grid = plt.subplots(len(rows), columns, figsize=size, squeeze=False, height_ratios=heights)
    for axes in grid.flat:
        axes.axis("off")
    if image is not None:
        plots.show_face(grid[0, 0], image).axis("on")
    for line, (name, maps) in zip(grid[:, first:], rows, strict=True):
        for axes, values in zip(line, np.moveaxis(maps, -1, 0), strict=False):
            axes.axis("on")
            axes.imshow(values, cmap=MAPS, vmin=0, vmax=np.quantile(values, 0.99) or max(values.max(), 1e-6))
            axes.set(xticks=[], yticks=[])
            axes.set_title(f"{values.max():.2g}", fontsize=11, pad=2)
            axes.grid(visible=False)
        line[0].set_ylabel(name)
    return figure


def mosaic_sheet(layers: Mapping[str, np.ndarray]) -> mpl_figure.Figure:
    """A panel for each layer, in rows of 6: of its maps (h, w, C) of one image, the four that vary most.

    Each map from its lowest value, dark, to its highest, bright.
    """
    figure, grid = plots.panels(len(layers), 6, plots.WIDTH / 6 + 0.25)
    for axes, (name, maps) in zip(grid, layers.items(), strict=True):
        axes.imshow(_mosaic(maps), cmap=MAPS, vmin=0, vmax=1)
        axes.set_title(name, fontsize=11, pad=3)
        axes.axis("off")
    return figure


def _mosaic(maps: np.ndarray) -> np.ndarray:
    """The four maps that vary most, each scaled to 0 … 1, enlarged to 96 px or more, with NaN between them."""
    most = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:4]
    shown = maps[..., most] - maps[..., most].min(axis=(0, 1))
    shown = shown / np.maximum(shown.max(axis=(0, 1)), 1e-6)
    large = np.kron(shown, np.ones((-(-96 // maps.shape[0]), -(-96 // maps.shape[1]), 1)))
    framed = np.pad(large, ((0, 4), (0, 4), (0, 4 - len(most))), constant_values=np.nan)
    tiles = np.moveaxis(framed, -1, 0).reshape(2, 2, *framed.shape[:2])
    return tiles.swapaxes(1, 2).reshape(2 * framed.shape[0], -1)[:-4, :-4]


def kernel_sheet(kernel: np.ndarray, titles: Sequence[str] | None = None) -> mpl_figure.Figure:
    """A kernel (h, w, channels in, filters): a column a filter, a row a channel; red adds, blue takes away."""
    channels, filters = kernel.shape[2:]
    side = min(1.0, plots.WIDTH / filters)
    size = (plots.WIDTH, side * channels + (0.4 if titles else 0.1))
    figure, grid = plt.subplots(channels, filters, figsize=size, squeeze=False)
    largest = np.abs(kernel).max()
    for (row, column), axes in np.ndenumerate(grid):
        axes.imshow(kernel[..., row, column], cmap=KERNELS, vmin=-largest, vmax=largest)
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
    for axes, title in zip(grid[0], titles or [], strict=False):
        axes.set_title(title, fontsize=11)
    return figure


def filter_sheet(kernel: np.ndarray) -> mpl_figure.Figure:
    """The filters of a kernel (h, w, 1 or 3, filters), 13 in a row: red adds, blue takes away; the mean of colours."""
    filters = np.moveaxis(kernel.mean(axis=2), -1, 0)
    largest = np.abs(filters).max()
    figure, grid = plots.panels(len(filters), 13, 1.08 * plots.WIDTH / 13)
    for axes, values in zip(grid, filters, strict=True):
        axes.imshow(values, cmap=KERNELS, vmin=-largest, vmax=largest)
        axes.axis("off")
    return figure


def unit_values(axes: mpl_axes.Axes, values: np.ndarray, usual: np.ndarray) -> mpl_axes.Axes:
    """What each of U units puts out for one face (U,) as dots, and on average over faces (U,) as a falling line."""
    order, rank = np.argsort(-usual, kind="stable"), np.arange(1, len(usual) + 1)
    axes.plot(rank, values[order], "o", color=plots.BLUE, markersize=4, label="this face")
    axes.plot(rank, usual[order], color=plots.ORANGE, linewidth=2, label="mean of all faces")
    axes.set(xlabel="unit, by its mean", ylabel="value", xlim=(0, len(usual) + 1))
    return axes


def output_spread(axes: mpl_axes.Axes, points: np.ndarray, predicted: np.ndarray) -> mpl_axes.Axes:
    """For each coordinate the sd in px over faces of its labels, and of what is predicted for the same faces (N, K, 2).

    On the line the outputs vary as much as the labels; at 0 they are the same for every face.
    """
    predicted = np.where(np.isnan(points), np.nan, predicted)
    labels, outputs = np.nanstd(points, axis=0), np.nanstd(predicted, axis=0)
    for axis, (letter, colour, marker) in enumerate((("x", plots.BLUE, "o"), ("y", plots.ORANGE, "s"))):
        axes.scatter(labels[:, axis], outputs[:, axis], color=colour, marker=marker, label=letter)
    largest = 1.08 * max(labels.max(), outputs.max())
    axes.plot([0, largest], [0, largest], color="0.4", linewidth=1)
    axes.set(
        xlim=(0, largest), ylim=(0, largest), aspect="equal", xlabel="sd of labels (px)", ylabel="sd of outputs (px)"
    )
    axes.legend(frameon=False)
    return axes


def overlay_sheet(
    images: np.ndarray, maps: np.ndarray, points: np.ndarray, rows: Sequence[str], columns: Sequence[str], label: str
) -> mpl_figure.Figure:
    """Images (R, H, W, C) on the left, and over each its maps (R, M, H, W), a row and a column each, with their names.

    points: (R, 2), the point that a row is about, marked in all its panels; NaN is not drawn.  Maps are 0 to 1, on one
    scale of colours, whose name is `label`.  Under a map the image is dark, so that bright colours are seen; a map that
    is 0 everywhere is called blank.
    """
    height, width = images.shape[1:3]
    side = plots.WIDTH / (1 + len(columns))
    size = (plots.WIDTH, len(rows) * side * height / width + 1.05)
    figure, grid = plt.subplots(len(rows), 1 + len(columns), figsize=size, squeeze=False)
    heat = colors.ListedColormap(np.c_[plt.get_cmap(HEAT)(np.linspace(0.35, 1, 256))[:, :3], np.linspace(0, 0.9, 256)])
    drawn = None
    for line, image, values, point, name in zip(grid, images, maps, points, rows, strict=True):
        for axes, each, title in zip(line, [None, *values], ["image", *columns], strict=True):
            seen = image if each is None else UNDER * image
            plots.show_face(axes, seen, title if line[0] is grid[0, 0] else None)
            if each is not None:
                drawn = axes.imshow(each, cmap=heat, vmin=0, vmax=1)
                if not each.any():
                    axes.text(0.5, 0.05, "blank", color="white", ha="center", transform=axes.transAxes)
            axes.scatter(*point, **plots.MARKS["predicted"] | {"s": 40})
        line[0].set_ylabel(name)
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=grid, location="bottom", label=label, fraction=0.05, aspect=50, pad=0.02)
        bar.ax.set_facecolor("black")
    return figure


def correlation_sheet(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> mpl_figure.Figure:
    """Square tables of correlations with the same names: a row of panels for each key, a column for each inner key.

    NaN is grey.
    """
    columns = list(next(iter(tables.values())))
    size = (plots.WIDTH, 0.9 + len(tables) * (0.4 + 0.8 * plots.WIDTH / len(columns)))
    figure, grid = plt.subplots(len(tables), len(columns), figsize=size, squeeze=False, sharey=True)
    for line, (name, found) in zip(grid, tables.items(), strict=True):
        for axes, column in zip(line, columns, strict=True):
            plots.correlation_map(axes, found[column]).set_title(f"{name}, {column}")
            axes.collections[0].colorbar.remove()
            axes.set_facecolor("0.8")
            axes.grid(visible=False)
            axes.tick_params(labelsize=9)
            axes.set_xticks([])
    drawn = grid[0, 0].collections[0]
    figure.colorbar(drawn, ax=grid, location="bottom", label="r", fraction=0.04, aspect=50, pad=0.02)
    return figure


def dot_panels(
    panels: Mapping[str, Mapping[str, float | np.ndarray]], unit: str, line: float | None = None
) -> mpl_figure.Figure:
    """A panel for each name, with a row of dots for each name in it, the first on top, on one logarithmic axis.

    line: a value that is marked by a vertical line in all panels.
    """
    rows = list(dict.fromkeys(name for values in panels.values() for name in values))
    size = (plots.WIDTH, 1.3 + 0.38 * len(rows))
    figure, grid = plt.subplots(1, len(panels), figsize=size, sharex=True, sharey=True, squeeze=False)
    for axes, (title, values) in zip(grid[0], panels.items(), strict=True):
        for name, found in values.items():
            dots = np.atleast_1d(found)
            axes.plot(dots, [rows.index(name)] * len(dots), "o", color=plots.BLUE, alpha=0.7)
        if line is not None:
            axes.axvline(line, color="black", linewidth=1)
        axes.set(title=title, xscale="log", yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.5, -0.5))
        axes.margins(x=0.1)
    figure.supxlabel(unit, fontsize=12)
    return figure
