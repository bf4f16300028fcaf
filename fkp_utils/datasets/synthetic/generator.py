"""Synthetic faces: procedural heads, 96×96 grey, 15 or 68 points, made from a seed without any file.

The modules beside this one hold the people (`people`), their heads (`head`), paint (`skin`), points (`landmarks`),
light (`light`), surroundings (`scene`, `covers`), the camera (`camera`, `lens`) and its sensor (`sensor`).  This one
labels the faces as the Kaggle training set is labelled, and renders faces with chosen parameters (notebook 12).
"""

from __future__ import annotations

import os
import pathlib
import types
from collections.abc import Sequence

import joblib
import numpy as np

from fkp_utils import faces, keypoints
from fkp_utils.datasets import cache
from fkp_utils.datasets.synthetic import camera
from fkp_utils.datasets.synthetic import people as synthetic_people
from fkp_utils.system import code_version

FACES = 3000
CHUNK = 64
FEW = 200  # faces that one process makes sooner than several
STORED = ("images", "points", "source", "subject", "truth")  # and the attributes
COPY_NOISE = 0.8  # pixels, of a label given a second time by the same source

# Counts of the 7,049 rows of Kaggle's training.csv; its first 2,284 rows are of the source that labels 15 points.
_ROWS, _FIRST_SOURCE, _COPIES = 7049, 2284, 1098 - 543
_MISSING = {
    "left_eye_center": 10 / _ROWS,
    "right_eye_center": 13 / _ROWS,
    "mouth_center_bottom_lip": 33 / _ROWS,
    "left_eye_inner_corner": 13 / _FIRST_SOURCE,
    "left_eye_outer_corner": 17 / _FIRST_SOURCE,
    "right_eye_inner_corner": 16 / _FIRST_SOURCE,
    "right_eye_outer_corner": 16 / _FIRST_SOURCE,
    "left_eyebrow_inner_end": 14 / _FIRST_SOURCE,
    "left_eyebrow_outer_end": 59 / _FIRST_SOURCE,
    "right_eyebrow_inner_end": 14 / _FIRST_SOURCE,
    "right_eyebrow_outer_end": 48 / _FIRST_SOURCE,
    "mouth_left_corner": 15 / _FIRST_SOURCE,
    "mouth_right_corner": 14 / _FIRST_SOURCE,
    "mouth_center_top_lip": 9 / _FIRST_SOURCE,
}


def load(
    root: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    *,
    seed: int = 0,
    points_of: keypoints.KeypointSet = keypoints.KAGGLE_15,
) -> faces.Faces:
    """`limit` faces (default 3,000) as `make` makes them, kept in the cache.

    With points_of=LANDMARKS_68, so many faces of the same people as `render` labels them: no label is missing.
    ValueError if `root` is given, and for other points.
    """
    _refuse(root)
    count = FACES if limit is None else limit

    def build(folder: pathlib.Path) -> None:
        of_kaggle = points_of == keypoints.KAGGLE_15
        made = make(count, seed) if of_kaggle else render(synthetic_people.draw(count, seed), None, points_of)
        columns = {name: getattr(made, name) for name in STORED}
        np.savez(folder / "faces.npz", **columns, **made.attributes)  # type: ignore[arg-type]  # none is allow_pickle

    others = "" if points_of == keypoints.KAGGLE_15 else f", {points_of.name}"
    folder = cache.cached("synthetic", [], f"{fingerprint()}, {count} faces, seed {seed}{others}", build)
    with np.load(folder / "faces.npz") as file:
        stored = dict(file)
    columns = {name: stored.pop(name) for name in STORED}
    return faces.Faces(**columns, keypoints=points_of, attributes=stored)


def make(count: int, seed: int = 0, workers: int | None = None) -> faces.Faces:
    """`count` faces, the same for the same `count` and `seed` whatever the number of `workers` (default: a core each).

    Images are uint8 (N, 96, 96, 1); points are pixels, (0, 0) the centre of the first, NaN where no label is given.
    `truth` has all 15 points of each row in the convention of the row's `source`: 0 labels all points; 1 labels the eye
    centres, the nose at its base and the bottom lip at mid-mouth.  Rows of source 0 come first.  Shares of sources,
    missing labels and copied images are those of Kaggle's training set.  `points` equal `truth` where they are given,
    except where attributes["noisy_label"] (a copy of an image, labelled again) or attributes["wrong_label"] (left and
    right swapped, or the points of another face; one row in 1,000, of source 0) is True.  The other attributes are the
    parameters of each face (`people.draw`): yaw, pitch, roll in degrees, glasses, beard, smile, blur, ...;
    and "visible" (N, 15), False for points behind the head, a hand or the like, or sunglasses.

    ValueError if `count` is not positive.
    """
    if count < 1:
        raise ValueError(f"limit is {count}; expected at least 1")
    copies = round(count * _COPIES / _ROWS)
    parameters = synthetic_people.draw(count - copies, seed)
    made = _render(parameters, workers)
    photo, source, truth, labels, kinds = _label(made.points, copies, np.random.default_rng([seed, 3]))
    kinds["visible"] = made.visible[photo, source]
    attributes = {name: values[photo] for name, values in parameters.items()} | kinds
    subject = attributes.pop("subject")
    return faces.Faces(made.levels[photo, ..., None], labels, keypoints.KAGGLE_15, source, subject, truth, attributes)


def fingerprint(root: str | os.PathLike[str] | None = None) -> str:
    """Hash of the code that makes the faces; with number and seed it names them.  ValueError if `root` is given."""
    _refuse(root)
    return code_version.digest(pathlib.Path(__file__).parent.glob("*.py"))


def _refuse(root: str | os.PathLike[str] | None) -> None:
    if root is not None:
        raise ValueError(f"root is {os.fspath(root)!r}; synthetic faces are made, not read: expected no root")


def render(
    parameters: dict[str, np.ndarray],
    workers: int | None = 1,
    points_of: keypoints.KeypointSet = keypoints.KAGGLE_15,
) -> faces.Faces:
    """Faces with these parameters, each (N,), by the names that `people.draw` gives them; all points given.

    points_of: KAGGLE_15, with the labels of source 0; or LANDMARKS_68, the points of 300-W on the same heads, those of
    the jaw where they are on the head though it hides them or they lie outside the image.  Attributes: the parameters,
    and "visible" (N, K) as in `make`.  ValueError for other points, and if a parameter is missing.
    """
    if lacking := sorted(set(synthetic_people.draw(1, 0)) - set(parameters)):
        raise ValueError(f"parameters lack {', '.join(lacking)}; expected all that people.draw gives")
    if points_of not in (keypoints.KAGGLE_15, keypoints.LANDMARKS_68):
        raise ValueError(f"points are {points_of.name}; expected KAGGLE_15 or LANDMARKS_68, which convert to others")
    made = _render(parameters, workers)
    of_300w = points_of == keypoints.LANDMARKS_68
    points, visible = (made.landmarks, made.landmarks_visible) if of_300w else (made.points[:, 0], made.visible[:, 0])
    attributes = parameters | {"visible": visible}
    subject = attributes.pop("subject")
    source = np.zeros(len(points), int)
    return faces.Faces(made.levels[..., None], points, points_of, source, subject, points, attributes)


def sweep(name: str, values: Sequence[float], seed: int = 0, **fixed: float) -> faces.Faces:
    """One person in one scene, with the parameter `name` at each of the values and others as `fixed` says.

    ValueError for a name that no parameter has.
    """
    one = synthetic_people.draw(1, seed)
    if unknown := sorted({name, *fixed} - set(one)):
        raise ValueError(f"no parameter {', '.join(unknown)}; there are {', '.join(one)}")
    parameters = {each: np.repeat(given, len(values)) for each, given in one.items()}
    for each, given in fixed.items():
        parameters[each] = np.full(len(values), given)
    return render(parameters | {name: np.asarray(values)})


def _render(parameters: dict[str, np.ndarray], workers: int | None) -> camera.Photo:
    """The photos of all faces, each field stacked (N, ...)."""
    count = len(parameters["subject"])
    chunks = [slice(start, start + CHUNK) for start in range(0, count, CHUNK)]
    jobs = [
        joblib.delayed(_photographs)({name: values[rows] for name, values in parameters.items()}) for rows in chunks
    ]
    workers = workers or (joblib.cpu_count() if count > FEW else 1)
    done = joblib.Parallel(workers)(jobs)
    return camera.Photo(*(np.concatenate(part) for part in zip(*done, strict=True)))


def _photographs(parameters: dict[str, np.ndarray]) -> camera.Photo:
    each = []
    for row in range(len(parameters["subject"])):
        face = types.SimpleNamespace(**{name: values[row].item() for name, values in parameters.items()})
        each.append(camera.photograph(face))
    return camera.Photo(*(np.stack(part) for part in zip(*each, strict=True)))


def _label(
    points: np.ndarray, copies: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Rows of labels for photos with points (M, 2, 15, 2): photo, source, truth, labels and what is odd about a row.

    Half of the `copies` show a photo of source 0 in a row of source 1, half repeat a row of source 1 with other labels.
    """
    photos = rng.permutation(len(points))
    count = len(points) + copies
    first = min(round(count * _FIRST_SOURCE / _ROWS), len(photos))
    across = min(copies - copies // 2, first)
    again = np.concatenate([photos[:across], photos[first : first + copies - across]])
    rest = rng.permutation(count - first)
    photo = np.concatenate([photos[:first], np.concatenate([photos[first:], again])[rest]])
    noisy = np.zeros(count, bool)
    noisy[first:] = rest >= count - first - (copies - across)
    source = np.repeat([0, 1], [first, count - first])

    truth = points[photo, source]
    labels = truth + noisy[:, None, None] * rng.normal(0, COPY_NOISE, truth.shape).astype(np.float32)
    wrong = np.zeros(count, bool)
    for turn, row in enumerate(rng.choice(first, min(count // 1000, first), replace=False)):
        wrong[row] = True
        swapped = truth[row, list(keypoints.KAGGLE_15.mirror)]
        labels[row] = truth[(row + 1) % first] if turn % 2 else swapped
    rates = np.array([_MISSING.get(name, 0.0) for name in keypoints.KAGGLE_15.names])
    hidden = rng.random(truth.shape[:2]) < rates
    others = np.setdiff1d(np.arange(len(keypoints.KAGGLE_15)), keypoints.FOUR_POINTS)
    hidden[first:, others] = True
    labels[hidden] = np.nan
    return photo, source, truth, labels, {"noisy_label": noisy, "wrong_label": wrong}
