"""What the layouts with one file for each image share: decoding into one .npy file, tables, errors with their place."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import csv
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
from PIL import ExifTags, Image, UnidentifiedImageError

from fkp_utils import faces, keypoints
from fkp_utils.datasets import cache, folders, loading

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png")
MIRRORED = "_mirror"
WAITING = 64  # images decoded and not yet written
UNREADABLE = (OSError, SyntaxError, ValueError, struct.error)  # what Pillow raises for damaged data
ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}  # by the bytes that such a file begins with
SEPARATORS = {";": "semicolons", "\t": "tabs"}
# What turns the stored picture upright, for each EXIF orientation.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

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
    """The picture in RGB, upright as its EXIF orientation says: the points of a face are those of what people see.

    That is how viewers, annotation tools and OpenCV show it; dlib alone does not turn it.
    DatasetError if `data`, which come from `where`, are not a whole image of 8 bits.
    """
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.load()
            picture = upright(opened)
            if picture.mode.startswith(("I", "F")):
                raise loading.DatasetError(f"{where}: levels of more than 8 bits; expected a picture of 8 bits")
            return picture.convert("RGB")
    except loading.DatasetError:
        raise
    except UnidentifiedImageError:
        raise loading.DatasetError(f"{where}: not an image; expected a JPEG, PNG or BMP file") from None
    except (*UNREADABLE, zlib.error, Image.DecompressionBombError) as error:
        raise loading.DatasetError(f"{where}: damaged image ({error}); expected a whole one") from error


def upright(picture: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says; EXIF data that cannot be read say nothing of one.

    `ImageOps.exif_transpose` also writes the other EXIF data anew, and fails at a single odd one.
    """
    turn = None
    with contextlib.suppress(*UNREADABLE):
        turn = TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return picture if turn is None else picture.transpose(turn)


def from_files(paths: Iterable[pathlib.Path]) -> Iterable[tuple[str, bytes]]:
    """The pictures in files, as `store` takes them."""
    return ((str(path), path.read_bytes()) for path in paths)


def in_folder(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The images in `folder`, by name."""
    return {name: folder / name for name in folders.contents(folder)[0] if name.lower().endswith(SUFFIXES)}


def beside(folder: pathlib.Path, suffix: str) -> tuple[list[tuple[pathlib.Path, pathlib.Path]], int]:
    """(label file, image) for each label file with `suffix` in `folder`, by name, and how many images are left out.

    Left out are mirrored copies, `face_mirror.jpg`, that have no label file where `face.jpg` has one.
    DatasetError if a label file has no image or two of them, or another image no label file.
    """
    pictures = collections.defaultdict(list)
    for path in in_folder(folder).values():
        pictures[path.stem].append(path)
    pairs = []
    for labels in folders.with_suffix(folder, suffix):
        found = pictures.pop(labels.stem, [])
        if len(found) != 1:
            names = " and ".join(path.name for path in found) or "no image"
            raise loading.DatasetError(f"{labels}: {names} beside it; expected one of {', '.join(SUFFIXES)}")
        pairs.append((labels, found[0]))
    labelled = {labels.stem for labels, _ in pairs}
    for stem, left in pictures.items():
        if stem.removesuffix(MIRRORED) == stem or stem.removesuffix(MIRRORED) not in labelled:
            raise loading.DatasetError(f"{left[0]}: no labels beside it; expected {stem}{suffix}")
    return pairs, len(pictures)


def lines(path: pathlib.Path) -> list[str]:
    """The lines of a text file up to the last that is not empty; what is no UTF-8 is replaced and so not hidden.

    DatasetError for UTF-16.
    """
    content = path.read_bytes()
    expect_utf8(str(path), content)
    return content.decode("utf-8-sig", errors="replace").rstrip().splitlines()


def expect_utf8(where: str, start: bytes) -> None:
    """DatasetError if a text that starts with these bytes is UTF-16, as some programs save tables."""
    if encoding := ENCODINGS.get(start[:2]):
        raise loading.DatasetError(f"{where}: {encoding} text; expected UTF-8")


def expect_commas(where: str, header: str) -> None:
    """DatasetError if the header of a table has other separators than commas."""
    for separator, name in SEPARATORS.items():
        if header.count(separator) > header.count(",") and header.strip().replace(separator, "").isprintable():
            raise loading.DatasetError(f"{where}: {name} between its values; expected commas")


def comma_rows(path: pathlib.Path, count: int) -> list[list[str]]:
    """The rows of a table of `count` columns, the header first; values may be quoted.

    A column more, in front and without a name, is the index that pandas writes: it is dropped.
    DatasetError for UTF-16 and for other separators than commas.
    """
    found = lines(path)
    expect_commas(str(path), found[0] if found else "")
    try:
        rows = list(csv.reader(found))
    except csv.Error as error:
        raise loading.DatasetError(f"{path}: {error}; expected a table with commas between its values") from error
    if rows and len(rows[0]) == count + 1 and rows[0][0] in ("", "Unnamed: 0"):
        return [row[1:] for row in rows]
    return rows


def numbers(texts: Sequence[str], where: str, columns: Sequence[str]) -> list[float]:
    """The texts as finite numbers, one for each column.  DatasetError with the place of the first that is not."""
    if len(texts) != len(columns):
        raise loading.DatasetError(f"{where}: {len(texts)} values; expected {len(columns)}")
    values = []
    for text, column in zip(texts, columns, strict=True):
        try:
            values.append(math.nan if "_" in text else float(text))  # Python takes 6_9 for 69
        except ValueError:
            values.append(math.nan)
        if not math.isfinite(values[-1]):
            raise loading.DatasetError(f"{where}, column {column}: {text!r}; expected a number")
    return values


def expect_near(where: str, points: np.ndarray, size: tuple[int, int]) -> None:
    """DatasetError if one of the points (K, 2) lies further than a picture of (width, height) beside that picture."""
    far = ((points < -np.array(size)) | (points > 2 * np.array(size))).any(axis=1)
    for x, y in points[far][:1]:
        raise loading.DatasetError(f"{where}: a point at ({x:g}, {y:g}) px; expected one of {size[0]}×{size[1]} pixels")


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
    places = str(root) if root else ", ".join(map(str, folders.candidates(None)))
    places = places or f"data, ../data, {loading.KAGGLE_INPUT} (no such folders; FKP_DATA may name another)"
    return loading.DatasetError(f"{title} not found. Looked for {expected} in {places}. How to get it: data/README.md")
