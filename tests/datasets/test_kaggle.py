import csv
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from fkp_utils import keypoints
from fkp_utils.datasets import kaggle, kaggle_csv, loading
from fkp_utils.system import places

BENCHMARK = places.CHECKOUT / "benchmarks" / "kaggle_load.py"
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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_has_the_same_faces(tmp_path, layout):
    root = made(tmp_path / "data", layout)
    training, test = kaggle.load(root), loading.load("kaggle", root, part="test")
    np.testing.assert_array_equal(training.images, IMAGES)
    np.testing.assert_array_equal(training.points, POINTS.astype(np.float32))
    np.testing.assert_array_equal(training.source, [0, 0, 0, 0, 1, 1, 1, 1])
    assert training.subject is None
    assert training.keypoints == keypoints.KAGGLE_15
    assert isinstance(training.images, np.ndarray)
    assert training.images.dtype == np.uint8
    np.testing.assert_array_equal(test.images, TEST_IMAGES)
    np.testing.assert_array_equal(test.attributes["image_id"], IDS)
    np.testing.assert_array_equal(test.source, [0, 1, 1])
    assert not test.given.any()


def test_copies_of_an_image_are_one_group(tmp_path):
    groups = kaggle.load(made(tmp_path)).image_groups
    assert groups[3] == groups[6]
    assert len(set(groups)) == len(IMAGES) - 1


def test_a_limit_gives_the_first_faces_and_reads_the_file_no_second_time(tmp_path, monkeypatch):
    root = made(tmp_path / "data")
    kaggle.load(root)
    monkeypatch.setattr(kaggle_csv, "store_pixels", None)
    np.testing.assert_array_equal(kaggle.load(root, 3).images, IMAGES[:3])
    assert len(kaggle.load(root, 100)) == len(IMAGES)
    with pytest.raises(ValueError, match="limit is 0; expected at least 1"):
        kaggle.load(root, 0)
    with pytest.raises(ValueError, match="part is 'train'; expected 'training' or 'test'"):
        kaggle.load(root, part="train")


def test_subjects_beside_the_tables(tmp_path):
    root = made(tmp_path)
    (root / "subjects.csv").write_bytes(as_text([SUBJECT_ROWS[0], *SUBJECT_ROWS[:0:-1]]))
    np.testing.assert_array_equal(kaggle.load(root).subject, np.arange(8) % 3)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (SUBJECT_ROWS[:-1], r"subjects\.csv: Row 7 is not there; expected each from 0 to 7 once"),
        ([*SUBJECT_ROWS, ["8", "1"]], r"subjects\.csv: Row 8 is there; expected each from 0 to 7 once"),
        ([*SUBJECT_ROWS, ["3", "1"]], r"row 8 \(0-based\), column Row: 3 for the second time; expected each once"),
        ([*SUBJECT_ROWS[:-1], ["7", "Bob"]], r"row 7 \(0-based\), column Subject: 'Bob'; expected a whole number"),
        ([["row", "who"]], r"line 1: column Row 0 times; expected each of Row, Subject once"),
    ],
)
def test_bad_subjects(tmp_path, rows, message):
    root = made(tmp_path)
    (root / "subjects.csv").write_bytes(as_text(rows))
    with pytest.raises(loading.DatasetError, match=message):
        kaggle.load(root)


def _other_order(rows):
    return [row[::-1] for row in rows]


def _more_columns(rows):
    return [[str(k), *row, "x"] for k, row in enumerate(rows)]


def _quoted(rows):
    return [[f'"{value}"' for value in row] for row in rows]


@pytest.mark.parametrize("shape", [_other_order, _more_columns, _quoted])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("part", ["training", "test"])
def test_order_of_columns_quotes_and_line_ends_do_not_matter(tmp_path, shape, end, part):
    text = b"\xef\xbb\xbf" + as_text(shape(ROWS[f"{part}.csv"]), end) + end.encode()
    expected = kaggle.load(made(tmp_path / "plain"), part=part)
    found = kaggle.load(made(tmp_path / "other", **{part: text}), part=part)
    np.testing.assert_array_equal(found.images, expected.images)
    np.testing.assert_array_equal(found.points, expected.points)


def test_nan_as_text_is_missing(tmp_path):
    table = as_text([[value or "NaN" for value in row] for row in ROWS["training.csv"]])
    points = kaggle.load(made(tmp_path, training=table)).points
    np.testing.assert_array_equal(points, POINTS.astype(np.float32))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (as_text(ROWS["training.csv"]).replace(b",", b";"), "training.csv, line 1: semicolons between its values"),
        (
            as_text(ROWS["training.csv"]).replace(b",", b"\t"),
            "training.csv, line 1: tabs between its values; expected c",
        ),
        (as_text(ROWS["training.csv"]).decode().encode("utf-16"), "training.csv: UTF-16 text; expected UTF-8"),
    ],
)
def test_other_separators_and_encodings_are_named(tmp_path, table, message):
    raises(made(tmp_path, training=table), message)


DECIMAL = point_text(POINTS[0])[0].replace(".", ",")


def _decimal_commas(rows):
    header, *rest = rows
    return [header, *([*(value.replace(".", ",") for value in row[:-1]), row[-1]] for row in rest)]


def _padded(rows):
    """The images first, and as many columns without a name as the commas in coordinates make."""
    header, *rest = (",".join([row[-1], *row[:-1]]).split(",") for row in _decimal_commas(rows))
    return [row + [""] * (1 + 2 * len(COLUMNS) - len(row)) for row in (header, *rest)]


@pytest.mark.parametrize(
    ("shape", "separator", "message"),
    [
        (
            lambda rows: _quoted(_decimal_commas(rows)),
            ",",
            f'row 0 (0-based): "{DECIMAL}"; expected a point instead of the decimal comma',
        ),
        (_decimal_commas, ",", "training.csv, row 0 (0-based): 61 values in"),
        (_padded, ",", "training.csv, row 0 (0-based): a value in a column without a name; expected a name for each"),
        (_decimal_commas, ";", "training.csv, line 1: semicolons between its values; expected commas"),
        (_decimal_commas, "\t", "training.csv, line 1: tabs between its values; expected commas"),
    ],
)
def test_decimal_commas_are_refused(tmp_path, shape, separator, message):
    table = "".join(separator.join(row) + "\n" for row in shape(ROWS["training.csv"]))
    raises(made(tmp_path, training=table.encode()), message)


@pytest.mark.parametrize("layout", ["zips", "bundle of tables"])
def test_two_tables_of_one_name_in_a_zip_file_are_refused(tmp_path, layout):
    root = made(tmp_path / "data", layout)
    path = root / (kaggle.BUNDLE if "bundle" in layout else "training.zip")
    zipped(path, {f"{folder}/training.csv": TEXTS["training.csv"] for folder in ("old", "new")})
    raises(root, f"{path}: old/training.csv and new/training.csv are in it; expected one training.csv")


def test_a_zip_file_made_on_windows_and_litter_in_it(tmp_path):
    member = zipfile.ZipInfo("x")
    member.filename = "faces\\training.csv"  # as it is written there; ZipInfo would turn it on that system
    with zipfile.ZipFile(tmp_path / "training.zip", "w") as archive:
        archive.writestr(member, TEXTS["training.csv"])
        for litter in ("__MACOSX/faces/._training.csv", "__MACOSX/training.csv", ".ipynb_checkpoints/training.csv"):
            archive.writestr(litter, b"Mac")
    np.testing.assert_array_equal(kaggle.load(tmp_path).images, IMAGES)


@pytest.mark.parametrize(
    "name", ["training.csv.zip", "training (1).csv", "TRAINING.CSV", "training (2).zip", "Training.csv (1).ZIP"]
)
def test_names_as_browsers_and_the_command_of_kaggle_write_them(tmp_path, name):
    if name.lower().endswith(".zip"):
        zipped(tmp_path / name, {"training.csv": TEXTS["training.csv"]})
    else:
        (tmp_path / name).write_bytes(TEXTS["training.csv"])
    np.testing.assert_array_equal(kaggle.load(tmp_path).images, IMAGES)


def test_a_second_download_is_read_and_a_third_beside_it_is_refused(tmp_path):
    root = made(tmp_path / "data", "bundle of zips")
    (root / kaggle.BUNDLE).rename(root / "facial-keypoints-detection (1).zip")
    assert len(kaggle.load(root)) == 8
    assert len(kaggle.load(root, part="test")) == 3
    (root / "facial-keypoints-detection (2).zip").write_bytes(b"")
    both = "facial-keypoints-detection (1).zip and facial-keypoints-detection (2).zip are there; expected one"
    raises(root, both)


@pytest.mark.parametrize(
    ("layout", "named"),
    [("bare", "training.csv"), ("zips", "training.zip"), ("bundle of zips", kaggle.BUNDLE), ("zips", "../data")],
)
def test_a_root_may_be_a_file_or_one_level_too_high(tmp_path, layout, named):
    (tmp_path / "all").mkdir()
    root = made(tmp_path / "all" / "data", layout)
    place = root.parent if named == "../data" else root / named
    np.testing.assert_array_equal(kaggle.load(place).images, IMAGES)
    np.testing.assert_array_equal(kaggle.load(place, part="test").images, TEST_IMAGES)
    assert kaggle.fingerprint(place) == kaggle.fingerprint(root)


def test_a_named_file_is_read_and_not_another_beside_it(tmp_path):
    root = made(tmp_path / "data")
    zipped(root / "mine.zip", {"training.csv": as_text(ROWS["training.csv"][:3])})
    assert len(kaggle.load(root / "mine.zip")) == 2
    (root / "mine.csv").write_bytes(as_text(ROWS["training.csv"][:3]))
    raises(root / "mine.csv", f"Looked for training.csv, training/training.csv, training.zip or {kaggle.BUNDLE} in")


def test_two_sets_one_level_below_the_root_are_refused(tmp_path):
    for name in ("old", "new"):
        made(tmp_path / name)
    raises(tmp_path, f"the data are in {tmp_path}/new and in {tmp_path}/old; expected one of them")


def test_the_users_folder_may_be_named_by_a_tilde(tmp_path, monkeypatch):
    (tmp_path / "faces").mkdir()
    made(tmp_path / "faces" / "kaggle")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(kaggle.load("~/faces/kaggle")) == 8
    monkeypatch.setenv("FKP_DATA", "~/faces")
    assert len(loading.load("kaggle")) == 8


def test_a_last_line_without_an_end(tmp_path):
    assert len(kaggle.load(made(tmp_path, training=TEXTS["training.csv"].rstrip()))) == len(IMAGES)


PLACE = {
    "bare": "training.csv",
    "folders": "training/training.csv",
    "zips": "training.zip/training.csv",
    "bundle of zips": f"{kaggle.BUNDLE}/training.zip/training.csv",
    "bundle of tables": f"{kaggle.BUNDLE}/training.csv",
}
SEVEN = pixel_text(IMAGES[7])
SHORT = SEVEN.rsplit(" ", 1)[0]
BAD_TRAINING = {
    "a pixel too few": (7, "Image", SHORT, "row 7 (0-based), column Image: 9,215 values; expected 9,216"),
    "a pixel too many": (2, "Image", f"{SEVEN} 0", "row 2 (0-based), column Image: 9,217 values; expected 9,216"),
    "no pixels": (0, "Image", "", "row 0 (0-based), column Image: 0 values; expected 9,216"),
    "a letter": (1, "Image", f"{SHORT} 1x", "row 1 (0-based), column Image, value 9215 (0-based): '1x'; expected a"),
    "a negative pixel": (1, "Image", f"{SHORT} -1", "'-1'; expected a whole number from 0 to 255"),
    "a decimal pixel": (1, "Image", f"{SHORT} 1.", "'1.'; expected a whole number from 0 to 255"),
    "a bright pixel": (3, "Image", f"{SHORT} 256", "'256'; expected a whole number from 0 to 255"),
    "a far too bright pixel": (3, "Image", f"{SHORT} 999", "'999'; expected a whole number from 0 to 255"),
    "a pixel that wraps": (3, "Image", f"{SHORT} 65536", "'65536'; expected a whole number from 0 to 255"),
    "bytes that are no text": (3, "Image", f"{SHORT} \0", "value 9215 (0-based): '\\x00'; expected a whole number"),
    "a letter in a coordinate": (4, "nose_tip_x", "4o.5", "row 4 (0-based), column nose_tip_x: '4o.5'; expected a num"),
    "infinity": (4, "nose_tip_y", "inf", "row 4 (0-based), column nose_tip_y: 'inf'; expected a number"),
    "nan as half a point": (4, "nose_tip_y", "nan", "row 4 (0-based), column nose_tip_y: empty, but nose_tip_x is"),
    "a huge coordinate": (4, "nose_tip_y", "1e300", "column nose_tip_y: 1e+300; expected pixels of a 96×96 image"),
    "half a point": (5, "nose_tip_y", "", "row 5 (0-based), column nose_tip_y: empty, but nose_tip_x is"),
    "half a point, the other": (5, "nose_tip_x", "", "row 5 (0-based), column nose_tip_x: empty, but nose_tip_y is"),
    "a value too few": (6, "nose_tip_x", None, "row 6 (0-based): 30 values in"),
    "a comma too many": (6, "Image", f"{SHORT},1", "row 6 (0-based): 32 values in"),
    "no such column": (-1, "Image", "image", "line 1: column Image 0 times; expected each of left_eye_center_x, "),
    "a column twice": (-1, "nose_tip_x", "nose_tip_y", "line 1: column nose_tip_x 0 times"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bad", BAD_TRAINING)
def test_bad_training_tables(tmp_path, layout, bad):
    row, column, value, message = BAD_TRAINING[bad]
    root = made(tmp_path / "data", layout, training=changed("training.csv", row, column, value))
    raises(root, f"{root}/{PLACE[layout]}, ", message)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "line 1: no header; expected each of left_eye_center_x, left_eye_center_y, …, Image once"),
        (b"\n\n", "line 1: no header; expected each of"),
        (as_text(ROWS["training.csv"][:1]), "no rows; expected at least one under the header"),
        (as_text(ROWS["training.csv"][:1]) + b"\r\n\n", "no rows; expected at least one under the header"),
        (as_text([*ROWS["training.csv"][:2], [], *ROWS["training.csv"][2:]]), "row 2 (0-based): after an empty line"),
        (TEXTS["training.csv"][:-1000], "row 7 (0-based), column Image: 8,9"),
        (TEXTS["training.csv"].replace(b"\n", b" "), "line 1: column Image 0 times"),
        (as_text(ROWS["training.csv"][:1]) + b"1 " * (1 << 20), "row 0 (0-based): 1 values in 1,048,576 bytes"),
        (bytes(range(256)) * 10, "line 1: column left_eye_center_x 0 times"),
    ],
)
def test_bad_files(tmp_path, layout, text, message):
    root = made(tmp_path / "data", layout, training=text)
    raises(root, f"{root}/{PLACE[layout]}", message)
    assert len(kaggle.load(root, part="test")) == 3


BAD_TEST = {
    "a pixel too few": ("test", 1, "Image", SHORT, "test.csv, row 1 (0-based), column Image: 9,215 values; expected"),
    "no number": ("test", 2, "ImageId", "x", "test.csv, row 2 (0-based), column ImageId: 'x'; expected a whole number"),
    "an id twice": ("test", 2, "ImageId", "7", "row 2 (0-based), column ImageId: 7 for the second time; expected each"),
    "no ids": ("test", -1, "ImageId", "Id", "test.csv, line 1: column ImageId 0 times; expected each of ImageId"),
    "a row asked twice": ("IdLookupTable", 4, "RowId", "4", "row 4 (0-based), column RowId: 4 for the second time"),
    "no such image": ("IdLookupTable", 4, "ImageId", "8", "column ImageId: 8; expected one of the 3 in test.csv"),
    "no such feature": ("IdLookupTable", 4, "FeatureName", "ear_x", "'ear_x'; expected a coordinate such as left_eye_"),
    "no such column": ("IdLookupTable", -1, "FeatureName", "Feature", "LookupTable.csv, line 1: column FeatureName 0"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bad", BAD_TEST)
def test_bad_test_tables(tmp_path, layout, bad):
    name, row, column, value, message = BAD_TEST[bad]
    root = made(tmp_path / "data", layout, **{name: changed(f"{name}.csv", row, column, value)})
    raises(root, message, part="test")
    assert len(kaggle.load(root)) == 8


@pytest.mark.parametrize("layout", ["zips", "bundle of zips", "bundle of tables"])
@pytest.mark.parametrize("damage", ["half", "empty", "flipped", "text"])
def test_damaged_zip_files(tmp_path, layout, damage):
    root = made(tmp_path / "data", layout)
    path = root / (kaggle.BUNDLE if "bundle" in layout else "training.zip")
    data = path.read_bytes()
    middle = len(data) // 8
    flipped = data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]
    path.write_bytes({"half": data[: len(data) // 2], "empty": b"", "flipped": flipped, "text": b"no zip" * 99}[damage])
    raises(root, str(path), "expected a whole zip file")


def test_a_half_zip_file_that_ends_with_a_whole_one(tmp_path):
    root = made(tmp_path / "data", "zips")
    names = ["test.zip", "training.zip"]
    with zipfile.ZipFile(tmp_path / kaggle.BUNDLE, "w") as archive:
        for name in names:
            archive.write(root / name, name)
    data = (tmp_path / kaggle.BUNDLE).read_bytes()
    (tmp_path / kaggle.BUNDLE).write_bytes(data[: data.index(b"training.zip") + 1000])
    raises(tmp_path, f"{tmp_path}/{kaggle.BUNDLE}: test.csv in it; expected training.csv in a whole zip file")


def test_a_damaged_zip_file_in_a_whole_one(tmp_path):
    root = made(tmp_path / "data", "zips")
    zipped(root / kaggle.BUNDLE, {"training.zip": (root / "training.zip").read_bytes()[:5000]})
    (root / "training.zip").unlink()
    raises(root, kaggle.BUNDLE, "expected a whole zip file")


def test_a_zip_file_of_something_else(tmp_path):
    zipped(tmp_path / "training.zip", {"readme.txt": b"hello"})
    raises(tmp_path, f"{tmp_path}/training.zip: readme.txt in it; expected training.csv in a whole")


def test_missing_files_are_told(tmp_path, monkeypatch):
    for part in ("training", "test"):
        message = raises(tmp_path, str(tmp_path), "data/README.md", kaggle.BUNDLE, part=part)
        assert f"Looked for {part}.csv, {part}/{part}.csv, {part}.zip or" in message
    monkeypatch.chdir(tmp_path)
    message = raises(None, "training.zip", "data/README.md")
    assert "/kaggle/input" in message
    with pytest.raises(loading.DatasetError, match="not found"):
        kaggle.fingerprint(tmp_path)


def test_only_one_part(tmp_path):
    root = made(tmp_path / "data")
    (root / "training.csv").unlink()
    (root / "IdLookupTable.csv").unlink()
    assert kaggle.load(root, part="test").source is None
    raises(root, "Looked for training.csv")
    with pytest.raises(loading.DatasetError, match=r"Looked for IdLookupTable\.csv beside test\.csv"):
        kaggle.write_submission(tmp_path / "submission.csv", np.zeros((3, 15, 2)), root)


@pytest.mark.parametrize("mount", ["facial-keypoints-detection", "competitions/facial-keypoints-detection"])
def test_the_input_of_kaggle_is_found(tmp_path, monkeypatch, mount):
    (tmp_path / "input" / mount).parent.mkdir(parents=True)
    made(tmp_path / "input" / mount, "zips")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "KAGGLE_INPUT", tmp_path / "input")
    assert len(loading.load("kaggle")) == len(IMAGES)


def test_the_folder_that_fkp_data_names_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("FKP_DATA", str(tmp_path))
    made(tmp_path / "mine", "bundle of zips")
    assert len(loading.load("kaggle")) == len(IMAGES)


def test_the_fingerprint_changes_with_the_content_of_either_part(tmp_path):
    root = made(tmp_path)
    first = kaggle.fingerprint(root)
    assert kaggle.fingerprint(root) == first
    made(root, test=changed("test.csv", 0, "ImageId", "13"))
    assert kaggle.fingerprint(root) != first


@pytest.mark.parametrize("file", ["images.npy", "labels.npz"])
def test_a_damaged_cache_is_built_again(tmp_path, own_cache, file):
    root = made(tmp_path / "data")
    kaggle.load(root)
    (path,) = own_cache.glob(f"kaggle-*/{file}")
    data = path.read_bytes()
    path.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
    with pytest.warns(UserWarning, match="is damaged; it is built again"):
        loaded = kaggle.load(root)
    np.testing.assert_array_equal(loaded.images, IMAGES)
    np.testing.assert_array_equal(loaded.points, POINTS.astype(np.float32))


def test_a_changed_table_is_read_again(tmp_path):
    root = made(tmp_path / "data")
    kaggle.load(root)
    made(root, training=changed("training.csv", 0, "Image", pixel_text(IMAGES[2])))
    assert (kaggle.load(root).images[0] == 255).all()


# The two label sources


def given(*rows):
    four = np.isin(np.arange(15), FOUR)
    known = {"all": np.ones(15, bool), "four": four}
    return np.array([known[row] if isinstance(row, str) else row for row in rows])


def test_other_points_or_the_place_before_the_boundary_tell_the_source():
    few = np.isin(np.arange(15), FOUR[:2])
    one_more = np.isin(np.arange(15), [FOUR[0], 3])
    none = np.zeros(15, bool)
    rows = given(*["all"] * 50, few, *["all"] * 50, one_more, *["four"] * 100, none)
    np.testing.assert_array_equal(kaggle.label_sources(rows), [0] * 102 + [1] * 101)


def test_in_a_file_in_another_order_the_labels_alone_tell_the_source():
    rows = given(*["four", "all"] * 20, "four")
    np.testing.assert_array_equal(kaggle.label_sources(rows), [1, 0] * 20 + [1])


@pytest.mark.parametrize(("row", "source"), [("all", 0), ("four", 1)])
def test_a_file_of_one_source(row, source):
    np.testing.assert_array_equal(kaggle.label_sources(given(*[row] * 5)), [source] * 5)


def test_a_complete_row_among_the_last_does_not_move_the_boundary():
    rows = given(*["all"] * 100, *["four"] * 200, "all", "four")
    np.testing.assert_array_equal(kaggle.label_sources(rows), [0] * 100 + [1] * 200 + [0, 1])


# Submission


def read_submission(path):
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["RowId", "Location"]
    return {int(row): float(location) for row, location in rows}, len(rows)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_submission_has_the_asked_coordinates(tmp_path, layout):
    root = made(tmp_path / "data", layout)
    predictions = RNG.uniform(0, 95, (3, 15, 2))
    predictions[0, 0] = -3, 120
    kaggle.write_submission(tmp_path / "submission.csv", predictions, root)
    found, count = read_submission(tmp_path / "submission.csv")
    assert count == len(found) == len(ASKED)
    assert (found[1], found[2]) == (0, 95)
    for row, (number, name) in list(enumerate(ASKED, 1))[2:]:
        point, axis = divmod(COLUMNS.index(name), 2)
        assert found[row] == pytest.approx(predictions[IDS.index(number), point, axis], abs=5.1e-5)


def test_predictions_that_do_not_fit_leave_the_old_submission(tmp_path):
    root = made(tmp_path / "data")
    path = tmp_path / "submission.csv"
    path.write_text("old")
    predictions = np.full((3, 15, 2), 40.0)
    predictions[1, 10, 1] = np.nan
    message = r"predictions\[1\] \(ImageId 7\), nose_tip_y: nan; expected a finite number"
    with pytest.raises(ValueError, match=message):
        kaggle.write_submission(path, predictions, root)
    for shape in [(2, 15, 2), (3, 30), (3, 15, 2, 1)]:
        message = re.escape(f"predictions have shape {shape}; expected (3, 15, 2): one row for each test face")
        with pytest.raises(ValueError, match=message):
            kaggle.write_submission(path, np.zeros(shape), root)
    assert path.read_text() == "old"


# Real photos, memory, speed


def test_real_photos(real, tmp_path):
    root = real("kaggle_layout")
    training, test = kaggle.load(root), kaggle.load(root, part="test")
    assert (len(training), len(test)) == (2864, 708)
    complete = np.delete(training.given, FOUR, axis=1).any(axis=1)
    np.testing.assert_array_equal(training.source == 0, complete)
    assert (np.diff(training.source) >= 0).all()
    assert 700 < (training.source == 0).sum() < 900
    assert len(set(training.image_groups)) < len(training)
    assert len(set(training.subject)) > 100
    assert np.nanmin(training.points) > 0
    assert np.nanmax(training.points) < 95
    np.testing.assert_array_equal(test.attributes["image_id"], np.arange(1, 709))
    predictions = np.random.default_rng(1).uniform(-5, 100, (708, 15, 2))
    kaggle.write_submission(tmp_path / "submission.csv", predictions, root)
    found, count = read_submission(tmp_path / "submission.csv")
    sample, rows = read_submission(root / "SampleSubmission.csv")
    assert count == rows == len(found)
    assert list(found) == list(sample)
    assert all(0 <= location <= 95 for location in found.values())


def test_memory_while_reading_is_bounded(tmp_path):
    path = tmp_path / "training.csv"
    row = as_text(ROWS["training.csv"][1:2])
    path.write_bytes(as_text(ROWS["training.csv"][:1]) + row * 2000)
    code = (
        "import resource, sys; from fkp_utils.datasets import kaggle, kaggle_csv\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "import pathlib; folder = pathlib.Path(sys.argv[1]); before = peak()\n"
        "kaggle._build_training(folder, {'training.csv': folder / 'training.csv'})\n"
        "print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 12e6  # the text has 66 MB, the images 18


def test_the_benchmark_runs_and_finds_equal_values(tmp_path):
    environment = os.environ | {"FKP_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, str(BENCHMARK), "--rows", "12", "--repeats", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "12 rows" in done.stdout
    assert "equal" in done.stdout
    assert re.search(r"ours, cached .* × faster", done.stdout)
