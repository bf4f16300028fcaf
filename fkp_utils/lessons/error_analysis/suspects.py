"""Faces whose labels look wrong: labels far from what a network expects that has met neither person nor image.

A large error alone is not enough: on a face that is hard, any network errs.  So the error of a face is compared with
the error that is usual for faces as hard as this one looks (notebook 06, S0.12).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import optimize
from sklearn import linear_model

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import bootstrap
from fkp_utils.geometry import pose
from fkp_utils.imputation import gaussian
from fkp_utils.lessons.error_analysis import faults
from fkp_utils.system import places
from fkp_utils.training import data_views

if TYPE_CHECKING:
    from fkp_utils.evaluation import test_time_augmentation
    from fkp_utils.training import experiment

COLUMNS = ("row", "score", "kind", "reason")
FEWEST = 20  # faces of a label source of which something is usual
LEAST = 1.0  # px that labels may be off in any direction
EXPLAINED = 0.5  # a kind explains a face if it leaves less than this of its error
FEW = 0.25  # share of the points that may be wrong for the others to be called right
SIDE = 1 / 24  # of the image's width: the least that counts as a shift
ANOTHER = 1 / 14  # of the image's width: how far the points of another face are at least
GROWN = 1.2  # the least that counts as scaled


def out_of_fold(described: experiment.Experiment, count: int = 3, **options: Any) -> test_time_augmentation.Averaged:
    """Every face of the experiment's data as a network sees it that has met neither its person nor its image.

    Trains the experiment once for each of `count` folds, or finds the runs.  options: of
    `test_time_augmentation.predict`.  Points and spread are in the order of `Data.faces`.
    """
    from fkp_utils.evaluation import test_time_augmentation
    from fkp_utils.training import runs

    whole = described.data.faces()
    points, spread = (np.empty(whole.points.shape[:number]) for number in (3, 2))
    for number in range(count):
        data = described.data.through(data_views.Fold(number, count))
        run, faces = runs.run(dataclasses.replace(described, data=data)), data.parts().evaluation
        places = np.searchsorted(whole.attributes["row"], faces.attributes["row"])
        points[places], spread[places] = test_time_augmentation.predict(run, faces, **options)
    return test_time_augmentation.Averaged(points, spread)


def score(faces: face_sets.Faces, predicted: np.ndarray, spread: np.ndarray | None = None) -> np.ndarray:
    """(N,) how unusual the error of each face is beside faces of its label source that look as hard; 0 is usual.

    predicted: (N, K, 2) px, out of fold.  spread: (N, K) px of `test_time_augmentation.predict`; without it, faces are
    as hard as they are tilted and turned.  Two errors are looked at: the mean one of all points, and the length by the
    covariance that errors usually have (networks often shift or shrink all points a little, but swap no eyes).  The
    score is the mean of their logarithms over the usual ones, each in units of its usual size; -inf for a face without
    labels.
    """
    hardness, source = _hardness(faces, predicted, spread), _source(faces)
    whole = np.linalg.norm(standardised(faces, predicted), axis=2)
    found = np.full(len(faces), -np.inf)
    for label in np.unique(source):
        rows = np.flatnonzero((source == label) & faces.given.any(axis=1))
        if len(rows) < FEWEST:
            continue
        errors = np.sqrt(np.nanmean(whole[rows] ** 2, axis=1)), lengths(faces.select(rows), predicted[rows])
        found[rows] = np.mean([_unusual(error, hardness[rows]) for error in errors], axis=0)
    return found


def _unusual(error: np.ndarray, hardness: np.ndarray) -> np.ndarray:
    logs = np.log(np.maximum(error, 1e-3))
    logs -= _usual(logs, hardness)
    middle = np.median(logs)
    return (logs - middle) / max(1.4826 * np.median(np.abs(logs - middle)), 1e-6)


def lengths(faces: face_sets.Faces, predicted: np.ndarray) -> np.ndarray:
    """(N,) Mahalanobis length of labels minus predictions, over the root of the number of coordinates; NaN without any.

    Mean and covariance are those of the faces of the same label source, without the 10% that fit worst.  Differences
    below LEAST px never count for much.
    """
    found, source = faces.points.astype(float) - predicted, _source(faces)
    result = np.full(len(faces), np.nan)
    for label in np.unique(source[faces.given.any(axis=1)]):
        rows = np.flatnonzero((source == label) & faces.given.any(axis=1))
        values = found[rows][:, faces.given[rows].any(axis=0)].reshape(len(rows), -1)
        result[rows] = gaussian.Gaussian.fit(values, LEAST**2, trim=0.1).mahalanobis(values)
    return result


def _source(faces: face_sets.Faces) -> np.ndarray:
    return np.zeros(len(faces), int) if faces.source is None else faces.source


def _hardness(faces: face_sets.Faces, predicted: np.ndarray, spread: np.ndarray | None) -> np.ndarray:
    """(N, F) what tells how large an error to expect; from the image and the predictions, never from the labels."""
    signs = [np.abs(pose.turn(predicted, faces.keypoints)), np.abs(pose.tilt(predicted, faces.keypoints)) / 90]
    if spread is not None:
        signs.append(np.log(np.maximum(np.sqrt((spread**2).mean(axis=1)), 1e-3)))
    return np.nan_to_num(np.stack(signs, axis=1))


def _usual(logs: np.ndarray, hardness: np.ndarray) -> np.ndarray:
    """(N,) the logarithm of an error that is usual for the hardness, by a regression that outliers do not move."""
    middle, width = hardness.mean(axis=0), np.maximum(hardness.std(axis=0), 1e-9)
    hardness = np.clip((hardness - middle) / width, -3, 3)
    return linear_model.HuberRegressor(max_iter=1000).fit(hardness, logs).predict(hardness)


def standardised(faces: face_sets.Faces, predicted: np.ndarray) -> np.ndarray:
    """(N, K, 2) labels minus predictions, without what is usual for the point in its label source, in usual sizes."""
    found, source = faces.points.astype(float) - predicted, _source(faces)
    for label in np.unique(source):
        rows = np.flatnonzero(source == label)
        for point in np.flatnonzero(faces.given[rows].any(axis=0)):
            values = found[rows, point] - np.nanmedian(found[rows, point], axis=0)
            usual = np.nanmedian(np.linalg.norm(values, axis=1)) / gaussian.MEDIAN_2D
            found[rows, point] = values / max(usual, 0.1)
    return found


def rank(
    faces: face_sets.Faces, predicted: np.ndarray, spread: np.ndarray | None = None, count: int = 30
) -> pd.DataFrame:
    """The `count` most suspect faces, most suspect first: row, score, kind, reason.

    row: attributes["row"] of the face where it is there, else its place.  kind, reason: of `kind`.  Arguments as in
    `score`.
    """
    scores = score(faces, predicted, spread)
    ordered = np.argsort(-scores, kind="stable")[:count]
    rows = np.asarray(faces.attributes.get("row", np.arange(len(faces))))
    units = standardised(faces, predicted)
    found = [kind(faces, place, predicted, units[place]) for place in ordered]
    return pd.DataFrame([(rows[place], scores[place], *each) for place, each in zip(ordered, found, strict=True)],
                        columns=list(COLUMNS))  # fmt: skip


def kind(faces: face_sets.Faces, row: int, predicted: np.ndarray, units: np.ndarray) -> tuple[str, str]:
    """The kind of fault that a face's labels look like, and the reason in words.

    The first of these that, once undone, leaves less than half of the error: "swapped", left and right; "mixed up", the
    names of the points in another order; "some points", the others are right; "scaled", along x, y or both, and
    perhaps shifted; "shifted".  Or else "another face" if the points are as far away as those of another face are, and
    "unclear" if not.  units: (K, 2) the face's row of `standardised`, which tells how much points usually err.
    """
    label, wanted, names = faces.points[row].astype(float), predicted[row], faces.keypoints.names
    given = ~np.isnan(label[:, 0])
    lengths = np.linalg.norm(units, axis=1)
    error = np.linalg.norm(label - wanted, axis=1)
    size = error / np.maximum(lengths, 1e-6)  # px that a point usually errs by

    def left(points: np.ndarray) -> float:
        return float(np.sqrt(np.nanmean((np.linalg.norm(points - wanted, axis=1) / size) ** 2)))

    before = max(left(label), 1e-9)
    swapped = label[list(faces.keypoints.mirror)]
    if (given & ~np.isnan(swapped[:, 0])).sum() > 1 and left(swapped) < EXPLAINED * before:
        return "swapped", f"swapping left and right leaves {_rms(swapped, wanted):.1f} of {_rms(label, wanted):.1f} px"
    order = _best_order(label, wanted)
    if given.sum() > 2 and left(order) < EXPLAINED * before:
        near, far = _rms(order, wanted), _rms(label, wanted)
        return "mixed up", f"under other names they lie {near:.1f} instead of {far:.1f} px away"
    worst = np.argsort(-np.nan_to_num(lengths))[: max(1, int(FEW * given.sum()))]
    for count in range(1, len(worst) + 1):
        rest = label.copy()
        rest[worst[:count]] = np.nan
        if given.sum() > count + 1 and left(rest) < EXPLAINED * before:
            told = ", ".join(f"{names[point]} {error[point]:.0f}" for point in worst[:count])
            return "some points", f"{told} px from where it is expected; the others {_rms(rest, wanted):.1f} px"
    factor, move = _scale_and_move(label, wanted)
    middle, grown = np.nanmean(label, axis=0), np.exp(np.abs(np.log(factor))).max() > GROWN and given.sum() > 2
    if left((label - middle) / factor + middle - move if grown else label - move) < EXPLAINED * before:
        if grown:
            return "scaled", f"the points span {factor[0]:.0%} of what is expected in x, {factor[1]:.0%} in y"
        if np.hypot(*move) > SIDE * faces.size[1]:
            return "shifted", f"all points lie {move[0]:+.0f} px in x, {move[1]:+.0f} px in y from what is expected"
    far = _rms(label, wanted)
    name = "another face" if far > ANOTHER * faces.size[1] else "unclear"
    return name, f"points lie {far:.1f} px from where they are expected, in no simple pattern"


def _scale_and_move(label: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many times as wide and as high as wanted the label is (2,), and how far its middle is off (2,)."""
    expected = np.where(np.isnan(label), np.nan, wanted)
    move = np.nanmean(label - expected, axis=0)
    offset, target = label - np.nanmean(label, axis=0), expected - np.nanmean(expected, axis=0)
    factor = np.nansum(offset * target, axis=0) / np.maximum(np.nansum(target**2, axis=0), 1e-9)
    return np.clip(factor, 0.1, 10), move


def _best_order(label: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The given labels (K, 2), each at the name whose expected place it fits, so that all together are closest."""
    given = np.flatnonzero(~np.isnan(label[:, 0]))
    squares = ((label[given][:, None] - wanted[given][None]) ** 2).sum(axis=2)
    places, names = optimize.linear_sum_assignment(squares)
    ordered = label.copy()
    ordered[given[names]] = label[given[places]]
    return ordered


def _rms(points: np.ndarray, wanted: np.ndarray) -> float:
    """Root mean square of the distances in px, of the given points."""
    return float(np.sqrt(np.nanmean(((points - wanted) ** 2).sum(axis=1))))


def recall(suspects: pd.DataFrame, wrong: np.ndarray) -> float:
    """Share of the wrong rows (M,) that are among the suspects.  ValueError if there are none."""
    if not len(wrong):
        raise ValueError("no wrong row is known")
    return float(np.isin(wrong, suspects["row"]).mean())


def known(faces: face_sets.Faces, listed: pd.DataFrame, data: str, shown: int = 12) -> str:
    """What is known of the wrong labels of a set beside the suspects that are listed, in words.

    listed: of `rank`, with the rows of the set.  data: its name; of "kaggle" a longer search is kept.  shown: how many
    of those listed are in a figure.
    """
    flags = faces.attributes.get("wrong_label")
    if flags is not None and np.any(flags):
        wrong = faces.attributes["row"][np.asarray(flags, bool)]
        first = listed["row"].head(2 * len(wrong))
        among, seen = (np.isin(rows, wrong).sum() for rows in (first, listed["row"].head(shown)))
        text = f"This set records which of its rows are labelled wrongly: {len(wrong)} in all. Of these, the first"
        text += f" {len(first)} suspects hold {among}, and the {min(shown, len(listed))} rows shown hold {seen}."
        return text
    text = "Which labels of this set are wrong is not known."
    if flags is not None:
        text = "No label of these faces is known to be wrong."
    kept = places.RESULTS / "suspected_labels.csv"
    if data == "kaggle" and kept.is_file():
        rows = ", ".join(map(str, pd.read_csv(kept)["row"].head(10)))
        text += f" A longer search, of photos, found rows {rows} first (`results/suspected_labels.csv`)."
    return text


def recall_by_kind(suspects: pd.DataFrame, rows: np.ndarray, numbers: np.ndarray) -> dict[str, float]:
    """`recall` of each kind of planted fault; numbers: in `faults.KINDS`, of the fault of each of the rows (N,)."""
    return {name: recall(suspects, rows[numbers == k]) for k, name in enumerate(faults.KINDS) if k}


def planted(faces: face_sets.Faces) -> np.ndarray:
    """The rows (M,) whose labels `faults.Faults` has spoilt."""
    return faces.attributes["row"][faces.attributes["fault"] > 0]


def recall_of_planted(
    suspects: pd.DataFrame, faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> tuple[metrics.Estimate, dict[str, float]]:
    """The share of all planted faults that are among the suspects, with its interval over persons, and by kind."""
    rows, numbers = faces.attributes["row"], faces.attributes["fault"]
    found = np.isin(planted(faces), suspects["row"])
    share = bootstrap.mean(found, faces.groups[numbers > 0], repeats, seed)
    return share, recall_by_kind(suspects, rows, numbers)


def in_words(recall: Mapping[str, float]) -> str:
    """The share that is found of each kind."""
    return ", ".join(f"{name} {part:.0%}" for name, part in recall.items())


def remedies(clean: data_views.Data, bad: data_views.Data, first: pd.Series) -> dict[str, tuple[data_views.Data, str]]:
    """What to learn from, and with which loss, to see what planted faults cost and what helps.

    clean, bad: the data without and with the faults.  first: the rows of the suspects that are left out.
    """
    rest = bad.through(data_views.LeftOut(tuple(sorted(first.tolist()))))
    return {
        "no faults": (clean, "mse"),
        "faults": (bad, "mse"),
        "suspects left out": (rest, "mse"),
        "absolute errors": (bad, "mae"),
    }
