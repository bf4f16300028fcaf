"""The points of the faces in any photo: find each face, cut it out as the network knows faces, ask the network."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.app import finder
from fkp_utils.app import photos as photo_files
from fkp_utils.geometry import pose
from fkp_utils.models import label_sources

if TYPE_CHECKING:
    import keras

    from fkp_utils.evaluation import test_time_augmentation

SHIPPED = pathlib.Path(__file__).with_name("weights") / "points68.keras"  # `make model` writes it
# How a face lies in its crop in the Kaggle layout, in sides of the crop: where its points have their mean, and the root
# of their mean squared distance from it.  CLOSER: as `share_of_crop` says.
MIDDLE, RADIUS, CLOSER = np.array([0.495, 0.475]), 0.247, 0.29
TILTED = 15  # degrees from which a crop is turned: a standard deviation of the tilts that networks learn from
NO_SHIFT = ((0, 0),)
# What the outputs of a model may be, by their number.
MEANINGS = {
    len(meaning): meaning
    for meaning in (
        label_sources.together(keypoints.KAGGLE_15),
        label_sources.apart(keypoints.KAGGLE_15),
        label_sources.together(keypoints.LANDMARKS_68),
    )
}
SETS = {len(answered): answered for answered in (keypoints.KAGGLE_15, keypoints.LANDMARKS_68)}


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a network sees in a face of a photo.

    points: (K, 2) px of the upright photo, 0-based pixel centres, those of `keypoints`.  spread: (K,) px, how far
    views of the face, mirrored and moved a little, disagree about each point: large where the network is unsure.  crop:
    (H, W) uint8, what the network saw.  box: left, top, right, bottom of it in px of the photo, right and bottom
    excluded; it may reach beyond the photo.  turn: degrees clockwise by which the box is turned in the photo, about the
    place in it that MIDDLE says, so that the eyes lie level in the crop; 0 for a head that is not TILTED.
    """

    points: np.ndarray
    spread: np.ndarray
    box: tuple[int, int, int, int]
    crop: np.ndarray
    keypoints: keypoints.KeypointSet = keypoints.KAGGLE_15
    turn: float = 0.0


def predict(
    photos: photo_files.Photo | Sequence[photo_files.Photo],
    model: keras.Model | str | os.PathLike[str] | None = None,
    faces: Literal["largest", "all", "crop"] = "largest",
    smallest: float = finder.SMALLEST,
    points: Literal[15, 68] = 15,
) -> Prediction | list[Prediction] | list[list[Prediction]]:
    """The points of the largest face in a photo, or a list of those of all faces in it, the largest first.

    Of a list of photos, or of an array (N, H, W, C) of them, it is a list of these answers.

    photos: files, Pillow images, or arrays as `photos.read` takes them. model: a `.keras` file of this package or a
    model that gives the 15 points of KAGGLE_15, with or without outputs for a second label source, or the 68 of
    LANDMARKS_68; by default the one that comes with the package, which has met synthetic faces only and gives 68; for
    the 15 points `make submission` makes a better one. faces:
    "largest"; "all", of which there may be none; or "crop": the photo is one face, cut out as in the Kaggle layout, and
    no face is looked for. A photo of the model's own size is taken for such a crop. smallest: the smallest face that is
    looked for, as a share of the photo's shorter side. points: 15, those of KAGGLE_15, or 68, those of 300-W.

    Faces are found by `finder.find`; a face aside counts as smaller than it is, down to half in a corner.  Each crop is
    moved by the points that the network finds in it, and turned with a head that is tilted.

    FileNotFoundError if there is no such model or file; ValueError for what is no photo or no model of these points,
    and for a photo without a face, unless all are asked for.
    """
    if points not in SETS:
        raise ValueError(f"points is {points!r}; expected {' or '.join(map(str, SETS))}")
    if faces not in ("largest", "all", "crop"):
        raise ValueError(f"faces is {faces!r}; expected 'largest', 'all' or 'crop'")
    network = load(model)
    if isinstance(photos, str | os.PathLike | Image.Image) or (
        isinstance(photos, np.ndarray) and photo_files.is_one(photos)
    ):
        found = in_photo(network, photos, faces, smallest, points)
        return found if faces == "all" else found[0]
    several = [in_photo(network, photo, faces, smallest, points) for photo in photos]
    return several if faces == "all" else [found[0] for found in several]


def load(model: keras.Model | str | os.PathLike[str] | None = None) -> keras.Model:
    """The model of a `.keras` file, by default of SHIPPED; a model is only checked.

    FileNotFoundError if there is no such file; ValueError, with its name, for one that is damaged or gives neither the
    points of KAGGLE_15 nor those of LANDMARKS_68.
    """
    from fkp_utils.system import backend

    backend.load_keras()
    import keras

    if isinstance(model, keras.Model):
        return _checked(model, "the model")
    path = SHIPPED if model is None else pathlib.Path(model).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a .keras file")
    photo_files.refuse_pointer(path)
    try:
        network = keras.models.load_model(path, compile=False)
    except Exception as error:  # keras raises errors of many kinds
        raise ValueError(f"{path}: no whole .keras file ({str(error).splitlines()[0][:200]})") from error
    return _checked(network, str(path))


def _checked(network: keras.Model, name: str) -> keras.Model:
    """The model.  ValueError unless it takes images of one size, and gives points of MEANINGS as its one output."""
    if not (network.built and getattr(network, "inputs", None)):  # a subclass of keras.Model has none
        raise ValueError(f"{name} is not built; expected one that knows the size of its images")
    for kind, tensors in (("inputs", network.inputs), ("outputs", network.outputs)):
        if len(tensors) != 1:
            raise ValueError(f"{name} has {len(tensors)} {kind}; expected one")
    taken, given = tuple(network.inputs[0].shape[1:]), tuple(network.outputs[0].shape[1:])
    if len(taken) != 3 or None in taken or taken[2] not in (1, 3):
        raise ValueError(f"{name} takes {taken}; expected images of one size: (height, width, 1 or 3)")
    if len(given) != 2 or given[1] != 2 or given[0] not in MEANINGS:
        known = " or ".join(map(str, MEANINGS))
        raise ValueError(f"{name} gives {given}; expected ({known}, 2), the points of KAGGLE_15 or LANDMARKS_68")
    return network


def in_photo(
    network: keras.Model,
    photo: photo_files.Photo,
    faces: str = "all",
    smallest: float = finder.SMALLEST,
    points: int = 15,
) -> list[Prediction]:
    """The faces of one photo, the largest first, as `predict` says; but for "all", there is exactly one."""
    levels = photo_files.read(photo)
    height, width = levels.shape[:2]
    if faces == "crop" or (height, width) == tuple(network.inputs[0].shape[1:3]):
        return in_boxes(network, levels, np.array([[0, 0, width, height]]), points=points)
    middles, radii, tilts = finder.find(levels, smallest)
    if faces == "largest" and not len(middles):
        name = os.fspath(photo) if isinstance(photo, str | os.PathLike) else "the photo"
        raise ValueError(
            f"{name}, {width}×{height} px: no face is found; if one fills it, faces='crop' takes it as it is"
        )
    boxes = np.array([around(*face) for face in zip(middles, radii, strict=True)]).reshape(-1, 4)
    count = 1 if faces == "largest" else len(boxes)
    seen = in_boxes(network, levels, boxes[:count], NO_SHIFT, tilts=tilts[:count])
    return again(network, levels, again(network, levels, seen, NO_SHIFT), points=points)


def again(
    network: keras.Model,
    photo: np.ndarray,
    faces: Sequence[Prediction],
    shifts: Sequence[tuple[int, int]] | None = None,
    points: int = 15,
) -> list[Prediction]:
    """The same as `in_boxes`, in boxes moved and turned as the 15 points that were seen of each face say."""
    share = share_of_crop(network.outputs[0].shape[1], points)
    boxes = np.array([box_of(face.points, share) for face in faces]).reshape(-1, 4)
    tilts = np.array([pose.tilt(face.points, face.keypoints) for face in faces])
    return in_boxes(network, photo, boxes, shifts, points, tilts)


def share_of_crop(outputs: int, points: int = 15) -> float:
    """The radius of a face in its crop, in sides of the crop, for a network of so many outputs, asked for 15 or 68.

    A network that gives the 15 knows them from crops as in the Kaggle layout.  One that gives the 68 has learnt from
    faces of many sizes, and errs less at the 15 if it sees a face CLOSER, which was chosen by benchmarks/framing.py on
    frames of landmarks68; at all 68 it does not, as the jaw needs room.
    """
    return CLOSER if points == 15 and outputs == len(keypoints.LANDMARKS_68) else RADIUS


def box_of(points: np.ndarray, share: float = RADIUS) -> np.ndarray:
    """The square box (4,) of a face with these points (15, 2) of KAGGLE_15, all of them given; as `around`."""
    middle = points.mean(axis=0)
    return around(middle, np.sqrt(((points - middle) ** 2).sum(axis=1).mean()), share)


def around(middle: np.ndarray, radius: float, share: float = RADIUS) -> np.ndarray:
    """The square box (4,) that has the mean of a face's points at MIDDLE, and their radius as this share of its side.

    middle: (2,) and radius, in px: their mean, and the root of their mean squared distance from it.
    """
    side = max(8, round(radius / share))
    left, top = np.round(middle + 0.5 - MIDDLE * side).astype(int)
    return np.array([left, top, left + side, top + side])


def in_boxes(
    network: keras.Model,
    photo: np.ndarray,
    boxes: np.ndarray,
    shifts: Sequence[tuple[int, int]] | None = None,
    points: int = 15,
    tilts: np.ndarray | None = None,
) -> list[Prediction]:
    """What the network sees in each box (N, 4) of a photo (H, W, 3) uint8, the mean of views as `shifts` says.

    tilts: (N,) degrees clockwise, of the heads; boxes are turned with those that are TILTED.  ValueError for 68 points
    of a network that gives 15.
    """
    answered = SETS[points]
    run = as_run(network, answered)
    if not len(boxes):
        return []
    from fkp_utils.evaluation import test_time_augmentation

    size, channels = tuple(network.inputs[0].shape[1:3]), network.inputs[0].shape[3]
    grey, tilts = Image.fromarray(photo).convert("L"), np.zeros(len(boxes)) if tilts is None else tilts
    turns = np.where(np.abs(tilts) >= TILTED, tilts, 0)
    cut = np.stack([_cut(grey, box, turn, size) for box, turn in zip(boxes, turns, strict=True)])
    images = np.repeat(cut[..., None], channels, axis=3)
    crops = face_sets.Faces(images, np.full((len(boxes), len(answered), 2), np.nan), answered)
    seen = test_time_augmentation.predict(run, crops, shifts or test_time_augmentation.SHIFTS)
    found = []
    for place, spread, box, turn, image in zip(seen.points, seen.spread, boxes, turns, cut, strict=True):
        scale, middle = (box[2:] - box[:2]) / size[::-1], MIDDLE * (box[2:] - box[:2])
        cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        turned = ((place + 0.5) * scale - middle) @ [[cosine, sine], [-sine, cosine]] + middle
        left, top, right, bottom = (int(edge) for edge in box)
        edges = left, top, right, bottom
        found.append(Prediction(turned + box[:2] - 0.5, spread * scale.mean(), edges, image, answered, float(turn)))
    return found


def _cut(photo: Image.Image, box: np.ndarray, turn: float, size: tuple[int, int]) -> np.ndarray:
    """The box of a grey photo, turned as `Prediction.turn` says, resized to (height, width): uint8 (H, W)."""
    left, top, right, bottom = (int(edge) for edge in box)
    width, height = right - left, bottom - top
    reach = max(width, height) // 3 if turn else 0  # a turn brings in what lies up to a quarter outside the box
    x, y = MIDDLE * (width, height) + reach
    wide = photo.crop((left - reach, top - reach, right + reach, bottom + reach))
    level = wide.rotate(turn, Image.Resampling.BILINEAR, center=(x, y))
    inside = level.crop((reach, reach, reach + width, reach + height))
    return np.asarray(inside.resize(size[::-1], Image.Resampling.BILINEAR))


def as_run(
    network: keras.Model, answered: keypoints.KeypointSet = keypoints.KAGGLE_15
) -> test_time_augmentation.Network:
    """The network as test-time augmentation asks it, answering with these points.  ValueError if it cannot."""
    from fkp_utils.training import runs

    meaning = MEANINGS[network.outputs[0].shape[1]]
    if len(meaning.keypoints) < len(answered):
        raise ValueError(
            f"the model gives the points of {meaning.keypoints.name}; those of {answered.name} are asked for"
        )

    def predict(crops: face_sets.Faces) -> np.ndarray:
        return keypoints.convert(runs.predict(network, crops, meaning), meaning.keypoints, answered)

    run: Any = types.SimpleNamespace(offset=(), predict=predict)
    return run
