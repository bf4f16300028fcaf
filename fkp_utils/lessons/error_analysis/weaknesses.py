"""Which kinds of faces are harder than others, for a network and more so than for another (S0.12, S1.5)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, errors, face_conditions

OWN = ("padded", "tilted")  # what the first report calls a weakness of LeNet-5


def ratios(
    errors: np.ndarray, kinds: Mapping[str, np.ndarray], groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> dict[str, metrics.Estimate | None]:
    """By the kind of faces, their RMSE over that of all others; None for a kind with too few faces.

    errors: (N,) px of each face.  kinds: (N,) bool each, which faces are of it.  Intervals are 95%, over groups (N,).
    """
    return {kind: bootstrap.rmse_ratio(errors, rows, groups, repeats, seed) for kind, rows in kinds.items()}


def own(
    first: np.ndarray,
    second: np.ndarray,
    faces: face_sets.Faces,
    conditions: pd.DataFrame,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, metrics.Estimate | None]:
    """By the kinds in OWN, how many times as large the first network's RMSE over the second's is as on other faces.

    first, second: predictions (N, K, 2) px.  conditions: of `face_conditions.measure`.  None for too few faces.
    """
    kinds = face_conditions.kinds(faces, conditions)
    return {kind: errors.extra(first, second, faces, kinds[kind], repeats, seed) for kind in OWN}


def largest(faces: face_sets.Faces, predicted: np.ndarray) -> str:
    """Which face has the largest squared error, and what share of that of all faces it makes, in words.

    predicted: (N, K, 2) px.
    """
    squares = np.nansum((predicted - faces.points) ** 2, axis=(1, 2))
    row = faces.attributes.get("row", np.arange(len(faces)))[squares.argmax()]
    share = squares.max() / squares.sum()
    return (
        f"The largest error is that of row {row}: this face makes {share:.1%} of the squared error of all faces,"
        f" where one makes {1 / len(faces):.2%} on average."
    )


def points(table: pd.DataFrame, network: str, other: str) -> str:
    """At which point a network errs most and least, and whether another has the same order, in words.

    table: RMSE in px, a row for each point and a column for each network.
    """
    found, alike = table[network], table.corr("spearman").loc[network, other]
    return (
        f"*{network}* errs most at {found.idxmax()}, by {found.max():.1f} px, and least at {found.idxmin()}, by"
        f" {found.min():.1f} px. Its order of the points and that of {other} have a rank correlation of {alike:.2f}."
    )
