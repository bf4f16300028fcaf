"""What the layouts with one file for each image share: decoding into one .npy file, tables, errors with their place."""

from __future__ import annotations

import collections
import concurrent.futures
import errno
import io
import math
import os
import pathlib
import shutil
import struct
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from fkp_utils import faces, keypoints
from fkp_utils.datasets import cache, loading

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png")
WAITING = 64  # images decoded and not yet written

Size = tuple[int, int]


def load(
    name: str,
    keypoint_set: keypoints.KeypointSet,
    inputs: Sequence[pathlib.Path],
    limit: int | None,
    version: object,
    build: Callable[[pathlib.Path], None],
) -> faces.Faces:
    """The faces that `build` wrote into the cache: images, points, source, subject, attributes."""
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; expected at least 1")
    folder = cache.cached(name, inputs, f"{version}, limit {limit}", build)
    with np.load(folder / "labels.npz") as file:
        labels = dict(file)
    return faces.Faces(
        faces.StoredImages(folder / "images.npy"),
        labels.pop("points"),
        keypoint_set,
        source=labels.pop("source", None),
        subject=labels.pop("subject", None),
        attributes=labels,
    )


def store(
    path: pathlib.Path,
    pictures: Iterable[tuple[str, bytes]],
    count: int,
    size: Size,
    fit: Callable[[Image.Image], Image.Image] | None = None,
) -> list[Size]:
    """Decodes `count` pictures (where each is from, its bytes) into `path`: uint8 (count, H, W, 3), with `size` (H, W).

    `fit` brings a picture to `size`; without it, a picture must have it.  Threads decode, and each image is appended as
    it is ready, so memory holds no more than `WAITING` images.  Returns the (width, height) of each picture as it was.
    DatasetError for a picture that cannot be read or has another size; OSError if the disk has no room.
    """
    height, width = size
    shape = (count, height, width, 3)
    needed, free = math.prod(shape), shutil.disk_usage(path.parent).free
    if needed > free:
        message = f"{needed / 1e9:.1f} GB needed, {free / 1e9:.1f} GB free; FKP_CACHE may name a folder with more room"
        raise OSError(errno.ENOSPC, message, os.fspath(path.parent.parent))

    def pixels(where: str, data: bytes) -> tuple[bytes, Size]:
        picture = decode(where, data)
        image = fit(picture) if fit else picture
        if image.size != (width, height):
            raise loading.DatasetError(f"{where}: {image.width}×{image.height} pixels; expected {width}×{height}")
        return image.tobytes(), picture.size

    sizes: list[Size] = []
    waiting: collections.deque[concurrent.futures.Future[tuple[bytes, Size]]] = collections.deque()
    with path.open("wb") as file, concurrent.futures.ThreadPoolExecutor() as pool:

        def append() -> None:
            data, original = waiting.popleft().result()
            file.write(data)
            sizes.append(original)

        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for where, data in pictures:
            waiting.append(pool.submit(pixels, where, data))
            if len(waiting) == WAITING:
                append()
        while waiting:
            append()
    return sizes


def decode(where: str, data: bytes) -> Image.Image:
    """The picture in RGB.  DatasetError if `data`, which come from `where`, are not a whole image."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.convert("RGB")
    except UnidentifiedImageError:
        raise loading.DatasetError(f"{where}: not an image; expected a JPEG, PNG or BMP file") from None
    except (OSError, SyntaxError, ValueError, struct.error, zlib.error, Image.DecompressionBombError) as error:
        raise loading.DatasetError(f"{where}: damaged image ({error}); expected a whole one") from error


def from_files(paths: Iterable[pathlib.Path]) -> Iterable[tuple[str, bytes]]:
    """The pictures in files, as `store` takes them."""
    return ((str(path), path.read_bytes()) for path in paths)


def in_folder(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The images in `folder`, by name."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.lower().endswith(SUFFIXES))
    return {name: folder / name for name in names if not name.startswith(".")}


def beside(folder: pathlib.Path, suffix: str) -> list[tuple[pathlib.Path, pathlib.Path]]:
    """(label file, image) for each label file with `suffix` in `folder`, by name.

    DatasetError if a label file has no image or two of them, or an image no label file.
    """
    pictures = collections.defaultdict(list)
    for path in in_folder(folder).values():
        pictures[path.stem].append(path)
    pairs = []
    for labels in sorted(folder.glob(f"*{suffix}")):
        found = pictures.pop(labels.stem, [])
        if len(found) != 1:
            names = " and ".join(path.name for path in found) or "no image"
            raise loading.DatasetError(f"{labels}: {names} beside it; expected one of {', '.join(SUFFIXES)}")
        pairs.append((labels, found[0]))
    for left in pictures.values():
        raise loading.DatasetError(f"{left[0]}: no labels beside it; expected {left[0].stem}{suffix}")
    return pairs


def lines(path: pathlib.Path) -> list[str]:
    """The lines of a text file up to the last that is not empty; what is no UTF-8 is replaced and so not hidden."""
    return path.read_text(encoding="utf-8-sig", errors="replace").rstrip().splitlines()


def numbers(texts: Sequence[str], where: str, columns: Sequence[str]) -> list[float]:
    """The texts as finite numbers, one for each column.  DatasetError with the place of the first that is not."""
    if len(texts) != len(columns):
        raise loading.DatasetError(f"{where}: {len(texts)} values; expected {len(columns)}")
    values = []
    for text, column in zip(texts, columns, strict=True):
        try:
            values.append(float(text))
        except ValueError:
            values.append(math.nan)
        if not math.isfinite(values[-1]):
            raise loading.DatasetError(f"{where}, column {column}: {text!r}; expected a number")
    return values


def expect_count(path: pathlib.Path, announced: str, found: int, expected: int) -> None:
    """DatasetError if a file of points announces or holds another number of them than `expected`."""
    if announced != str(expected) or found != expected:
        raise loading.DatasetError(
            f"{path}: {announced or 'no'} points announced, {max(0, found)} found; expected {expected}"
        )


def table(
    path: pathlib.Path, rows: Iterable[Sequence[str]], columns: Sequence[str], first_line: int
) -> dict[str, list[float]]:
    """Rows of a file name and one number for each column, by file name.  `first_line` is that of the first row.

    DatasetError for a row that is not so, and for a name that comes twice.
    """
    values: dict[str, list[float]] = {}
    for line, row in enumerate(rows, first_line):
        name, *texts = row or [""]
        if name in values:
            raise loading.DatasetError(f"{path}, line {line}: {name} for the second time; expected one row for each")
        values[name] = numbers(texts, f"{path}, line {line}", columns)
    return values


def match(rows: Collection[str], pictures: Collection[str], path: pathlib.Path, folder: pathlib.Path) -> None:
    """DatasetError if a row of the table `path` has no picture in `folder`, a picture no row, or there are no rows."""
    if not rows:
        raise loading.DatasetError(f"{path}: no rows; expected one for each image")
    for name in rows:
        if name not in pictures:
            raise loading.DatasetError(f"{path}: {name} not found; expected it among the {len(pictures):,} in {folder}")
    for name in pictures:
        if name not in rows:
            raise loading.DatasetError(
                f"{folder}: {name} not found; expected it among the {len(rows):,} rows of {path}"
            )


def not_found(title: str, expected: str, root: str | os.PathLike[str] | None) -> loading.DatasetError:
    """The error that tells what was looked for, where, and how to get it."""
    folders = ", ".join(map(str, loading.candidates(root)))
    folders = folders or f"data, ../data, {loading.KAGGLE_INPUT} (no such folders; FKP_DATA may name another)"
    return loading.DatasetError(f"{title} not found. Looked for {expected} in {folders}. How to get it: data/README.md")
