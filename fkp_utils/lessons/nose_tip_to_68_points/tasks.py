"""The three tasks of notebook 11: their faces and frames, the nose tip, the eyes, and errors that can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics, profiles
from fkp_utils.datasets import loading
from fkp_utils.evaluation import bootstrap, errors, face_conditions
from fkp_utils.models import architectures
from fkp_utils.training import data_views, runs

# The tip of the nose by set; IMM_58 has none: the lowest point of the nose's outline stands for it.
NOSE_TIPS = {"KAGGLE_15": "nose_tip", "CELEBA_5": "nose", "IMM_58": "nose_5", "LANDMARKS_68": "nose_bridge_3"}
# The outer corners of the left and the right eye by set; CELEBA_5 has only one point an eye.
EYES = {
    "KAGGLE_15": ("left_eye_outer_corner", "right_eye_outer_corner"),
    "CELEBA_5": ("left_eye", "right_eye"),
    "IMM_58": ("left_eye_0", "right_eye_0"),
    "LANDMARKS_68": ("left_eye_3", "right_eye_0"),
}
NOSE, IMM, COLOUR = "nose", "imm", "landmarks68"  # the tasks; the last two are named by the set that the report used
NOSE_SIZE, IMM_SIZE = (60, 80), (160, 240)  # height and width in px
MOST, MOST_IMM = 1200, 480  # faces of a task


def side(profile: profiles.Profile) -> int:
    """The height and width in px of the images of the third task."""
    return 224 if profile.name == "full" else 64


def load(name: str, root: str, profile: profiles.Profile, seed: int) -> dict[str, data_views.Data]:
    """The data of each task with all points, in its frame: the nose tip, then 58, then 68 points.

    The last two are of the sets that the report used; the set `name` in the folder `root` stands in for one that is not
    found.
    """
    few = 3 * (profile.deep_faces or 0)
    limits = {NOSE: profile.faces and min(profile.faces, MOST), IMM: min(few, MOST_IMM)}
    shares = (0.7, 0.1, 0.2) if profile.name == "full" else (0.55, 0.1, 0.35)
    frames = {
        NOSE: data_views.Letterboxed(*NOSE_SIZE),
        IMM: data_views.Letterboxed(*IMM_SIZE),
        COLOUR: data_views.Letterboxed(side(profile), side(profile), grey=False),
    }
    found = {}
    for task, frame in frames.items():
        own = root if name == task else ""
        where = (task, own) if task != NOSE and loading.is_there(task, own) else (name, root)
        limit = limits.get(task, limits[NOSE]) or None
        parts = (0.5, 0.1, 0.4) if task == NOSE else shares
        found[task] = data_views.Data(*where, limit, seed, parts).through(data_views.FirstSource(), frame)
    return found


def nose_tip(data: data_views.Data) -> data_views.Data:
    """The same data with the nose tip as the only point."""
    return data.through(data_views.OnlyPoints((NOSE_TIPS[data.faces().keypoints.name],)))


def standing_in(data: Mapping[str, data_views.Data]) -> str:
    """A sentence on the sets of `load` that were not found."""
    absent = [task for task, each in data.items() if task not in (NOSE, each.name)]
    if not absent:
        return "Every task has the faces that the report used."
    words = {IMM: "the IMM faces", COLOUR: "the frames with 68 points"}
    names = " and ".join(words[task] for task in absent)
    were = "were" if len(absent) > 1 or IMM in absent else "was"
    return (
        f"{names[0].upper()}{names[1:]} {were} not found on this machine (data/README.md says where to get them). Faces"
        f" of the set *{data[NOSE].name}* stand in for them, with the points that they have."
    )


def eyes(faces: face_sets.Faces) -> np.ndarray:
    """(N, 2, 2) px: the outer corner of the left eye and that of the right eye of each face."""
    known = faces.keypoints
    return np.asarray(faces.points)[:, [known.index(name) for name in EYES[known.name]]]


def examples(sets: Mapping[str, data_views.Data], nose: data_views.Data | None = None) -> list[face_sets.Faces]:
    """A training face of each task, one that looks ahead; of the first task as `nose` has it, if it is given."""
    shown: list[face_sets.Faces] = []
    for data in sets.values():
        faces = data.parts().training
        row = face_conditions.clearest(faces, 1)
        shown.append((nose.parts().training if nose and not shown else faces).select(row))
    return shown


def caption(faces: face_sets.Faces) -> str:
    """How many points the faces have, and in images of which size."""
    count, (height, width) = len(faces.keypoints), faces.size
    return f"{count} point{'s' * (count > 1)}\n{height}×{width} px"


def best_and_worst(
    predicted: np.ndarray, faces: face_sets.Faces, count: int
) -> tuple[np.ndarray, list[str], dict[str, np.ndarray]]:
    """The `count` faces with the lowest errors, then those with the highest: images, errors in words, points by kind.

    predicted: (N, K, 2) px, for N faces.  A face without labels is neither.
    """
    found = errors.of_faces(predicted, faces.points)
    order = np.argsort(np.nan_to_num(found, nan=np.nanmedian(found)), kind="stable")
    rows = np.concatenate([order[:count], order[-count:]])
    marks = {"given": np.asarray(faces.points)[rows], "predicted": predicted[rows]}
    return faces.images[rows], [f"{found[row]:.1f} px" for row in rows], marks


def curves(trained: Mapping[str, runs.Run]) -> dict[str, tuple[pd.DataFrame, int]]:
    """The errors by epoch of each run, and which restart was kept."""
    return {name: (run.history, run.facts["kept"]) for name, run in trained.items()}


def last_epoch(run: runs.Run) -> tuple[float, float]:
    """Training and validation error in px at the end, of the restart that was kept."""
    history = run.history
    row = history[history["restart"] == run.facts["kept"]].iloc[-1]
    return float(row["training"]), float(row["validation"])


def rises(run: runs.Run) -> str:
    """In a sentence, how often the training and the validation error rise from one epoch to the next."""
    steps = run.history.groupby("restart")[["training", "validation"]].diff().dropna()
    training, validation = (_rises(int((steps[name] > 0).sum())) for name in ("training", "validation"))
    between = f"{len(steps)} step{'s' * (len(steps) != 1)} from one epoch to the next"
    return f"In {between}, the training error {training}, and the validation error {validation}."


def _rises(count: int) -> str:
    return {0: "never rises", 1: "rises once", 2: "rises twice"}.get(count, f"rises {count} times")


def assert_same(mine: keras.Model, name: str, images: np.ndarray, tolerance: float) -> None:
    """AssertionError unless the package's network of this name has the parameters of `mine` and, with its weights, the
    same points for the images (N, H, W, C), to a tolerance in px.
    """
    images = np.asarray(images, np.float32)
    outputs, size = mine.output.shape[1], mine.input.shape[1:3]
    package = architectures.build(name, outputs, size, images.shape[-1])
    assert package.count_params() == mine.count_params(), f"{package.count_params()} != {mine.count_params()}"
    package.set_weights(mine.get_weights())
    np.testing.assert_allclose(package(images), mine(images), atol=tolerance)


def seconds(run: runs.Run) -> np.ndarray:
    """Seconds of each epoch of a run; the first of each restart, which is slower, is left out if there are others."""
    history = run.history
    return history.query(f"epoch > {min(1, history['epoch'].max() - 1)}")["seconds"].to_numpy()


def scores(
    predicted: Mapping[str, np.ndarray], faces: face_sets.Faces, repeats: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """A row for each network: NME in % and MAE in px, the mean over faces, each with its interval over persons."""
    groups, draws, rows = faces.groups, {"repeats": repeats, "seed": seed}, {}
    for name, points in predicted.items():
        shares, off = metrics.nme_of_faces(points, faces.points, faces.keypoints), np.abs(points - faces.points)
        pair = {"NME (%)": 100 * shares, "MAE (px)": np.nanmean(off, axis=(1, 2))}
        rows[name] = {unit: bootstrap.mean(values, groups, **draws) for unit, values in pair.items()}
    return pd.DataFrame(rows).T


def harder(
    predicted: np.ndarray,
    faces: face_sets.Faces,
    whole: face_sets.Faces,
    kinds: Sequence[str],
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, metrics.Estimate | None]:
    """RMSE of the faces of each kind over that of the others, None for too few; a kind that is not known is left out.

    predicted: (N, K, 2) px.  whole: the N faces with all points, which tell how a face is held.
    """
    each = errors.of_faces(predicted, faces.points)
    known = face_conditions.kinds(whole, face_conditions.measure(whole))
    return {
        kind: bootstrap.rmse_ratio(each, known[kind], faces.groups, repeats, seed) for kind in kinds if kind in known
    }


def in_words(values: Mapping[str, metrics.Estimate | None]) -> str:
    """A part of a sentence with each name and its value, where enough faces tell it."""
    return "; ".join(f"{name}: {value or 'too few faces to tell'}" for name, value in values.items())
