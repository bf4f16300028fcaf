"""How well imputers fill: on labels hidden on purpose, and on images that a second source labelled too."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap, label_agreement, verdicts
from fkp_utils.geometry import pose
from fkp_utils.imputation import impute, imputers

FEWEST = 10  # faces of which an error is told
LEVEL, TILTED = 5.0, (10.0, 45.0)  # degrees: faces that are not tilted, and those that are
COVERS = ("glasses", "cover")  # attributes of faces that have something before them


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """M faces with labels hidden on purpose, and how each imputer filled them.

    rows: (M,) which faces they are; one that is drawn by several seeds is there several times.  seeds: (M,).  labels:
    (M, K, 2) in pixels, NaN except where hidden.  filled: (M, K, 2) for each imputer.
    """

    rows: np.ndarray
    seeds: np.ndarray
    labels: np.ndarray
    filled: Mapping[Any, np.ndarray]

    def rmse(
        self, groups: np.ndarray, where: np.ndarray | slice = slice(None), repeats: int = 1000, seed: int = 0
    ) -> dict[Any, metrics.Estimate]:
        """RMSE in px of each imputer on the hidden labels, with its 95% bootstrap interval.

        groups: (N,) of the faces compared, such as `Faces.groups`; whole groups are drawn.  where: which of the M
        are counted.
        """
        return {
            name: bootstrap.rmse(points[where], self.labels[where], groups[self.rows][where], repeats, seed)
            for name, points in self.filled.items()
        }

    def by(
        self, values: np.ndarray, edges: Sequence[float], groups: np.ndarray, repeats: int = 1000, seed: int = 0
    ) -> tuple[list[float], dict[Any, list[metrics.Estimate]]]:
        """`rmse` for the faces whose value (N,) lies between each two neighbouring edges, and the mean value there.

        Parts with fewer than FEWEST different faces are left out; NaN lies in no part.
        """
        part = np.digitize(values[self.rows], edges)
        parts = [part == number for number in range(1, len(edges))]
        parts = [where for where in parts if len(np.unique(self.rows[where])) >= FEWEST]
        found = [self.rmse(groups, where, repeats, seed) for where in parts]
        middles = [float(values[self.rows][where].mean()) for where in parts]
        return middles, {name: [each[name] for each in found] for name in self.filled}

    def squares(self) -> pd.DataFrame:
        """Mean squared error in px² of the hidden coordinates of each face (M rows), a column for each imputer."""
        return pd.DataFrame(
            {name: np.nanmean((points - self.labels) ** 2, axis=(1, 2)) for name, points in self.filled.items()}
        )


def compare(
    faces: face_sets.Faces,
    candidates: Mapping[Any, imputers.Imputer],
    seeds: Iterable[int],
    share: float = 0.3,
    keep: int | None = None,
) -> Trial:
    """Hides labels once for each seed, as `impute.hide` does, and has every candidate fill them.  Errors as there."""
    trials = []
    for seed in seeds:
        holes, hidden = impute.hide(faces, seed, share, keep)
        rows = np.flatnonzero(hidden.any(axis=1))
        labels = np.where(hidden[rows][..., None], faces.points[rows], np.nan)
        filled = {name: impute.fill(holes, imputer).points[rows] for name, imputer in candidates.items()}
        trials.append(Trial(rows, np.full(len(rows), seed), labels, filled))
    whole = {name: np.concatenate([getattr(trial, name) for trial in trials]) for name in ("rows", "seeds", "labels")}
    filled = {name: np.concatenate([trial.filled[name] for trial in trials]) for name in candidates}
    return Trial(**whole, filled=filled)


def level_and_tilted(faces: face_sets.Faces, trial: Trial) -> tuple[int, int]:
    """Which of the M faces of a trial is held straightest, and which is tilted most, below TILTED[1] degrees.

    Both look about straight ahead, and have lost as many points as most do, so that their errors compare.  Nothing
    covers them, as far as the attributes of the faces tell.
    """
    shown = faces.select(trial.rows)
    lean, aside = (np.abs(measure(shown.points, shown.keypoints)) for measure in (pose.tilt, pose.turn))
    left, right, _ = np.moveaxis(pose.eyes_and_nose(shown.points, shown.keypoints), 1, 0)
    apart = np.linalg.norm(left - right, axis=1)
    covered = np.zeros(len(shown))
    for name in COVERS:
        covered += np.asarray(shown.attributes.get(name, np.zeros(len(shown)))) > 0
    lost = (~np.isnan(trial.labels[..., 0])).sum(axis=1)
    unusual = 1000 * (lost != np.bincount(lost).argmax())
    ahead = (aside <= np.nanmedian(aside)) & (apart >= np.nanmedian(apart)) & (lean < TILTED[1])
    tilted = np.where(ahead, lean - 90 * covered - unusual, np.nan)
    return int(np.nanargmin(lean + 30 * aside + 90 * covered + unusual)), int(np.nanargmax(tilted))


def compare_sources(faces: face_sets.Faces, candidates: Mapping[Any, imputers.Imputer]) -> Trial | None:
    """Has every candidate fill rows of the second label source; the first one's labels of the same image are the truth.

    Each is fitted on the rows of other persons (and images).  None if fewer than FEWEST images are labelled by both.
    """
    source = np.zeros(len(faces), int) if faces.source is None else faces.source
    copies = label_agreement.copies(faces)
    copies = np.concatenate([copies, copies[:, ::-1]])
    twins, rows = copies[source[copies[:, 0]] < source[copies[:, 1]]].T
    missing = faces.given[twins] & ~faces.given[rows]
    twins, rows, missing = (values[missing.any(axis=1)] for values in (twins, rows, missing))
    if len(np.unique(rows)) < FEWEST:
        return None
    people = faces.groups
    second, rest = faces.select(rows), faces.select(~np.isin(people, people[rows]))
    filled = {name: impute.fill(second, imputer, rest).points for name, imputer in candidates.items()}
    return Trial(rows, np.zeros(len(rows), int), np.where(missing[..., None], faces.points[twins], np.nan), filled)


def claims(
    trial: Trial, tilt: np.ndarray, groups: np.ndarray, repeats: int = 1000, seed: int = 0
) -> list[verdicts.Tested]:
    """What an earlier report says of three imputers (S0.2), tested on the labels of a trial.

    trial: of forward fill, median, KNN and others, by these names with spaces.  tilt: (N,) degrees, of the faces that
    were compared.  groups: (N,) of the same.  It says: forward fill is the worst of its three, KNN the best, and the
    median good (at most a quarter worse than KNN) unless the face is tilted.
    """
    draws: dict[str, Any] = {"repeats": repeats, "seed": seed}
    overall, squares, people = trial.rmse(groups, **draws), trial.squares(), groups[trial.rows]
    three = squares[["forward fill", "median", "knn"]].to_numpy()
    worst = bootstrap.largest_share(three, people, **draws)[0]
    best = bootstrap.largest_share(-three, people, **draws)[2]
    wins = dict(zip(squares, bootstrap.largest_share(-squares.to_numpy(), people, **draws), strict=True))
    first = min(overall, key=lambda name: overall[name].value)
    lean = np.abs(tilt)[trial.rows]
    level, tilted = lean < LEVEL, (lean >= TILTED[0]) & (lean < TILTED[1])
    pair = np.stack([-squares["median"], -(1.25**2) * squares["knn"]], axis=1)[level]
    good = bootstrap.largest_share(pair, people[level], **draws)[0] if level.any() else np.nan
    ratio = np.sqrt(squares["median"][level].mean() / squares["knn"][level].mean())
    count, change = len(np.unique(trial.rows[tilted])), None
    if count >= FEWEST and level.any():
        error = np.where(level | tilted, np.sqrt(squares["median"]), np.nan)
        change = bootstrap.difference(error, tilted, people, **draws)
    return [
        verdicts.Tested(
            "S0.2 forward fill",
            "Forward fill is bad: the worst of the three.",
            "bad",
            f"{overall['forward fill']} px, median {overall['median']}; the worst in {worst:.0%} of draws",
            verdicts.of_share(worst),
        ),
        verdicts.Tested(
            "S0.2 KNN",
            "KNN is the best of the three.",
            "best",
            f"{overall['knn']} px, the lowest of the three in {best:.0%} of draws",
            verdicts.of_share(best),
        ),
        verdicts.Tested(
            "S0.2 KNN of six",
            "Nothing fills better than KNN.",
            "best",
            f"{first} {overall[first]} px; KNN is first of {len(wins)} in {wins['knn']:.0%} of draws",
            verdicts.of_share(wins["knn"]),
        ),
        verdicts.Tested(
            "S0.2 median",
            "The median is good on faces that are not tilted (at most a quarter worse than KNN).",
            "good",
            f"{ratio:.2f} times the error of KNN",
            verdicts.of_share(good) if level.any() else verdicts.unknown("every face is tilted"),
        ),
        verdicts.Tested(
            "S0.2 median tilt",
            "The median is worse on tilted faces.",
            "not good if tilted",
            f"the mean error of a face changes by {change} px" if change else f"{count} faces are tilted",
            verdicts.above(change) if change else verdicts.unknown("too few faces are tilted"),
        ),
    ]
