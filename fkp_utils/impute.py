"""Fills missing labels of faces, and hides known ones to see how well that works."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from sklearn import base, linear_model
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer

from fkp_utils import faces as face_sets
from fkp_utils import imputers, shape_models


def _ridge() -> imputers.Imputer:
    """Each coordinate by ridge regression on all others, in rounds (van Buuren, 2018, without the random draws)."""
    return imputers.Library(IterativeImputer(linear_model.Ridge(alpha=1.0), max_iter=30, tol=1e-2))


IMPUTERS: Mapping[str, Callable[[], imputers.Imputer]] = {
    "forward_fill": imputers.ForwardFill,
    "median": lambda: imputers.Library(SimpleImputer(strategy="median")),
    "knn": imputers.NearestNeighbours,
    "aligned_mean": shape_models.AlignedMean,
    "ridge": _ridge,
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


def _coordinates(faces: face_sets.Faces) -> pd.DataFrame:
    return pd.DataFrame(faces.points.reshape(len(faces), -1), columns=faces.keypoints.columns)


def hide(
    faces: face_sets.Faces, seed: int, share: float = 0.3, keep: int | None = None
) -> tuple[face_sets.Faces, np.ndarray]:
    """The faces with labels hidden in about `share` of the complete ones, and (N, K) bool: True where hidden.

    Faces of one person, or copies of one image, are hidden together, so that none is filled from its own twin.  Each
    takes the missing points of an incomplete face drawn at random (in the Kaggle set nearly always all but
    `keypoints.FOUR_POINTS`); with `keep`, so many points drawn at random are left instead.  ValueError if no face is
    incomplete and `keep` is not given, or if `keep` is not in 1..K-1.
    """
    complete = faces.given.all(axis=1)
    if keep is None and complete.all():
        raise ValueError(f"all {len(faces)} faces are complete: no pattern of missing labels to follow; give keep")
    if keep is not None and not 1 <= keep < len(faces.keypoints):
        raise ValueError(f"keep is {keep}; expected 1 to {len(faces.keypoints) - 1} points")
    numbered = dataclasses.replace(faces, attributes={"row": np.arange(len(faces))}).select(complete)
    rows = numbered.split((share, 1 - share), seed=seed)[0].attributes["row"]
    random = np.random.default_rng(seed)
    if keep is None:
        left = random.choice(faces.given[~complete], len(rows))
    else:
        left = random.random((len(rows), len(faces.keypoints))).argsort(axis=1) < keep
    hidden = np.zeros_like(faces.given)
    hidden[rows] = ~left
    points = np.where(hidden[..., None], np.float32(np.nan), faces.points)
    return dataclasses.replace(faces, points=points), hidden
