"""The points of a face in any photo: find the face, cut it out as the network knows faces, ask the network."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.system import places

if TYPE_CHECKING:
    import keras

MODEL = places.BUILD / "best.keras"  # `make submission` writes it
# How a face lies in its crop in the Kaggle layout, in sides of the crop: where its points have their mean, and the root
# of their mean squared distance from it.
MIDDLE, RADIUS = np.array([0.495, 0.475]), 0.247
FOUND_RADIUS = 0.29  # the same distance in a box of the detector
SMALLEST = 0.12  # of the shorter side: the smallest face that is looked for

Photo = str | os.PathLike[str] | Image.Image | np.ndarray


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a network sees in a photo.

    points: (K, 2) px of the photo, 0-based pixel centres.  spread: (K,) px, how far views of the face, mirrored and
    moved a little, disagree about each point: large where the network is unsure.  box: left, top, right, bottom of the
    crop in px of the photo, right and bottom excluded; it may reach beyond the photo.  crop: (H, W) uint8, what the
    network saw.
    """

    points: np.ndarray
    spread: np.ndarray
    box: tuple[int, int, int, int]
    crop: np.ndarray


def predict(
    photos: Photo | Sequence[Photo], model: keras.Model | str | os.PathLike[str] | None = None
) -> Prediction | list[Prediction]:
    """The points of the largest face in a photo; of a list of photos, or of an array (N, H, W, C) of them, a list.

    photos: a file, a Pillow image, or an array (H, W) or (H, W, C) of grey levels or RGB from 0 to 255.  A photo of the
    model's own size is taken for a face as it is; in another one the face is found first (scikit-image's cascade of
    local binary patterns), and the crop is corrected by the points that the network finds in it.  model: a `.keras`
    file of this package or a model; by default the one that `make submission` leaves in build/.

    FileNotFoundError if there is no such model or file; ValueError for an array of another shape, and for a photo in
    which no face is found.
    """
    if isinstance(photos, str | os.PathLike | Image.Image) or (isinstance(photos, np.ndarray) and _is_one(photos)):
        return _predict(_checked(_network(model)), _grey(photos), 0)
    network = _checked(_network(model))
    return [_predict(network, _grey(photo), number) for number, photo in enumerate(photos)]


def _is_one(array: np.ndarray) -> bool:
    if array.ndim not in (2, 3, 4):
        raise ValueError(f"an array of shape {array.shape}; expected (H, W), (H, W, C) or (N, H, W, C)")
    return array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3))


def _grey(photo: Photo) -> np.ndarray:
    """(H, W) uint8."""
    if isinstance(photo, str | os.PathLike):
        with Image.open(photo) as image:
            return np.asarray(image.convert("L"))
    if isinstance(photo, Image.Image):
        return np.asarray(photo.convert("L"))
    array = np.asarray(photo)
    if not _is_one(array):
        raise ValueError(f"a photo of shape {array.shape}; expected (H, W), or (H, W, C) of 1 or 3 channels")
    if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 255):
        raise ValueError("a photo has values outside 0 to 255; expected grey levels or RGB of that range")
    array = array.astype(np.uint8)
    return (
        np.asarray(Image.fromarray(array).convert("L")) if array.shape[2:] == (3,) else array.reshape(array.shape[:2])
    )


def _network(model: keras.Model | str | os.PathLike[str] | None) -> keras.Model:
    from fkp_utils.system import backend

    backend.load_keras()
    import keras

    if isinstance(model, keras.Model):
        return model
    path = MODEL if model is None else pathlib.Path(model)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no trained model; `make submission` makes one, or name a .keras file")
    return keras.models.load_model(path, compile=False)


def _checked(network: keras.Model) -> keras.Model:
    known = len(keypoints.KAGGLE_15)
    if network.output.shape[1] < known:
        raise ValueError(f"the model has {network.output.shape[1]} points; expected the {known} of KAGGLE_15, or more")
    return network


def _predict(network: keras.Model, photo: np.ndarray, number: int) -> Prediction:
    size = tuple(network.input.shape[1:3])
    if photo.shape == size:
        return _in_box(network, photo, np.array([0, 0, size[1], size[0]]))
    box = _around(*largest_face(photo, number))
    for _ in range(2):
        box = box_of(_in_box(network, photo, box, shifts=((0, 0),)).points)
    return _in_box(network, photo, box)


def largest_face(photo: np.ndarray, number: int = 0) -> tuple[np.ndarray, float]:
    """Of the largest face in a photo (H, W): about where its points have their mean (x, y), and their radius, in px.

    ValueError if none is found; `number` is that of the photo in the message.
    """
    from skimage import data, feature

    detector = feature.Cascade(data.lbp_frontal_face_cascade_filename())
    side = min(photo.shape)
    smallest, largest = max(24, round(SMALLEST * side)), max(24, side)
    found = detector.detect_multi_scale(photo, 1.15, 1, (smallest, smallest), (largest, largest))
    if not found:
        height, width = photo.shape
        raise ValueError(f"photo {number}, {width}×{height} px: no face is found; cut one out to the size of the model")
    face = max(found, key=lambda each: each["width"])
    middle = np.array([face["c"] + face["width"] / 2, face["r"] + face["height"] / 2])
    return middle, FOUND_RADIUS * face["width"]


def box_of(points: np.ndarray) -> np.ndarray:
    """The square box (4,) in which points (K, 2) of KAGGLE_15 lie as in the Kaggle layout, all of them given."""
    middle = points.mean(axis=0)
    return _around(middle, np.sqrt(((points - middle) ** 2).sum(axis=1).mean()))


def _around(middle: np.ndarray, radius: float) -> np.ndarray:
    """The square box (4,) in which points with this mean and radius lie as in the Kaggle layout."""
    side = max(8, round(radius / RADIUS))
    left, top = np.round(middle + 0.5 - MIDDLE * side).astype(int)
    return np.array([left, top, left + side, top + side])


def _in_box(
    network: keras.Model, photo: np.ndarray, box: np.ndarray, shifts: Sequence[tuple[int, int]] | None = None
) -> Prediction:
    from fkp_utils.evaluation import test_time_augmentation
    from fkp_utils.models import label_sources
    from fkp_utils.training import runs

    size, channels = tuple(network.input.shape[1:3]), network.input.shape[3]
    meaning = label_sources.together(keypoints.KAGGLE_15)
    nothing = np.full((1, len(meaning.keypoints), 2), np.nan, np.float32)
    face = face_sets.Faces(photo[None, :, :, None], nothing, meaning.keypoints).crop(box[None], size)
    face = dataclasses.replace(face, images=np.repeat(face.images[:], channels, axis=3))
    run = types.SimpleNamespace(offset=(), predict=lambda faces: runs.predict(network, faces, meaning))
    seen = test_time_augmentation.predict(run, face, shifts or test_time_augmentation.SHIFTS)
    scale = (box[2:] - box[:2]) / size[::-1]
    points = (seen.points[0] + 0.5) * scale + box[:2] - 0.5
    left, top, right, bottom = (int(edge) for edge in box)
    return Prediction(points, seen.spread[0] * scale.mean(), (left, top, right, bottom), face.images[0][..., 0])
