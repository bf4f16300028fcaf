"""Figures of augmentation: sides that labels name, spots and their points, errors by point, in the style of `plots`."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import axes as mpl_axes
from matplotlib import figure as mpl_figure

from fkp_utils import faces as face_sets
from fkp_utils.plots import common as plots

MARKERS = "so^Dv"


def sides(axes: mpl_axes.Axes, faces: face_sets.Faces, title: str | None = None) -> mpl_axes.Axes:
    """The first of the faces, with L on each point whose name says left, and R on those that it says are right."""
    few = faces.few_points()
    plots.show_face(axes, few.images[0], title)
    for name, (x, y) in zip(few.keypoints.names, few.points[0], strict=True):
        words = name.split("_")
        side = "L" if "left" in words else "R" if "right" in words else ""
        if side and np.isfinite(x):
            box = {"facecolor": plots.YELLOW if side == "L" else "white", "edgecolor": "none", "pad": 1}
            axes.text(x, y, side, ha="center", va="center", fontsize=9, bbox=box)
    return axes


def by_point(table: pd.DataFrame, unit: str = "RMSE (px)") -> mpl_figure.Figure:
    """A figure of the table: a row for each point of its index, the first on top, a mark for each column."""
    figure, axes = plt.subplots(figsize=(plots.WIDTH, 1.6 + 0.28 * len(table)))
    for name, marker in zip(table, MARKERS, strict=False):
        axes.plot(table[name], range(len(table)), marker, markersize=8, label=name)
    axes.set(yticks=range(len(table)), yticklabels=plots.short_names(table.index), xlabel=unit, xlim=(0, None))
    axes.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=len(table.columns), frameon=False)
    return figure


def spots(images: np.ndarray, points: np.ndarray, centres: np.ndarray, titles: Sequence[str]) -> mpl_figure.Figure:
    """A figure of N spots (N, H, W, C), each enlarged, with its point (N, 2) and the centre (N, 2) of its light.

    Grey levels are drawn as their square roots, so that dim light can be seen.
    """
    columns, radius = 4, 16
    figure, grid = plots.panels(len(images), columns, plots.WIDTH / columns + 0.3, 0.4)
    for axes, image, point, centre, title in zip(grid, images, points, centres, titles, strict=True):
        plots.show_face(axes, 255 * (image / 255) ** 0.5, title)
        axes.plot(*point, "+", color=plots.ORANGE, markersize=16, markeredgewidth=1.5, label="moved point")
        axes.plot(*centre, "o", color="none", markeredgecolor=plots.SKY, markersize=11, label="centre of light")
        x, y = point
        axes.set(xlim=(x - radius, x + radius), ylim=(y + radius, y - radius), facecolor="0.85")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure
