"""Figures of how synthetic faces are made and what their parameters do (notebook 12)."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import axes as mpl_axes
from matplotlib import figure as mpl_figure

from fkp_utils import faces as face_sets
from fkp_utils.plots import common as plots


def stage_row(stages: Mapping[str, np.ndarray]) -> mpl_figure.Figure:
    """The pictures (n, n) of `camera.stages` side by side; brightness is shown as a camera would."""
    figure, panels = plt.subplots(1, len(stages), figsize=(plots.WIDTH, plots.WIDTH / len(stages) + 0.3))
    for axes, (name, picture) in zip(panels, stages.items(), strict=True):
        levels = picture if picture.dtype == np.uint8 else 255 * np.clip(picture / 0.6, 0, 1) ** (1 / 2.2)
        axes.imshow(levels, vmin=0, vmax=255)
        axes.set(title=name, xticks=[], yticks=[])
        axes.grid(visible=False)
    return figure


def sweep_sheet(sweeps: Mapping[str, face_sets.Faces]) -> mpl_figure.Figure:
    """A row of faces for each sweep, by the name of its parameter, with the values beneath and the points marked."""
    columns = max(len(each) for each in sweeps.values())
    side = (plots.WIDTH - 1.1) / columns
    size = (plots.WIDTH, len(sweeps) * (side + 0.26))
    figure, grid = plt.subplots(len(sweeps), columns, figsize=size, squeeze=False)
    for row, (name, faces) in zip(grid, sweeps.items(), strict=True):
        for axes, image, points, value in zip(row, faces.images[:], faces.points, faces.attributes[name], strict=False):
            plots.show_face(axes, image)
            axes.scatter(*points.T, s=2, c=plots.YELLOW)
            axes.set_xlabel(f"{value:.2g}", fontsize=10, labelpad=1)
        for axes in row[len(faces) :]:
            axes.axis("off")
        row[0].set_ylabel(name.replace("_", " "), rotation=0, ha="right", va="center", fontsize=11)
    return figure


def densities(axes: mpl_axes.Axes, values: Mapping[str, np.ndarray], unit: str) -> mpl_axes.Axes:
    """How the values (N,) of each name are distributed, as steps on one range; NaN is left out."""
    known = {name: each[np.isfinite(each)] for name, each in values.items()}
    low, high = np.percentile(np.concatenate(list(known.values())), [0.5, 99.5])
    edges = np.linspace(low, max(high, low + 1e-6), 19)
    styles = ((plots.BLUE, "-"), (plots.ORANGE, "--"), (plots.GREEN, ":"))
    for (name, each), (colour, line) in zip(known.items(), styles, strict=False):
        share = np.histogram(each, edges)[0] / max(len(each), 1)
        axes.stairs(share, edges, color=colour, linestyle=line, linewidth=2, label=name)
    axes.set(xlabel=unit, yticks=[], xlim=(edges[0], edges[-1]))
    axes.grid(visible=False, axis="y")
    return axes
