"""Kaggle's Facial Keypoints Detection (2013): 7,049 + 1,783 faces, 96×96 grey, 15 points from two label sources."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Iterator

import numpy as np

from fkp_utils import faces, keypoints
from fkp_utils.datasets import cache, folders, images, kaggle_csv, loading
from fkp_utils.system import files

SIZE = 96
PARTS = ("training", "test")
BUNDLE = "facial-keypoints-detection.zip"
LOOKUP = "IdLookupTable.csv"
SUBJECTS = "subjects.csv"
VERSION = 2
TABLES = (*(f"{part}.csv" for part in PARTS), LOOKUP, SUBJECTS)
OUT_OF_ORDER = 0.01  # share of rows that may stand on the wrong side of the boundary between the sources

COLUMNS = keypoints.KAGGLE_15.columns


def load(
    root: str | os.PathLike[str] | None = None, limit: int | None = None, *, part: str = "training"
) -> faces.Faces:
    """The first `limit` faces of a part, in the order of its file: images uint8 (N, 96, 96, 1), KAGGLE_15.

    Files: `training.csv` and `test.csv`, bare, in folders or zip files of their name, or all in
    `facial-keypoints-detection.zip`; `root` may also be one of these files.  In the training part `source` is that of
    `label_sources`, and `subject` is there if `subjects.csv` (Row, Subject) is.  In the test part no points are given;
    attributes["image_id"] is the ImageId, and `source` is the one whose points `IdLookupTable.csv` asks for, if that is
    there.
    ValueError for another part; DatasetError, with file and row, if the files are missing or not as they should be.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}; expected 'training' or 'test'")
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; expected at least 1")
    found = _find(root, (part,))
    build = _build_training if part == "training" else _build_test
    loaded = images.load(
        "kaggle",
        keypoints.KAGGLE_15,
        _inputs(found, (part,)),
        None,
        f"{VERSION}, {part}",
        lambda folder: build(folder, found),
    ).select(slice(limit))
    return dataclasses.replace(loaded, images=loaded.images[:])


def fingerprint(root: str | os.PathLike[str] | None = None) -> str:
    """Changes when the data do, of either part."""
    return cache.fingerprint(_inputs(_find(root, PARTS), PARTS))


def label_sources(given: np.ndarray) -> np.ndarray:
    """The label source of each row: 0 labels all 15 points, 1 only `keypoints.FOUR_POINTS`; `given` is bool (N, 15).

    A row with any other point is of source 0.  A row without may also be one of source 0 that has lost its other
    labels.  In Kaggle's file (and in most made from it) the rows of source 0 come first, so the boundary is put where
    fewest rows stand on the wrong side (near row 2,284 there), and the few such rows above it are of source 0 too.  If
    more than 1% of the rows are on the wrong side, the file is in another order, and the labels alone decide.
    """
    more = np.any(np.delete(given, keypoints.FOUR_POINTS, axis=1), axis=1)
    wrong = np.append(0, np.cumsum(~more)) + np.append(0, np.cumsum(more[::-1]))[::-1]
    boundary = int(wrong.argmin()) if wrong.min() <= OUT_OF_ORDER * len(more) else 0
    return np.where(more | (np.arange(len(more)) < boundary), 0, 1)


def has_test(root: str | os.PathLike[str] | None = None) -> bool:
    """Whether the test images lie beside the training ones.  DatasetError if neither are there."""
    return "test.csv" in _find(root, PARTS)


def asked(root: str | os.PathLike[str] | None = None) -> list[int]:
    """The RowIds that `IdLookupTable.csv` asks for.  DatasetError as in `write_submission`."""
    return _asked(root)[1].tolist()


def _asked(root: str | os.PathLike[str] | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The ImageIds of the test faces, and what `_lookup` finds in the table."""
    found = _find(root, ("test",))
    if LOOKUP not in found:
        raise images.not_found("Kaggle's table of asked points", f"{LOOKUP} beside test.csv", root)
    ids = load(root, part="test").attributes["image_id"]
    return ids, *_lookup(found[LOOKUP], ids)


def write_submission(
    path: str | os.PathLike[str], predictions: np.ndarray, root: str | os.PathLike[str] | None = None
) -> None:
    """Writes Kaggle's submission (RowId, Location) for the test faces, in the order of `IdLookupTable.csv`.

    predictions: (N, 15, 2) pixels, for the N faces of `load(root, part="test")` in that order.  They are clipped to the
    image, 0 to 95.  The file is written as a whole or not at all.  ValueError for another shape or a value that is not
    finite; DatasetError if the files are missing, or the table names an image or feature that is not there.
    """
    ids, row_ids, asked_faces, asked_columns = _asked(root)
    predictions = np.asarray(predictions, float)
    if predictions.shape != (len(ids), len(keypoints.KAGGLE_15), 2):
        expected = f"({len(ids)}, {len(keypoints.KAGGLE_15)}, 2): one row for each test face"
        raise ValueError(f"predictions have shape {predictions.shape}; expected {expected}")
    if not np.isfinite(predictions).all():
        face, point, axis = np.argwhere(~np.isfinite(predictions))[0]
        column, value = COLUMNS[2 * point + axis], predictions[face, point, axis]
        raise ValueError(f"predictions[{face}] (ImageId {ids[face]}), {column}: {value}; expected a finite number")
    locations = predictions.clip(0, SIZE - 1).reshape(len(ids), -1)[asked_faces, asked_columns]
    rows = [f"{row},{location:.4f}" for row, location in zip(row_ids, locations, strict=True)]
    files.write_text(path, "\n".join(["RowId,Location", *rows, ""]))


def _find(root: str | os.PathLike[str] | None, parts: tuple[str, ...]) -> dict[str, pathlib.Path]:
    """Where each table is, by its name; in the first folder that has one of the parts."""

    def find(place: pathlib.Path) -> dict[str, pathlib.Path] | None:
        found = _tables_in(place)
        return found if any(f"{part}.csv" in found for part in parts) else None

    if found := folders.first(root, find):
        return found
    tables = " or ".join(f"{part}.csv, {part}/{part}.csv, {part}.zip" for part in parts)
    raise images.not_found("Kaggle's faces", f"{tables} or {BUNDLE}", root)


def _tables_in(place: pathlib.Path) -> dict[str, pathlib.Path]:
    """The files that are or hold each table, in a folder, or a named file and what lies beside it."""
    if not place.is_file():
        paths = {name: _path(place, name) for name in TABLES}
    elif place.suffix.lower() == ".zip":
        paths = {name: place if kaggle_csv.holds(place, name) else _path(place.parent, name) for name in TABLES}
    else:
        named = folders.plain(place.name)
        if named not in map(str.casefold, TABLES):
            return {}
        paths = {name: place if name.casefold() == named else _path(place.parent, name) for name in TABLES}
    return {name: path for name, path in paths.items() if path}


def _path(folder: pathlib.Path, name: str) -> pathlib.Path | None:
    """The file that is or holds the table `name`.  The one zip file has to hold those of the two parts."""
    stem = pathlib.PurePath(name).stem
    for place, file in ((folder, name), (folder / stem, name), *((folder, each) for each in kaggle_csv.zips(name))):
        if path := folders.file(place, file):
            return path
    bundle = folders.file(folder, BUNDLE)
    return bundle if bundle and (stem in PARTS or kaggle_csv.holds(bundle, name)) else None


def _inputs(found: dict[str, pathlib.Path], parts: tuple[str, ...]) -> list[pathlib.Path]:
    """What the faces of these parts are read from."""
    beside = {"training": SUBJECTS, "test": LOOKUP}
    names = [name for part in parts for name in (f"{part}.csv", beside[part]) if name in found]
    return list(dict.fromkeys(found[name] for name in names))


def _build_training(folder: pathlib.Path, found: dict[str, pathlib.Path]) -> None:
    coordinates: list[list[float]] = []

    def texts(rows: Iterator[kaggle_csv.Row]) -> Iterator[tuple[str, bytes]]:
        for place, values in rows:
            coordinates.append(kaggle_csv.point_values(place, values[:-1], COLUMNS))
            yield place, values[-1]

    with kaggle_csv.opened(found["training.csv"], "training.csv") as (where, file):
        count = kaggle_csv.store_pixels(folder / "images.npy", texts(kaggle_csv.rows(where, file, [*COLUMNS, "Image"])))
    points = np.array(coordinates, np.float32).reshape(count, -1, 2)
    labels = {"points": points, "source": label_sources(~np.isnan(points[..., 0]))}
    if SUBJECTS in found:
        labels["subject"] = _subjects(found[SUBJECTS], count)
    np.savez(folder / "labels.npz", **labels)  # type: ignore[arg-type]  # none is allow_pickle


def _build_test(folder: pathlib.Path, found: dict[str, pathlib.Path]) -> None:
    ids: dict[int, int] = {}

    def texts(rows: Iterator[kaggle_csv.Row]) -> Iterator[tuple[str, bytes]]:
        for place, (image_id, text) in rows:
            _add(ids, place, image_id, "ImageId")
            yield place, text

    with kaggle_csv.opened(found["test.csv"], "test.csv") as (where, file):
        count = kaggle_csv.store_pixels(
            folder / "images.npy", texts(kaggle_csv.rows(where, file, ["ImageId", "Image"]))
        )
    image_id = np.array(list(ids))
    labels = {"points": np.full((count, len(keypoints.KAGGLE_15), 2), np.nan, np.float32), "image_id": image_id}
    if LOOKUP in found:
        _, asked_faces, asked_columns = _lookup(found[LOOKUP], image_id)
        asked = np.zeros((count, len(keypoints.KAGGLE_15)), bool)
        asked[asked_faces, asked_columns // 2] = True
        labels["source"] = label_sources(asked)
    np.savez(folder / "labels.npz", **labels)  # type: ignore[arg-type]  # none is allow_pickle


def _add(numbers: dict[int, int], place: str, value: bytes, column: str) -> int:
    """The value as a number, new in `numbers`.  DatasetError if it is there already."""
    number = kaggle_csv.whole_number(place, value, column)
    if number in numbers:
        raise loading.DatasetError(f"{place}, column {column}: {number} for the second time; expected each once")
    numbers[number] = len(numbers)
    return number


def _subjects(path: pathlib.Path, count: int) -> np.ndarray:
    """(count,) the person of each training row."""
    subjects: dict[int, int] = {}
    with kaggle_csv.opened(path, SUBJECTS) as (where, file):
        for place, (row, subject) in kaggle_csv.rows(where, file, ["Row", "Subject"]):
            number = _add(subjects, place, row, "Row")
            subjects[number] = kaggle_csv.whole_number(place, subject, "Subject")
    for row in [*range(count), *subjects]:
        if row not in subjects or row >= count:
            found = "not there" if row < count else "there"
            raise loading.DatasetError(f"{path}: Row {row} is {found}; expected each from 0 to {count - 1} once")
    return np.array([subjects[row] for row in range(count)])


def _lookup(path: pathlib.Path, image_id: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each row of the table of asked points: RowId, index of the face, index of the coordinate in COLUMNS."""
    face_of = {int(number): face for face, number in enumerate(image_id)}
    row_ids: dict[int, int] = {}
    asked_faces, asked_columns = [], []
    with kaggle_csv.opened(path, LOOKUP) as (where, file):
        for place, (row, image, feature) in kaggle_csv.rows(where, file, ["RowId", "ImageId", "FeatureName"]):
            _add(row_ids, place, row, "RowId")
            number, name = kaggle_csv.whole_number(place, image, "ImageId"), feature.decode("utf-8", "replace")
            if number not in face_of:
                expected = f"one of the {len(face_of):,} in test.csv"
                raise loading.DatasetError(f"{place}, column ImageId: {number}; expected {expected}")
            if name not in COLUMNS:
                expected = f"a coordinate such as {COLUMNS[0]}"
                raise loading.DatasetError(f"{place}, column FeatureName: {name!r}; expected {expected}")
            asked_faces.append(face_of[number])
            asked_columns.append(COLUMNS.index(name))
    return np.array(list(row_ids)), np.array(asked_faces), np.array(asked_columns)
