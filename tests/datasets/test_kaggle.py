import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from kaggle_files import (
    FOUR,
    IDS,
    IMAGES,
    LAYOUTS,
    POINTS,
    ROWS,
    SUBJECT_ROWS,
    TEST_IMAGES,
    TEXTS,
    as_text,
    changed,
    made,
    pixel_text,
    quoted,
    raises,
    zipped,
)

from fkp_utils import keypoints
from fkp_utils.datasets import kaggle, kaggle_csv, loading
from fkp_utils.system import places

BENCHMARK = places.CHECKOUT / "benchmarks" / "kaggle_load.py"


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


@pytest.mark.parametrize("shape", [_other_order, _more_columns, quoted])
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
