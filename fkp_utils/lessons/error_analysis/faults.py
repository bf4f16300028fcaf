"""Wrong labels of known kinds, planted on purpose, so that a search for wrong labels can be measured (notebook 06)."""

from __future__ import annotations

import dataclasses

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils.training import data_views

KINDS = ("none", "swapped", "shifted", "scaled", "another face")
SHIFT = (0.08, 0.16)  # of the image's width, in any direction
SCALE = (0.6, 0.8)  # or its inverse, about the middle of the points
DIFFERENT = 0.08  # mean distance of the points of another face, in image widths, from which the fault can be seen
TRIES = 50


@dataclasses.dataclass(frozen=True)
class Faults(data_views.View):
    """Faults in the labels of this share of all faces; the evaluation part keeps its labels as they are.

    attributes["fault"] is the number in KINDS of what is wrong with each face.
    """

    share: float

    def faces(self, before: data_views.Data) -> face_sets.Faces:
        whole = before.faces()
        points, kinds = plant(whole, self.share, before.seed)
        return dataclasses.replace(whole, points=points, attributes={**whole.attributes, "fault": kinds})

    def parts(self, before: data_views.Data) -> data_views.Parts:
        whole, parts = before.faces(), data_views.split(self.faces(before), before)
        places = np.searchsorted(whole.attributes["row"], parts.evaluation.attributes["row"])
        clean = dataclasses.replace(parts.evaluation, points=whole.points[places])
        return parts._replace(evaluation=clean)


def plant(faces: face_sets.Faces, share: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, K, 2) in pixels with faults in `share` of the faces, and the number in KINDS (N,) of each fault.

    Faults: left and right swapped where both are given; all points shifted; all points scaled about their middle; the
    points of another face of the same source.  As many of each kind as can be.  Faces with fewer than three given
    points are left alone, and so are missing labels.  ValueError for a share outside 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; expected 0 to 1")
    random = np.random.default_rng([seed, 6])
    points, kinds = faces.points.copy(), np.zeros(len(faces), int)
    able = np.flatnonzero(faces.given.sum(axis=1) >= 3)
    rows = random.permutation(able)[: round(share * len(faces))]
    kinds[rows] = 1 + np.arange(len(rows)) % (len(KINDS) - 1)
    width = faces.size[1]
    source = np.zeros(len(faces), int) if faces.source is None else faces.source
    for row in rows:
        own = faces.points[row]
        if KINDS[kinds[row]] == "swapped":
            swapped = own[list(faces.keypoints.mirror)]
            points[row] = np.where(np.isnan(own) | np.isnan(swapped), own, swapped)
        elif KINDS[kinds[row]] == "shifted":
            angle, length = random.uniform(0, 2 * np.pi), random.uniform(*SHIFT) * width
            points[row] = own + length * np.array([np.cos(angle), np.sin(angle)])
        elif KINDS[kinds[row]] == "scaled":
            factor, middle = random.uniform(*SCALE), np.nanmean(own, axis=0)
            points[row] = middle + (own - middle) * (factor if random.random() < 0.5 else 1 / factor)
        else:
            points[row] = _another(faces, row, np.flatnonzero(source == source[row]), DIFFERENT * width, random)
    return points, kinds


def _another(
    faces: face_sets.Faces, row: int, rows: np.ndarray, least: float, random: np.random.Generator
) -> np.ndarray:
    """The points of a face of `rows`, where this one has labels; `least` px away, or the furthest that is tried."""
    own, best, furthest = faces.points[row], None, -1.0
    for other in random.choice(rows, TRIES):
        points = np.where(np.isnan(own), np.nan, faces.points[other])
        if np.isnan(points).sum() > np.isnan(own).sum():
            continue
        distance = float(np.nanmean(np.linalg.norm(points - own, axis=1)))
        if distance > furthest:
            best, furthest = points, distance
        if distance >= least:
            break
    return own if best is None else best
