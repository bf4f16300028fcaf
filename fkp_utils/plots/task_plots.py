"""Figures of faces in frames of several sizes, with what a network sees of them and how large an error is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import figure as mpl_figure

from fkp_utils import faces as face_sets
from fkp_utils.plots import common as plots


def frames(faces: Sequence[face_sets.Faces], titles: Sequence[str], marked: bool = True) -> mpl_figure.Figure:
    """The first face of each set in a panel of the same height; marked: with its given points."""
    ratios = [each.size[1] / each.size[0] for each in faces]
    size = (plots.WIDTH, plots.WIDTH / sum(ratios) + 0.65)
    figure, panels = plt.subplots(1, len(faces), figsize=size, width_ratios=ratios, squeeze=False)
    for axes, each, title in zip(panels[0], faces, titles, strict=True):
        plots.show_face(axes, each.images[0], title, given=each.points[0] if marked else None)
    return figure


def squares(figure: mpl_figure.Figure, centres: np.ndarray, colours: Mapping[int, str]) -> mpl_figure.Figure:
    """Squares around a point (N, 2) in each of N panels, with the sides in px that have a colour, and their names."""
    for axes, (x, y) in zip(figure.axes, centres, strict=True):
        for side, colour in colours.items():
            left, top = x - side / 2, y - side / 2
            axes.add_patch(plt.Rectangle((left, top), side, side, fill=False, edgecolor=colour, linewidth=2))
            axes.text(left, top, f"{side} px", color="white", backgroundcolor=colour, fontsize=9)
    return figure


def rings(faces: Sequence[face_sets.Faces], eyes: Sequence[np.ndarray], share: float) -> mpl_figure.Figure:
    """`frames` with a line between two eyes (2, 2), and around each point a ring of this share of it as radius."""
    apart = [float(np.linalg.norm(left - right)) for left, right in eyes]
    figure = frames(faces, [f"eyes {each:.0f} px apart:\n1 px is {100 / each:.1f}%" for each in apart], marked=False)
    for axes, each, pair, distance in zip(figure.axes, faces, eyes, apart, strict=True):
        axes.plot(*pair.T, color=plots.ORANGE, linewidth=2)
        for x, y in each.points[0][each.given[0]]:
            axes.add_patch(plt.Circle((x, y), share * distance, fill=False, edgecolor=plots.SKY, linewidth=1.5))
    return figure
