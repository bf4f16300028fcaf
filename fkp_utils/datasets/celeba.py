"""CelebA, aligned (Liu et al., 2015, Deep Learning Face Attributes in the Wild): 202,599 faces, 5 points."""

from __future__ import annotations

import os
import pathlib
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np

from fkp_utils import faces, keypoints
from fkp_utils.datasets import cache, folders, images, loading

SIZE = (218, 178)
IMAGES = "img_align_celeba"
LANDMARKS = "list_landmarks_align_celeba"
PARTITION = "list_eval_partition"
IDENTITY = "identity_CelebA.txt"
VERSION = 3

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
    found = folders.first(root, _files_in)
    if not found:
        expected = f"{IMAGES}/ or {IMAGES}.zip with {LANDMARKS}.csv or {LANDMARKS}.txt"
        raise images.not_found("CelebA", expected, root)
    return found


def _files_in(folder: pathlib.Path) -> list[pathlib.Path] | None:
    """Images (folder or zip), landmarks, and what there is of partition and identity; None without the first two."""
    if folder.is_file() and folders.plain(folder.name).startswith((IMAGES, LANDMARKS)):
        folder = folder.parent
    pictures = _first(folder, IMAGES, f"{IMAGES}.zip")
    landmarks = _first(folder, f"{LANDMARKS}.csv", f"{LANDMARKS}.txt")
    if not (pictures and landmarks):
        return None
    inner = pictures[0] / IMAGES
    more = [*_first(folder, f"{PARTITION}.csv", f"{PARTITION}.txt"), *_first(folder, IDENTITY)]
    return [inner if inner.is_dir() else pictures[0], *landmarks, *more]


def _first(folder: pathlib.Path, *names: str) -> list[pathlib.Path]:
    """The first of the files that is in `folder` or in one of the original folders; none if there is none."""
    places = [folder, *(folder / name for name in ("Anno", "Eval", "Img"))]
    found = (
        place / name if (place / name).is_dir() else folders.file(place, name) for name in names for place in places
    )
    return [path for path in found if path][:1]


def _build(folder: pathlib.Path, inputs: list[pathlib.Path], limit: int | None) -> None:
    pictures, landmarks, *more = inputs
    rows = _read(landmarks, COLUMNS, counted=True)
    members = _members(pictures)
    images.match(rows, members, landmarks, pictures)
    names = list(rows)[:limit]
    points = np.array([rows[name] for name in names]).reshape(-1, 5, 2)
    for name, of in zip(names, points, strict=True):
        images.expect_near(f"{landmarks}, {name}", of, SIZE[::-1])
    labels = {"points": points[:, SWAP]}
    for path in more:
        key = "subject" if folders.plain(path.name) == IDENTITY.casefold() else "partition"
        labels[key] = _column(path, key, names)
    images.store(folder / "images.npy", _pictures(pictures, [members[name] for name in names]), len(names), SIZE)
    np.savez(folder / "labels.npz", **labels)  # type: ignore[arg-type]  # none is allow_pickle


def _read(path: pathlib.Path, columns: list[str], counted: bool = False) -> dict[str, list[float]]:
    """The rows of a .csv with a header, or of the original .txt, by image name.

    With `counted`, the .txt starts with the number of rows and the names of the columns.
    """
    first = 0
    if path.suffix.lower() == ".csv":
        first, rows = 1, images.comma_rows(path, 1 + len(columns))
        _expect_header(path, rows, 1, ["image_id", *columns])
    else:
        lines = images.lines(path)
        rows = [line.split() for line in lines]
        if counted:
            first = 2
            _expect_header(path, rows, 2, columns)
            found = len(rows) - first
            if lines[0].strip() != str(found):
                told = f"{path}, line 1: {lines[0]!r} rows announced, {found:,} found; expected all"
                raise loading.DatasetError(told)
    return images.table(path, rows[first:], columns, first + 1)


def _expect_header(path: pathlib.Path, rows: list[list[str]], line: int, expected: list[str]) -> None:
    header = rows[line - 1] if len(rows) >= line else []
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
        inside = folders.members(archive)
    found: dict[str, str] = {}
    for path, member in inside:
        if path.suffix.lower() == ".jpg" and set(path.parts[:-1]) <= {IMAGES}:
            if path.name in found:
                both = f"{found[path.name]} and {member}"
                raise loading.DatasetError(f"{pictures}: {both} are in it; expected one {path.name}")
            found[path.name] = member
    return found


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
