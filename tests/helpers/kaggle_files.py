"""A small set of faces in every layout of Kaggle's files, whole or with a fault."""

import zipfile

import numpy as np
import pytest

from fkp_utils import keypoints
from fkp_utils.datasets import kaggle, loading

COLUMNS = keypoints.KAGGLE_15.columns
FOUR = list(keypoints.FOUR_POINTS)
LAYOUTS = ["bare", "folders", "zips", "bundle of zips", "bundle of tables"]
TABLES = ["training.csv", "test.csv", "IdLookupTable.csv"]

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (8, 96, 96, 1), np.uint8)
IMAGES[0] = np.resize(np.arange(256), (96, 96, 1))
IMAGES[1], IMAGES[2] = 0, 255
IMAGES[6] = IMAGES[3]
POINTS = RNG.uniform(1, 94, (8, 15, 2)).round(4)
POINTS[1, 3] = np.nan
POINTS[4:, np.setdiff1d(np.arange(15), FOUR)] = np.nan
POINTS[5, FOUR[0]] = np.nan
TEST_IMAGES = RNG.integers(0, 256, (3, 96, 96, 1), np.uint8)
IDS = [11, 7, 12]
ASKED = [(11, name) for name in COLUMNS] + [(12, name) for name in COLUMNS[:4]] + [(7, "nose_tip_y")]


def pixel_text(image):
    return " ".join(map(str, image.ravel()))


def point_text(points):
    return ["" if np.isnan(value) else f"{value:.4f}" for value in points.ravel()]


def rows_of_training():
    return [[*COLUMNS, "Image"], *([*point_text(p), pixel_text(i)] for p, i in zip(POINTS, IMAGES, strict=True))]


def rows_of_test():
    return [["ImageId", "Image"], *([str(n), pixel_text(i)] for n, i in zip(IDS, TEST_IMAGES, strict=True))]


def rows_of_lookup():
    rows = [[str(k), str(number), name, ""] for k, (number, name) in enumerate(ASKED, 1)]
    return [["RowId", "ImageId", "FeatureName", "Location"], *rows]


ROWS = {"training.csv": rows_of_training(), "test.csv": rows_of_test(), "IdLookupTable.csv": rows_of_lookup()}
SUBJECT_ROWS = [["Row", "Subject"], *([str(row), str(row % 3)] for row in range(len(IMAGES)))]


def as_text(rows, end="\n"):
    return "".join(",".join(row) + end for row in rows).encode()


TEXTS = {name: as_text(rows) for name, rows in ROWS.items()}


def quoted(rows):
    return [[f'"{value}"' for value in row] for row in rows]


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def made(root, layout="bare", **changed):
    """The small set in a layout, with the tables that are named (without .csv) changed to other text."""
    texts = TEXTS | {f"{name}.csv": text for name, text in changed.items()}
    root.mkdir(exist_ok=True)
    if layout == "bundle of tables":
        zipped(root / kaggle.BUNDLE, {"__MACOSX/._training.csv": b"Mac", **texts})
        return root
    for name in TABLES:
        stem = name.removesuffix(".csv")
        if layout == "bare" or stem == "IdLookupTable":
            (root / name).write_bytes(texts[name])
        elif layout == "folders":
            (root / stem).mkdir(exist_ok=True)
            (root / stem / name).write_bytes(texts[name])
        else:
            zipped(root / f"{stem}.zip", {name: texts[name]})
    if layout == "bundle of zips":
        files = [root / "training.zip", root / "test.zip", root / "IdLookupTable.csv"]
        zipped(root / kaggle.BUNDLE, {path.name: path.read_bytes() for path in files})
        for path in files:
            path.unlink()
    return root


def changed(name, row, column, value):
    """The text of a table with another value in a row (0-based, -1 is the header); None takes the value away."""
    rows = [list(values) for values in ROWS[name]]
    index = ROWS[name][0].index(column)
    rows[row + 1][index : index + 1] = [] if value is None else [value]
    return as_text(rows)


def raises(root, *parts, part="training"):
    with pytest.raises(loading.DatasetError) as error:
        kaggle.load(root, part=part)
    for text in parts:
        assert text in str(error.value)
    return str(error.value)
