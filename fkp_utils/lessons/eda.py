"""First looks at a set of faces: what is given, how points spread, and labels that disagree or look wrong."""

from __future__ import annotations

import itertools
import pathlib
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets
from fkp_utils import metrics
from fkp_utils.datasets import sample
from fkp_utils.evaluation import bootstrap, verdicts
from fkp_utils.geometry import alignment
from fkp_utils.imputation import gaussian
from fkp_utils.system import places

KAGGLE_ROWS = 7049  # of the Kaggle set's training.csv
KAGGLE_GIVEN = (7039, 7036, 2271, 2267, 2268, 2268, 2270, 2225, 2270, 2236, 7049, 2269, 2270, 2275, 7016)  # KAGGLE_15
RIDGE = 0.01  # of the mean variance of a coordinate: points that nearly repeat each other may differ by a little
SCARCE = 0.2  # the same, times the coordinates and over the faces: a fit to few faces is less certain
NORMAL_FAR = 0.029  # share of a normal distribution's squared deviations that lies beyond three standard deviations


def sample_folder() -> pathlib.Path:
    """The folder of the sample in Kaggle's layout: `data/sample` of a checkout.

    An installed package has none, so the same files are written into a temporary folder.
    """
    folder = places.CHECKOUT / "data" / "sample"
    if not (folder / "training.zip").is_file():
        folder = pathlib.Path(tempfile.mkdtemp(prefix="fkp-sample-"))
        sample.write(folder)
    return folder


def given_table(faces: face_sets.Faces) -> pd.DataFrame:
    """How many labels each coordinate has, one row a part of the face; beside Kaggle's counts for its 15 points.

    A part of several points shows the fewest of any of them.
    """
    counts = (~np.isnan(faces.points)).sum(0)
    table = pd.DataFrame({"points": 1, "x given": counts[:, 0], "y given": counts[:, 1]})
    table["share"] = faces.given.mean(0)
    parts = [keypoint_sets.part(name) for name in faces.keypoints.names]
    table = table.groupby(pd.Index(parts, name="part"), sort=False).agg(
        {"points": "sum", "x given": "min", "y given": "min", "share": "min"}
    )
    if faces.keypoints == keypoint_sets.KAGGLE_15:
        table["Kaggle: given"] = KAGGLE_GIVEN
        table["Kaggle: share"] = np.array(KAGGLE_GIVEN) / KAGGLE_ROWS
    return table


def normality(values: np.ndarray, names: list[str]) -> pd.DataFrame:
    """How far each column of `values` (N, M) is from a normal distribution; NaN is left out.

    skewness, excess kurtosis: both 0 for a normal one.  beyond 3 sd: share of the squared deviations from the mean that
    lies further out than three standard deviations (2.9% for a normal one).
    """
    scaled = (values - np.nanmean(values, 0)) / np.nanstd(values, 0)
    far = np.where(np.abs(scaled) > 3, scaled**2, 0).sum(0) / np.nansum(scaled**2, 0)
    moments = {"skewness": np.nanmean(scaled**3, 0), "excess kurtosis": np.nanmean(scaled**4, 0) - 3}
    return pd.DataFrame({**moments, "beyond 3 sd": far}, index=names)


def same_axis_correlations(faces: face_sets.Faces) -> pd.DataFrame:
    """Correlation r of every two points along one axis: columns first, second, axis, mirror pair, r; lowest r first."""
    rows = []
    for axis, letter in enumerate("xy"):
        table = pd.DataFrame(faces.points[..., axis], columns=list(faces.keypoints.names)).corr()
        for i, j in itertools.combinations(range(len(table)), 2):
            pair = faces.keypoints.mirror[i] == j
            rows.append((table.index[i], table.index[j], letter, pair, table.iat[i, j]))
    found = pd.DataFrame(rows, columns=["first", "second", "axis", "mirror pair", "r"])
    return found.sort_values("r", ignore_index=True)


def near_normal(table: pd.DataFrame) -> pd.Series:
    """Which rows of `normality` are near normal: skewness within ±0.5 and excess kurtosis within ±1."""
    return (table["skewness"].abs() < 0.5) & (table["excess kurtosis"].abs() < 1)


def at_mouth(points: np.ndarray, keypoints: keypoint_sets.KeypointSet) -> np.ndarray:
    """(N,) px²: the squared distances of the points of each face's mouth from their means, added up."""
    mouth = ["mouth" in name for name in keypoints.names]
    return ((points - points.mean(axis=0)) ** 2)[:, mouth].sum(axis=(1, 2))


def offsets_in_words(found: Mapping[str, Mapping[str, metrics.Estimate]]) -> str:
    """What `label_agreement.source_offsets` found, in sentences; found: its result without what is empty."""
    if not found:
        return "This set has labels of one source only, so there is nothing to compare."
    title, values = list(found.items())[-1]

    def called(name: str) -> str:
        return name[:-2].replace("_", " ")

    exact = [name for name, each in values.items() if each.low == each.high == 0]
    clear = [name for name, each in values.items() if each.low > 0 or each.high < 0]
    listed = ", ".join(f"{name[-1]} of {called(name)} ({values[name].value:+.1f} px)" for name in clear)
    text = f"Judged by the panel *{title}*, the interval is clear of zero for {listed or 'no coordinate'}."
    if exact:
        text += f" The rows of {' and '.join(dict.fromkeys(map(called, exact)))} are exactly zero and have no interval,"
        text += " since both sources give the very same numbers to each of these images. The program that draws the"
        text += " synthetic faces defines these points once, for both sources."
    if "same image" not in found:
        text += " Fewer than ten images were labelled by both sources, so the second panel is missing."
    return text


def copies_in_words(faces: face_sets.Faces, pairs: np.ndarray, apart: np.ndarray) -> str:
    """How far two labels of equal images lie apart, in sentences: where one source gave both, and where two did.

    pairs: (P, 2) rows with equal images.  apart: (P,) px, the mean over the points of each pair.
    """
    source = np.zeros(len(faces), int) if faces.source is None else faces.source
    mixed = source[pairs[:, 0]] != source[pairs[:, 1]]
    told = []
    for who, distances in {"one source": apart[~mixed], "two sources": apart[mixed]}.items():
        if count := len(distances):
            some = "the one pair" if count == 1 else f"the {count} pairs"
            middle, worst = np.median(distances), distances.max()
            told.append(f"In {some} labelled by {who}, two labels of a point lie {middle:.2f} px apart in the median")
            told[-1] += f" and {worst:.2f} px at most, as means over the points."
    return " ".join(told) or "There are no two labels to compare."


def claims(
    faces: face_sets.Faces, names: Sequence[str], data: str, repeats: int = 1000, seed: int = 0
) -> list[verdicts.Tested]:
    """What two earlier reports say of labels and coordinates (S0.1, S4.1), tested on these faces.

    names: of the points of `faces.few_points()`, as they shall be called.  data: the data set's name.
    """
    few = faces.few_points()
    return [
        *_claims_on_labels(faces, data),
        *_claims_on_distributions(few),
        *_claims_on_spread(few, names, repeats, seed),
        _claim_on_expression(few, repeats, seed),
        _claim_on_correlation(few, names),
    ]


def _claims_on_labels(faces: face_sets.Faces, data: str) -> list[verdicts.Tested]:
    table = given_table(faces)
    counts = verdicts.unknown("it takes the rows of Kaggle's own file")
    ours = f"{len(faces):,} rows, not those of Kaggle's own file"
    if data == "kaggle" and len(faces) == KAGGLE_ROWS:
        same, ours = int((table["x given"] == table["Kaggle: given"]).sum()), "counts compared"
        counts = verdicts.Verdict(same == len(table), f"{same} of {len(table)} counts are equal")
    incomplete = float((~faces.given.all(axis=1)).mean())
    share = verdicts.Verdict(0.65 <= incomplete <= 0.75, "a share from 65% to 75% counts as about 70%")
    if data == "synthetic":
        share = verdicts.unknown("made faces hide labels at Kaggle's rates on purpose; it takes Kaggle's own")
    elif "Kaggle: given" not in table:
        share = verdicts.unknown("the claim is about Kaggle's 15 points")
    return [
        verdicts.Tested(
            "S0.1 counts",
            "Kaggle's coordinates have the published numbers of labels.",
            "7,049 rows; eyes 7,036 and 7,039, nose 7,049, lower lip 7,016, all others 2,225 to 2,275",
            ours,
            counts,
        ),
        verdicts.Tested(
            "S0.1 incomplete",
            "About 70% of the Kaggle rows lack a label.",
            "about 70%",
            f"{incomplete:.1%}" + (", hidden on purpose at Kaggle's rates" if data == "synthetic" else ""),
            share,
        ),
    ]


def _claims_on_distributions(few: face_sets.Faces) -> list[verdicts.Tested]:
    table = normality(few.points.reshape(len(few), -1), few.keypoints.columns)
    near, beyond = near_normal(table), table["beyond 3 sd"].mean()
    ours = f"{near.sum()} of {len(near)} coordinates are near normal; excess kurtosis up to"
    ours += f" {table['excess kurtosis'].max():.1f}"
    verdict = verdicts.Verdict(bool(near.mean() >= 0.9), f"{near.mean():.0%} are, and nine of ten are asked for")
    statement = "Coordinates (nine of ten at least) are near normal."
    return [
        verdicts.Tested("S0.1 normal", statement, "all", ours, verdict),
        verdicts.Tested("S4.1 normal", statement, "all", ours, verdict),
        verdicts.Tested(
            "S4.1 outliers",
            "No outliers sway a squared error.",
            "none expected",
            f"{beyond:.1%} of the squared deviations lie beyond 3 sd; a normal distribution has 2.9%",
            verdicts.Verdict(bool(beyond < 2 * NORMAL_FAR), "twice the share of a normal distribution is the limit"),
        ),
    ]


def _claims_on_spread(few: face_sets.Faces, names: Sequence[str], repeats: int, seed: int) -> list[verdicts.Tested]:
    squares, groups = (few.points - np.nanmean(few.points, axis=0)) ** 2, few.groups
    sd_x, sd_y = np.sqrt(np.nanmean(squares, axis=(0, 1)))
    along_y = bootstrap.largest_share(np.nansum(squares, axis=1), groups, repeats, seed)[1]
    mouth = np.array(["mouth" in name for name in few.keypoints.names])
    total = np.sqrt(np.nanmean(squares, axis=0).sum(axis=1))
    largest = bootstrap.largest_share(squares.sum(axis=2), groups, repeats, seed)[mouth].sum()
    widest = f"{names[int(total.argmax())]} ({total.max():.2f} px)"
    return [
        verdicts.Tested(
            "S0.1 axis",
            "Points spread more along y than along x.",
            "y above x",
            f"sd {sd_y:.2f} px in y, {sd_x:.2f} px in x; y is larger in {along_y:.0%} of bootstrap draws",
            verdicts.of_share(along_y),
        ),
        verdicts.Tested(
            "S0.1 mouth",
            "The spread is largest at the mouth.",
            "at the mouth",
            f"largest at {widest}; at a point of the mouth in {largest:.0%} of bootstrap draws",
            verdicts.of_share(largest),
        ),
    ]


def _claim_on_expression(few: face_sets.Faces, repeats: int, seed: int) -> verdicts.Tested:
    count = few.given.sum(axis=1)
    whole = few.select(count == count.max())  # all are moved by the same points
    aligned = alignment.move(whole.points, alignment.align(whole.points))
    moved, left = at_mouth(whole.points, few.keypoints), at_mouth(aligned, few.keypoints)
    both = np.stack([moved - left, left], axis=1)
    most_left = bootstrap.largest_share(both, whole.groups, repeats, seed)[1]
    share = f"{left.mean() / moved.mean():.0%}"
    return verdicts.Tested(
        "S0.1 expression",
        "The mouth spreads because people smile and open their mouths.",
        "given as the cause",
        f"{share} of the mouth's variance is left when position, size and tilt of the head are removed;"
        " more than half is asked for",
        verdicts.of_share(most_left),
    )


def _claim_on_correlation(few: face_sets.Faces, names: Sequence[str]) -> verdicts.Tested:
    pairs = same_axis_correlations(few)
    called = dict(zip(few.keypoints.names, names, strict=True))
    loose, lowest = (pairs["r"] < 0.5).mean(), pairs.iloc[0]
    ours = f"r below 0.5 in {loose:.0%} of the pairs along one axis; lowest for {lowest['axis']} of"
    ours += f" {called[lowest['first']]} and {called[lowest['second']]}, r = {lowest['r']:+.2f}"
    return verdicts.Tested(
        "S4.1 correlation",
        "Coordinates that should move together hardly do (r below 0.5: they share less than 25% of variance).",
        "some pairs less correlated than expected",
        ours,
        verdicts.Verdict(bool(loose > 0), "one such pair is enough"),
    )


def unusual_shapes(faces: face_sets.Faces) -> tuple[np.ndarray, list[str]]:
    """How unlike the other faces each one is labelled, without a look at the image, and why.

    Two measures, each in units of its usual size among the faces of the same label source; the score is the larger one.
    Shape: each point that most faces have is predicted from the others of its face, by a normal distribution fitted
    without the 10% of the faces that fit worst; the worst point counts.  Place: how far the middle of the points is
    from its median.  Returns scores (N,) and reasons; 0 and "" for a face with nothing to compare.  Labels of a good
    shape near the usual place are not found so, whatever the image shows there.
    """
    source = np.zeros(len(faces), int) if faces.source is None else faces.source
    errors, shape = (np.full(faces.given.shape, np.nan) for _ in range(2))
    away, place = np.full((len(faces), 2), np.nan), np.full(len(faces), np.nan)
    for label in np.unique(source[faces.given.any(1)]):
        rows = np.nonzero((source == label) & faces.given.any(1))[0]
        points = faces.points[rows].astype(float)
        errors[rows], shape[rows] = _left_out(points)
        away[rows], place[rows] = _misplaced(points)
    reasons = [_reason(faces, row, errors[row], shape[row], away[row], place[row]) for row in range(len(faces))]
    return np.nan_to_num(np.column_stack([shape, place])).max(1), reasons


def _reason(
    faces: face_sets.Faces, row: int, errors: np.ndarray, shape: np.ndarray, away: np.ndarray, place: float
) -> str:
    if np.isnan([*shape, place]).all():
        return ""
    worst = int(np.nan_to_num(shape).argmax())
    if np.nan_to_num(place) > np.nan_to_num(shape[worst]):
        x, y = away
        return f"all points lie {np.hypot(x, y):.0f} px from the usual place ({x:+.0f} in x, {y:+.0f} in y)"
    x, names = faces.points[row, :, 0], faces.keypoints.names
    pairs = [(i, j) for i, j in enumerate(faces.keypoints.mirror) if "left" in names[i].split("_")]
    swapped = [f"{names[i]} and {names[j]}" for i, j in pairs if x[i] < x[j]]
    order = f"; {swapped[0]} in reverse order" if swapped else ""
    return f"{names[worst]} is {errors[worst]:.0f} px from where the other points put it{order}"


def _misplaced(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far (N, 2) in px the middle of each face's points (N, K, 2) is from the median; that in usual ones (N,)."""
    points = points[:, ~np.isnan(points).all((0, 2))]
    away = np.nanmean(points - np.nanmedian(points, axis=0), axis=1)
    away -= np.median(away, axis=0)
    length = np.linalg.norm(away / np.maximum(np.median(np.abs(away), axis=0), 1e-6), axis=1)
    return away, length * (gaussian.MEDIAN_2D / max(np.median(length), 1e-6))


def _left_out(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The error (N, K) in px of each point as the others predict it, and the same in units of its usual error."""
    usual = (~np.isnan(points[..., 0])).mean(axis=0) >= 0.5
    errors, lengths = np.full((2, *points.shape[:2]), np.nan)
    if usual.sum() < 2 or len(points) < 3:
        return errors, lengths
    X = points[:, usual].reshape(len(points), -1)
    noise = max(RIDGE, SCARCE * X.shape[1] / len(X)) * np.nanvar(X, axis=0).mean()
    model = gaussian.Gaussian.fit(X, noise, trim=0.1)
    errors[:, usual], found = model.left_out(X)
    lengths[:, usual] = found * (gaussian.MEDIAN_2D / np.maximum(np.nanmedian(found, axis=0), 1e-6))
    return errors, lengths
