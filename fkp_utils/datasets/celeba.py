"""CelebA, aligned (Liu et al., 2015, Deep Learning Face Attributes in the Wild): 202,599 faces, 5 points."""

from __future__ import annotations

import os
import pathlib
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np

from fkp_utils import faces, keypoints
from fkp_utils.datasets import cache, images, loading

SIZE = (218, 178)
IMAGES = "img_align_celeba"
LANDMARKS = "list_landmarks_align_celeba"
PARTITION = "list_eval_partition"
IDENTITY = "identity_CelebA.txt"
VERSION = 1

COLUMNS = [f"{point}_{axis}" for point in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for axis in "xy"]
SWAP = [1, 0, 2, 4, 3]  # the file's left is that of the image, CELEBA_5's is the subject's


def load(root: str | os.PathLike[str] | None = None, limit: int | None = None) -> faces.Faces:
    """The first `limit` faces of the landmarks file, images uint8 (N, 218, 178, 3) in colour, CELEBA_5.

    Images: `img_align_celeba/` (also inside a folder of that name) or `img_align_celeba.zip`; beside them, or in the
    original folders Anno, Eval and Img, `list_landmarks_align_celeba.csv` or `.txt`, and if present
    `list_eval_partition.csv` or `.txt` (attribute `partition`: 0 training, 1 validation, 2 test) and
    `identity_CelebA.txt` (`subject`).  The file's coordinates are taken as pixels, 0-based.  Its "lefteye" and
    "leftmouth" lie on the left of the image: they are the subject's right and become `right_eye`, `mouth_right`.
    DatasetError if the files are missing or not as they should be.
    """
    inputs = _find(root)
    return images.load(
        "celeba", keypoints.CELEBA_5, inputs, limit, VERSION, lambda folder: _build(folder, inputs, limit)
    )


def fingerprint(root: str | os.PathLike[str] | None = None) -> str:
    """Changes when the data do."""
    return cache.fingerprint(_find(root))


def _find(root: str | os.PathLike[str] | None) -> list[pathlib.Path]:
    """Images (folder or zip), landmarks, and what there is of partition and identity."""
    for folder in loading.candidates(root):
        pictures = _first(folder, IMAGES, f"{IMAGES}.zip")
        landmarks = _first(folder, f"{LANDMARKS}.csv", f"{LANDMARKS}.txt")
        if pictures and landmarks:
            inner = pictures[0] / IMAGES
            more = [*_first(folder, f"{PARTITION}.csv", f"{PARTITION}.txt"), *_first(folder, IDENTITY)]
            return [inner if inner.is_dir() else pictures[0], *landmarks, *more]
    expected = f"{IMAGES}/ or {IMAGES}.zip with {LANDMARKS}.csv or {LANDMARKS}.txt"
    raise images.not_found("CelebA", expected, root)


def _first(folder: pathlib.Path, *names: str) -> list[pathlib.Path]:
    """The first of the files that is in `folder` or in one of the original folders; none if there is none."""
    places = [folder, *(folder / name for name in ("Anno", "Eval", "Img"))]
    return [place / name for name in names for place in places if (place / name).exists()][:1]


def _build(folder: pathlib.Path, inputs: list[pathlib.Path], limit: int | None) -> None:
    pictures, landmarks, *more = inputs
    rows = _read(landmarks, COLUMNS, counted=True)
    members = _members(pictures)
    images.match(rows, members, landmarks, pictures)
    names = list(rows)[:limit]
    labels = {"points": np.array([rows[name] for name in names]).reshape(-1, 5, 2)[:, SWAP]}
    for path in more:
        key = "subject" if path.name == IDENTITY else "partition"
        labels[key] = _column(path, key, names)
    images.store(folder / "images.npy", _pictures(pictures, [members[name] for name in names]), len(names), SIZE)
    np.savez(folder / "labels.npz", **labels)  # type: ignore[arg-type]  # none is allow_pickle


def _read(path: pathlib.Path, columns: list[str], counted: bool = False) -> dict[str, list[float]]:
    """The rows of a .csv with a header, or of the original .txt, by image name.

    With `counted`, the .txt starts with the number of rows and the names of the columns.
    """
    lines = images.lines(path)
    first, separator = 0, None
    if path.suffix == ".csv":
        first, separator = 1, ","
        _expect_header(path, lines, 1, ["image_id", *columns], separator)
    elif counted:
        first = 2
        _expect_header(path, lines, 2, columns, separator)
        found = len(lines) - first
        if lines[0].strip() != str(found):
            raise loading.DatasetError(f"{path}, line 1: {lines[0]!r} rows announced, {found:,} found; expected all")
    return images.table(path, (line.split(separator) for line in lines[first:]), columns, first + 1)


def _expect_header(path: pathlib.Path, lines: list[str], line: int, expected: list[str], separator: str | None) -> None:
    header = lines[line - 1].split(separator) if len(lines) >= line else []
    if header != expected:
        raise loading.DatasetError(f"{path}, line {line}: columns {', '.join(header)}; expected {', '.join(expected)}")


def _column(path: pathlib.Path, column: str, names: list[str]) -> np.ndarray:
    """(N,) whole numbers, one for each of the images."""
    rows = _read(path, [column])
    for name in names:
        if name not in rows:
            raise loading.DatasetError(f"{path}: no row for {name}; expected one for each image")
        value = rows[name][0]
        if column == "partition" and value not in (0, 1, 2):
            raise loading.DatasetError(f"{path}, {name}: partition {value:g}; expected 0, 1 or 2")
        if not value.is_integer():
            raise loading.DatasetError(f"{path}, {name}: {column} {value:g}; expected a whole number")
    return np.array([rows[name][0] for name in names], int)


def _members(pictures: pathlib.Path) -> dict[str, str]:
    """Where each image is inside the folder or the zip, by its name."""
    if pictures.is_dir():
        return {name: name for name in images.in_folder(pictures)}
    with _open(pictures) as archive:
        inside = [pathlib.PurePosixPath(name) for name in archive.namelist()]
    found = [path for path in inside if path.suffix.lower() == ".jpg" and set(path.parts[:-1]) <= {IMAGES}]
    return {path.name: str(path) for path in found}


def _pictures(source: pathlib.Path, members: list[str]) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        yield from images.from_files(source / member for member in members)
        return
    with _open(source) as archive:
        for member in members:
            try:
                data = archive.read(member)
            except (zipfile.BadZipFile, zlib.error, EOFError) as error:
                raise loading.DatasetError(f"{source}, {member}: {error}; expected a whole zip file") from error
            yield f"{source}, {member}", data


def _open(path: pathlib.Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise loading.DatasetError(f"{path}: {error}; expected a whole zip file") from error
