"""Fills missing labels of faces, and hides known ones to see how well that works."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn import base
from sklearn.impute import SimpleImputer

from fkp_utils import faces as face_sets
from fkp_utils.imputation import imputers, shape_models

if TYPE_CHECKING:
    from fkp_utils import metrics

IMPUTERS: Mapping[str, Callable[[], imputers.Imputer]] = {
    "forward_fill": imputers.ForwardFill,
    "median": lambda: imputers.Library(SimpleImputer(strategy="median")),
    "knn": imputers.NearestNeighbours,
    "aligned_mean": shape_models.AlignedMean,
    "ridge": shape_models.IterativeRidge,
    "ppca": shape_models.ProbabilisticPCA,
}


def build(name: str) -> imputers.Imputer:
    """A new imputer by its name in IMPUTERS; ValueError with the known names for another."""
    if name not in IMPUTERS:
        raise ValueError(f"no imputer {name!r}; known: {', '.join(IMPUTERS)}")
    return IMPUTERS[name]()


def fill(
    faces: face_sets.Faces, imputer: imputers.Imputer, reference: face_sets.Faces | None = None
) -> face_sets.Faces:
    """The faces with every missing label filled; given labels stay.

    A copy of the imputer is fitted, on `reference` where it is given, otherwise on the faces themselves.  ValueError
    for a coordinate that none of the fitted faces has, and for a reference with other keypoints.
    """
    imputer = base.clone(imputer)
    coordinates = _coordinates(faces)
    if reference is None:
        filled = imputer.fit_transform(coordinates)
    else:
        filled = imputer.fit(_coordinates(reference)).transform(coordinates)
    return dataclasses.replace(faces, points=filled.reshape(faces.points.shape))


def one_convention(faces: face_sets.Faces, offsets: Mapping[str, metrics.Estimate]) -> face_sets.Faces:
    """The faces with the second source's labels moved to where the first source would put them.

    offsets: second minus first in px for each coordinate, as `label_agreement.source_offsets` measures them on the same
    images; only those whose interval is clear of zero are taken away.  ValueError if the faces are not of two sources.
    """
    sources = np.empty(0) if faces.source is None else np.unique(faces.source)
    if len(sources) != 2:
        raise ValueError(f"the faces are of {max(1, len(sources))} label source(s); expected two")
    clear = {name: offset.value for name, offset in offsets.items() if not offset.low <= 0 <= offset.high}
    shift = np.reshape([clear.get(name, 0.0) for name in faces.keypoints.columns], (-1, 2))
    second = faces.source == sources[1]
    return dataclasses.replace(faces, points=faces.points - second[:, None, None] * shift)


def _coordinates(faces: face_sets.Faces) -> pd.DataFrame:
    return pd.DataFrame(faces.points.reshape(len(faces), -1), columns=faces.keypoints.columns)


def hide(
    faces: face_sets.Faces, seed: int, share: float = 0.3, keep: int | None = None
) -> tuple[face_sets.Faces, np.ndarray]:
    """The faces with labels hidden in about `share` (up to 1) of the complete ones, and (N, K) bool: True where hidden.

    Faces of one person, or copies of one image, are hidden together, so that none is filled from its own twin.  Each
    takes the missing points of an incomplete face drawn at random (in the Kaggle set nearly always all but
    `keypoints.FOUR_POINTS`); with `keep`, so many points drawn at random are left instead.  ValueError if no face is
    incomplete and `keep` is not given, or if `keep` is not in 1..K-1.
    """
    complete = np.all(faces.given, axis=1)
    if keep is None and complete.all():
        raise ValueError(f"all {len(faces)} faces are complete: no pattern of missing labels to follow; give keep")
    if keep is not None and not 1 <= keep < len(faces.keypoints):
        raise ValueError(f"keep is {keep}; expected 1 to {len(faces.keypoints) - 1} points")
    if not complete.any():
        raise ValueError(f"none of {len(faces)} faces is complete: there is nothing to hide and check")
    stand_ins = faces.image_groups.astype(np.int64).view(np.uint8).reshape(-1, 1, 1, 8)  # equal where the images are
    numbered = dataclasses.replace(faces, images=stand_ins, attributes={"row": np.arange(len(faces))}).select(complete)
    some = numbered if share == 1 else numbered.split((share, 1 - share), seed=seed)[0]
    rows = some.attributes["row"]
    random = np.random.default_rng(seed)
    if keep is None:
        left = random.choice(faces.given[~complete], len(rows))
    else:
        left = random.random((len(rows), len(faces.keypoints))).argsort(axis=1) < keep
    hidden = np.zeros_like(faces.given)
    hidden[rows] = ~left
    points = np.where(hidden[..., None], np.float32(np.nan), faces.points)
    return dataclasses.replace(faces, points=points), hidden
