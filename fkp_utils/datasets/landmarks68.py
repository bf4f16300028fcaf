"""68 points: frames of the YouTube Faces with a table, or 300-W (Sagonas et al., 2013) with .pts files."""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
import unicodedata
import warnings

import numpy as np
from PIL import Image

from fkp_utils import faces, keypoints
from fkp_utils.datasets import cache, folders, images, loading

PARTS = ("training", "test")
TEST_FOLDERS = {"testset", "ibug", "01_Indoor", "02_Outdoor"}
TABLE = "_frames_keypoints.csv"
COLUMNS = [str(i) for i in range(136)]
PERSON = re.compile(r"([^\W\d_][^_]*(?:_[^\d_][^_]*)+)_\d+")  # first and last name, then the number of the frame
VERSION = 3

Labelled = tuple[list[pathlib.Path], np.ndarray, dict[str, np.ndarray]]


def load(
    root: str | os.PathLike[str] | None = None,
    limit: int | None = None,
    *,
    part: str = "training",
    size: tuple[int, int] = (224, 224),
) -> faces.Faces:
    """The first `limit` faces of a part, images uint8 (N, *size, 3) in colour, LANDMARKS_68.

    Frames: `training/` with `training_frames_keypoints.csv` (file name, then x and y of each point, 0-based pixels),
    and `test/`, whose points are missing unless it has such a table too.  `subject` is a number made from the name in
    front of the frame number, so it is the same in both parts; an image without such a name is a subject of its own,
    and if no image has one (`001.jpg`, `IMG_2040.jpg`), there is no `subject`.
    300-W: `.pts` files beside the images, in any depth of folders, links followed.  Their pixels count from 1: 1 is
    subtracted.  As in its usual protocol, the images in `testset`, `ibug`, `01_Indoor` and `02_Outdoor` are "test".
    Mirrored copies without points, as dlib's release has them, are left out, with a warning.  No `subject`.

    Points are those of the picture as people see it, turned upright as its EXIF orientation says.  Each image is scaled
    into `size` (height, width) with its aspect kept and centred on black; its points move with it.
    ValueError for another part or size; DatasetError if the files are missing or not as they should be.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}; expected 'training' or 'test'")
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size is {size}; expected (height, width), at least 1 pixel each")
    source = _find(root)
    inputs = _inputs(source, [part])

    def fit(picture: Image.Image) -> Image.Image:
        left, top, width, height = placement(picture.size, size)
        image = Image.new("RGB", (size[1], size[0]))
        image.paste(picture.resize((width, height), Image.Resampling.BILINEAR), (left, top))
        return image

    def build(folder: pathlib.Path) -> None:
        paths, points, subject = (_frames if _has_frames(source) else _pts)(source, part, limit)
        sizes = images.store(folder / "images.npy", images.from_files(paths), len(paths), size, fit)
        _expect_inside(paths, points, sizes)
        places = np.array([placement(original, size) for original in sizes])[:, None]
        moved = (points + 0.5) * places[..., 2:] / np.array(sizes)[:, None] + places[..., :2] - 0.5
        np.savez(folder / "labels.npz", points=moved, **subject)  # type: ignore[arg-type]  # none is allow_pickle

    version = f"{VERSION}, {part}, {(*size,)}, {_are_test(source)}"
    return images.load("landmarks68", keypoints.LANDMARKS_68, inputs, limit, version, build)


def fingerprint(root: str | os.PathLike[str] | None = None) -> str:
    """Changes when the data do, of either part, or which part they are of."""
    source = _find(root)
    return hashlib.sha256(f"{cache.fingerprint(_inputs(source, PARTS))} {_are_test(source)}".encode()).hexdigest()


def placement(original: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, width, height in pixels of a picture of (width, height) `original` inside `size` (height, width)."""
    scale = min(size[1] / original[0], size[0] / original[1])
    width, height = (max(1, round(side * scale)) for side in original)
    return (size[1] - width) // 2, (size[0] - height) // 2, width, height


def _expect_inside(paths: list[pathlib.Path], points: np.ndarray, sizes: list[images.Size]) -> None:
    """DatasetError for points (N, 68, 2) whose mean lies outside of their picture of (width, height), as if turned, or
    one of which lies far from it."""
    means = points.mean(axis=1)
    for place in np.flatnonzero(((means < 0) | (means >= np.array(sizes))).any(axis=1))[:1]:
        (x, y), (width, height) = means[place], sizes[place]
        found = f"points around ({x:.0f}, {y:.0f}) in {width}×{height} pixels"
        raise loading.DatasetError(f"{paths[place]}: {found}; expected points of the picture as people see it, upright")
    for path, each, size in zip(paths, points, sizes, strict=True):
        images.expect_near(str(path), each, size)


def _find(root: str | os.PathLike[str] | None) -> pathlib.Path:
    """The folder of the frames' tables, or else one with .pts files in it or below."""
    for find in (_frames_in, _pts_in):
        if found := folders.first(root, find):
            return found
    raise images.not_found("68 points", f"training{TABLE} with training/ and test/, or .pts files beside images", root)


def _frames_in(folder: pathlib.Path) -> pathlib.Path | None:
    if folder.is_file() and folder.name.endswith(TABLE):
        folder = folder.parent
    return folder if _has_frames(folder) else None


def _pts_in(folder: pathlib.Path) -> pathlib.Path | None:
    if folder.is_file() and folder.suffix.lower() == ".pts":
        folder = folder.parent
    return folder if folder.is_dir() and _pts_folders(folder) else None


def _has_frames(folder: pathlib.Path) -> bool:
    return any((folder / f"{part}{TABLE}").is_file() for part in PARTS)


def _pts_folders(folder: pathlib.Path) -> list[pathlib.Path]:
    return [inner for inner in folders.below(folder) if folders.with_suffix(inner, ".pts")]


def _are_test(source: pathlib.Path) -> list[bool]:
    """Whether each of the folders with .pts files is of the part "test"; none if there are frames."""
    inner = [] if _has_frames(source) else _pts_folders(source)
    return [bool(TEST_FOLDERS & {*each.relative_to(source).parts, each.resolve().name}) for each in inner]


def _inputs(source: pathlib.Path, parts: tuple[str, ...] | list[str]) -> list[pathlib.Path]:
    """What the faces of these parts are read from."""
    if not _has_frames(source):
        return _pts_folders(source)
    paths = [source / name for part in parts for name in (part, f"{part}{TABLE}")]
    return [path for path in paths if path.exists()]


def _frames(source: pathlib.Path, part: str, limit: int | None) -> Labelled:
    folder, path = source / part, source / f"{part}{TABLE}"
    if not folder.is_dir():
        raise loading.DatasetError(f"{folder} not found; expected the frames of part {part!r} there")
    pictures = images.in_folder(folder)
    if path.is_file() or part == "training":
        header, *rows = images.comma_rows(path, len(COLUMNS) + 1) or [[]]
        if len(header) != len(COLUMNS) + 1:
            expected = f"{len(COLUMNS) + 1}: file name, x and y of 68 points"
            raise loading.DatasetError(f"{path}, line 1: {len(header)} columns; expected {expected}")
        values = images.table(path, rows, COLUMNS, 2)
        images.match(values, pictures, path, folder)
        names = list(values)[:limit]
        points = np.array([values[name] for name in names]).reshape(-1, 68, 2)
    else:
        names = list(pictures)[:limit]
        points = np.full((len(names), 68, 2), np.nan)
    if not names:
        raise loading.DatasetError(f"{folder}: no images; expected some of {', '.join(images.SUFFIXES)}")
    stems = [unicodedata.normalize("NFC", pathlib.PurePath(name).stem) for name in names]
    found = [None if stem[0].islower() else PERSON.fullmatch(stem) for stem in stems]
    persons = [match[1] if match else stem for match, stem in zip(found, stems, strict=True)]
    subject = {"subject": np.array([_number(name) for name in persons])} if any(found) else {}
    return [pictures[name] for name in names], points, subject


def _number(person: str) -> int:
    return int.from_bytes(hashlib.blake2b(person.encode(), digest_size=7).digest(), "big")


def _pts(source: pathlib.Path, part: str, limit: int | None) -> Labelled:
    parts: dict[str, list[tuple[pathlib.Path, pathlib.Path]]] = {"training": [], "test": []}
    left_out = 0
    for folder, is_test in zip(_pts_folders(source), _are_test(source), strict=True):
        pairs, mirrored = images.beside(folder, ".pts")
        parts["test" if is_test else "training"] += pairs
        left_out += mirrored
    if left_out:
        warnings.warn(f"{source}: {left_out:,} mirrored copies without .pts are left out", stacklevel=2)
    pairs = parts[part][:limit]
    if not pairs:
        other = sum(map(len, parts.values()))
        raise loading.DatasetError(f"{source}: no faces of part {part!r}; all {other} are of the other part")
    return [image for _, image in pairs], np.array([points(labels) for labels, _ in pairs]), {}


def points(path: pathlib.Path) -> np.ndarray:
    """(68, 2) points, 0-based, of `version: 1`, `n_points: 68`, and a row for each point between braces.

    Comments begin with // or #; a brace may stand on the line before or after it.
    """
    content = [
        (number, text.strip())
        for number, line in enumerate(images.lines(path), 1)
        for text in re.split("([{}])", re.sub("(//|#).*", "", line))
        if text.strip()
    ]
    announced = content[1][1].removeprefix("n_points:").strip() if len(content) > 1 else ""
    images.expect_count(path, announced, len(content) - 4, 68)
    if (content[2][1], content[-1][1]) != ("{", "}"):
        raise loading.DatasetError(f"{path}: points between {content[2][1]!r} and {content[-1][1]!r}; expected braces")
    rows = [images.numbers(text.split(), f"{path}, line {number}", "xy") for number, text in content[3:-1]]
    return np.array(rows) - 1
