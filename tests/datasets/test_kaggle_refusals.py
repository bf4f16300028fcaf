import zipfile

import pytest
from kaggle_files import (
    COLUMNS,
    IMAGES,
    LAYOUTS,
    POINTS,
    ROWS,
    TEXTS,
    as_text,
    changed,
    made,
    pixel_text,
    point_text,
    quoted,
    raises,
    zipped,
)

from fkp_utils.datasets import kaggle


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
            lambda rows: quoted(_decimal_commas(rows)),
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
