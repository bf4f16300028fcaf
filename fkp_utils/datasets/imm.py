"""IMM face database (Nordstrøm et al., 2004): 240 images of 40 people, 58 points in AAM shape files."""

from __future__ import annotations

import os
import pathlib
import re

import numpy as np

from fkp_utils import faces, keypoints
from fkp_utils.datasets import cache, folders, images, loading

SIZE = (480, 640)
NAME = re.compile(r"(\d\d)-(\d)([mf])")  # person, image, male or female
COLUMNS = ("path", "type", "x", "y", "point", "connects from", "connects to")  # some files add three of the user's
VERSION = 2


def load(root: str | os.PathLike[str] | None = None, limit: int | None = None) -> faces.Faces:
    """The first `limit` faces by file name, images uint8 (N, 480, 640, 3), IMM_58; grey images become RGB.

    Files: `NN-?[mf].asf` with the image (.jpg, .bmp, .png) of the same name beside it.  Points are the file's relative
    coordinates times width and height.  `subject` is NN; attributes: `image` (1 to 6: pose, light, expression) and
    `male`.  DatasetError if the files are missing or not as they should be.
    """
    inputs = _find(root)
    return images.load("imm", keypoints.IMM_58, inputs, limit, VERSION, lambda folder: _build(folder, inputs[0], limit))


def fingerprint(root: str | os.PathLike[str] | None = None) -> str:
    """Changes when the data do."""
    return cache.fingerprint(_find(root))


def _find(root: str | os.PathLike[str] | None) -> list[pathlib.Path]:
    found = folders.first(root, _shapes_in)
    if not found:
        raise images.not_found("IMM face database", "NN-?[mf].asf beside NN-?[mf].jpg, .bmp or .png", root)
    return [found]


def _shapes_in(folder: pathlib.Path) -> pathlib.Path | None:
    """The folder, or that of the file, if shapes lie in it."""
    if folder.is_file() and folder.suffix.lower() == ".asf":
        folder = folder.parent
    if not folder.is_dir():
        return None
    return folder if any(NAME.fullmatch(path.stem) for path in folders.with_suffix(folder, ".asf")) else None


def _build(folder: pathlib.Path, source: pathlib.Path, limit: int | None) -> None:
    pairs = images.beside(source, ".asf")[0][:limit]
    points, people = [], []
    for shape, _ in pairs:
        name = NAME.fullmatch(shape.stem)
        if not name:
            raise loading.DatasetError(f"{shape}: expected a name like 01-1m.asf")
        people.append(name.groups())
        points.append(_points(shape) * SIZE[::-1])
        images.expect_near(str(shape), points[-1], SIZE[::-1])
    subject, image, sex = np.array(people).T
    images.store(folder / "images.npy", images.from_files(path for _, path in pairs), len(pairs), SIZE)
    np.savez(
        folder / "labels.npz",
        points=np.array(points),
        subject=subject.astype(int),
        image=image.astype(int),
        male=sex == "m",
    )


def _points(path: pathlib.Path) -> np.ndarray:
    """(58, 2) relative coordinates: after the number of points, one row each, then the name of the image."""
    content = [(number, line) for number, line in enumerate(images.lines(path), 1) if line.strip() and line[0] != "#"]
    images.expect_count(path, content[0][1].strip() if content else "", len(content) - 2, len(keypoints.IMM_58))
    host = pathlib.PurePath(content[-1][1].strip()).stem
    if host != path.stem:
        raise loading.DatasetError(f"{path}, line {content[-1][0]}: points of image {host}; expected {path.stem}")
    points = []
    for k, (number, line) in enumerate(content[1:-1]):
        row = images.numbers(line.split()[: len(COLUMNS)], f"{path}, line {number}", COLUMNS)
        if row[4] != k:
            raise loading.DatasetError(f"{path}, line {number}: point {row[4]:g}; expected point {k}")
        points.append(row[2:4])
    return np.array(points)
