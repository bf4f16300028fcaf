"""Faces: images with their keypoints, in memory or on disk, and what may be done with them."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from fkp_utils import keypoints as keypoint_sets

BATCH = 256


class StoredImages:
    """Images (N, H, W, C) in an .npy file, read from disk as they are asked for.

    Each access maps the file, copies the rows it needs and closes it, so resident memory is that of the rows only.
    `rows` selects and orders the images without reading them.
    """

    def __init__(self, path: str | os.PathLike[str], rows: np.ndarray | None = None) -> None:
        self.path = os.fspath(path)
        stored = np.load(self.path, mmap_mode="r")
        self.dtype = stored.dtype
        self.rows = np.arange(len(stored)) if rows is None else np.asarray(rows)
        self.shape = (len(self.rows), *stored.shape[1:])
        self.ndim = stored.ndim

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | slice | np.ndarray | list[int]) -> np.ndarray:
        return np.array(np.load(self.path, mmap_mode="r")[self.rows[index]])

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)

    def select(self, rows: np.ndarray) -> StoredImages:
        """The images at `rows`, still on disk."""
        return StoredImages(self.path, self.rows[rows])


@dataclasses.dataclass(frozen=True, eq=False)
class Faces:
    """N faces with K keypoints.  Immutable: every method returns new faces.

    images: uint8 (N, H, W, C), an array or `StoredImages`.  points: float32 (N, K, 2), (x, y) in pixels from the centre
    of the first pixel, NaN where a label is missing.  keypoints: what the K points are.  source, subject: (N,) integers
    that tell label sources and persons apart, or None.  truth: points without holes, where they are known.
    attributes: more values per face, each (N, ...).  ValueError if shapes, types or values do not fit.
    """

    images: np.ndarray | StoredImages
    points: np.ndarray
    keypoints: keypoint_sets.KeypointSet
    source: np.ndarray | None = None
    subject: np.ndarray | None = None
    truth: np.ndarray | None = None
    attributes: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.images)
        if self.images.dtype != np.uint8 or self.images.ndim != 4:
            raise ValueError(f"images are {self.images.dtype} {self.images.shape}; expected uint8 (N, H, W, C)")
        for name in ("points", "truth"):
            if getattr(self, name) is not None:
                self._keep(name, np.array(getattr(self, name), np.float32), (count, len(self.keypoints), 2))
        for name in ("source", "subject"):
            if getattr(self, name) is not None:
                self._keep(name, np.array(getattr(self, name)), (count,))
        for name, values in self.attributes.items():
            if len(values) != count:
                raise ValueError(f"attribute {name!r} has {len(values)} values for {count} faces")
        missing = np.isnan(self.points)
        if np.isinf(self.points).any() or (missing[..., 0] != missing[..., 1]).any():
            face = int(np.nonzero((np.isinf(self.points) | (missing != missing[..., ::-1])).any((1, 2)))[0][0])
            raise ValueError(f"face {face}: a point is two finite numbers, or NaN twice; got {self.points[face]}")

    def _keep(self, name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
        if values.shape != shape:
            raise ValueError(f"{name} has shape {values.shape}; expected {shape}")
        values.flags.writeable = False
        object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width, channels = self.images.shape[1:]
        share = f"{self.given.mean():.0%} of points given" if len(self) else "empty"
        return f"Faces({len(self):,} of {width}×{height}×{channels} px, {self.keypoints.name}, {share})"

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the images in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @functools.cached_property
    def given(self) -> np.ndarray:
        """(N, K) bool: True where the label is there."""
        return ~np.isnan(self.points[..., 0])

    @functools.cached_property
    def image_groups(self) -> np.ndarray:
        """(N,) integers, equal for faces whose images are equal byte for byte."""
        numbers: dict[bytes, int] = {}
        groups = np.empty(len(self), int)
        for rows, images in self.batches():
            digests = [hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() for image in images]
            groups[rows] = [numbers.setdefault(digest, len(numbers)) for digest in digests]
        return groups

    @property
    def groups(self) -> np.ndarray:
        """(N,) labels of what a bootstrap draws whole: persons; where they are not known, copies of an image."""
        return self.image_groups if self.subject is None else self.subject

    def batches(self, size: int = BATCH) -> Iterator[tuple[slice, np.ndarray]]:
        """Slices of at most `size` rows with their images (n, H, W, C), in order."""
        for start in range(0, len(self), size):
            rows = slice(start, min(start + size, len(self)))
            yield rows, self.images[rows]

    def select(self, rows: Sequence[int] | np.ndarray | slice) -> Faces:
        """The faces at `rows`: indices, a slice or a boolean mask.  Stored images stay on disk."""
        index = np.arange(len(self))[rows if isinstance(rows, slice) else np.asarray(rows)]
        return dataclasses.replace(
            self,
            images=self.images.select(index) if isinstance(self.images, StoredImages) else self.images[index],
            points=self.points[index],
            source=None if self.source is None else self.source[index],
            subject=None if self.subject is None else self.subject[index],
            truth=None if self.truth is None else self.truth[index],
            attributes={name: np.asarray(values)[index] for name, values in self.attributes.items()},
        )

    def split(self, fractions: Sequence[float], groups: str | None = "subject", seed: int = 0) -> tuple[Faces, ...]:
        """Parts of about the given fractions of the faces.

        groups: "subject" keeps a person, and copies of an image, in one part (copies only, if persons are not known);
        "image" keeps copies only; None draws every face by itself, which leaks.  ValueError if a part would be empty.
        """
        if groups not in ("subject", "image", None):
            raise ValueError(f"groups is {groups!r}; expected 'subject', 'image' or None")
        if min(fractions, default=0) <= 0 or abs(sum(fractions) - 1) > 1e-6:
            raise ValueError(f"fractions are {list(fractions)}; expected positive numbers that add up to 1")
        label = np.arange(len(self)) if groups is None else self.image_groups
        if groups == "subject" and self.subject is not None:
            label = _connected(self.image_groups, self.subject)
        members, sizes = np.unique(label, return_inverse=True, return_counts=True)[1:]
        order = np.random.default_rng(seed).permutation(len(sizes))
        middle = np.empty(len(sizes))
        middle[order] = (np.cumsum(sizes[order]) - sizes[order] / 2) / len(self)
        part = np.searchsorted(np.cumsum(fractions)[:-1], middle[members])
        parts = tuple(self.select(np.nonzero(part == i)[0]) for i in range(len(fractions)))
        if not all(len(faces) for faces in parts):
            raise ValueError(f"{len(sizes)} groups of {len(self)} faces do not fill {len(parts)} parts")
        return parts

    def resize(self, size: tuple[int, int]) -> Faces:
        """Images of `size` (height, width) in pixels, in memory; points move with them."""
        height, width = self.size
        everything = np.tile([0, 0, width, height], (len(self), 1))
        return self.crop(everything, size)

    def crop(self, boxes: np.ndarray, size: tuple[int, int]) -> Faces:
        """The box of each face, resized to `size` (height, width), in memory.

        boxes: integers (N, 4): left, top, right, bottom in pixels, right and bottom excluded; what lies outside the
        image is black.  Points move with the image; those outside it are kept.
        """
        boxes = np.asarray(boxes, int)
        if boxes.shape != (len(self), 4) or (boxes[:, 2:] <= boxes[:, :2]).any():
            raise ValueError(f"boxes of shape {boxes.shape}; expected ({len(self)}, 4) with left < right, top < bottom")
        height, width = size
        images = np.empty((len(self), height, width, self.images.shape[3]), np.uint8)
        for rows, batch in self.batches():
            for target, image, box in zip(images[rows], batch, boxes[rows], strict=True):
                picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).crop(tuple(box))
                target[:] = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR)).reshape(target.shape)
        scale = np.array([width, height]) / (boxes[:, 2:] - boxes[:, :2])

        def move(points: np.ndarray) -> np.ndarray:
            return (points + 0.5 - boxes[:, None, :2]) * scale[:, None] - 0.5

        truth = None if self.truth is None else move(self.truth)
        return dataclasses.replace(self, images=images, points=move(self.points), truth=truth)

    def boxes(self, margin: float = 0.3) -> np.ndarray:
        """Square boxes (N, 4) around the given points of each face, as `crop` takes them.

        The side is (1 + 2 margin) times the larger extent of the points.  ValueError for a face without two points.
        """
        few = np.nonzero(self.given.sum(1) < 2)[0]
        if len(few):
            raise ValueError(f"face {few[0]} has fewer than two given points; a box needs two")
        low, high = np.nanmin(self.points, 1), np.nanmax(self.points, 1)
        half = (high - low).max(1, keepdims=True) * (0.5 + margin)
        middle = (low + high) / 2 + 0.5
        left_top = np.floor(middle - half).astype(int)
        return np.concatenate([left_top, left_top + np.maximum(2, np.ceil(2 * half)).astype(int)], axis=1)

    def to(self, keypoints: keypoint_sets.KeypointSet) -> Faces:
        """The same faces with another set of keypoints, converted."""
        truth = None if self.truth is None else keypoint_sets.convert(self.truth, self.keypoints, keypoints)
        points = keypoint_sets.convert(self.points, self.keypoints, keypoints)
        return dataclasses.replace(self, points=points, truth=truth, keypoints=keypoints)

    def few_points(self) -> Faces:
        """The same faces with at most 15 points, so that each has room on an axis.

        68 points become Kaggle's 15; the 58 of IMM become one for each part of the face, the mean of its points.
        """
        if self.keypoints == keypoint_sets.LANDMARKS_68:
            return self.to(keypoint_sets.KAGGLE_15)
        if len(self.keypoints) <= 15:
            return self
        parts = np.array([keypoint_sets.part(name) for name in self.keypoints.names])
        names = list(dict.fromkeys(parts.tolist()))
        mirror = tuple(names.index(parts[self.keypoints.mirror[list(parts).index(name)]]) for name in names)
        few = keypoint_sets.KeypointSet(f"{self.keypoints.name} parts", tuple(names), mirror, ())
        points = np.stack([self.points[:, parts == name].mean(1) for name in names], axis=1)
        return dataclasses.replace(self, points=points, truth=None, keypoints=few)


def _connected(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N,) labels, equal for rows linked through equal values of either labelling."""
    from scipy import sparse

    first, second = np.unique(first, return_inverse=True)[1], np.unique(second, return_inverse=True)[1]
    count = int(first.max(initial=-1)) + 1
    size = count + int(second.max(initial=-1)) + 1
    links = sparse.coo_matrix((np.ones(len(first)), (first, count + second)), shape=(size, size))
    return sparse.csgraph.connected_components(links, directed=False)[1][first]
