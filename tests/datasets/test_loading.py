import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

from fkp_utils import keypoints
from fkp_utils.datasets import loading
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.system import places

README = places.CHECKOUT / "data" / "README.md"
SAMPLE = README.parent / "sample"
ON_DISK = [name for name in loading.NAMES if name != "synthetic"]
FILES = {
    "kaggle": ["training.csv", "training.zip", "facial-keypoints-detection.zip"],
    "celeba": ["img_align_celeba/", "img_align_celeba.zip", "list_landmarks_align_celeba.csv", ".txt"],
    "imm": ["NN-?[mf].asf", ".jpg"],
    "landmarks68": ["training_frames_keypoints.csv", "training/", "test/", ".pts"],
}


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty folder to work in, and a folder for Kaggle's input that is not there."""
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setattr(loading, "KAGGLE_INPUT", tmp_path / "kaggle" / "input")
    return place


def folders(*paths):
    for path in paths:
        path.mkdir(parents=True)


def test_load_by_name():
    faces = loading.load("synthetic", limit=5, seed=3)
    np.testing.assert_array_equal(faces.images, synthetic.make(5, seed=3).images)
    faces = loading.load("kaggle", SAMPLE, limit=5)
    assert len(faces) == 5
    assert faces.keypoints is keypoints.KAGGLE_15
    assert len(loading.load("kaggle", SAMPLE, part="test")) == 10


@pytest.mark.parametrize("name", loading.NAMES)
def test_every_name_has_a_layout(name):
    layout = loading.layout(name)
    assert callable(layout.load)
    assert callable(layout.fingerprint)


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="no data set 'kagle'; there are synthetic, kaggle, celeba, imm, landmarks68"):
        loading.load("kagle")


@pytest.mark.parametrize("name", loading.NAMES)
def test_a_limit_below_1_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="limit is 0; expected at least 1"):
        loading.load(name, tmp_path, limit=0)


def test_an_empty_root_is_none():
    assert len(loading.load("synthetic", "", limit=1)) == 1


def test_a_root_is_the_only_candidate(elsewhere):
    folders(elsewhere / "data" / "kaggle", elsewhere / "other" / "inside")
    assert loading.candidates("other") == [pathlib.Path("other")]


def test_usual_places_and_the_folders_in_them_are_candidates(elsewhere, tmp_path):
    folders(elsewhere / "data" / "celeba", elsewhere / "data" / "sample", tmp_path / "data" / "imm")
    (elsewhere / "data" / "README.md").write_text("how to get data")
    assert list(map(str, loading.candidates(None))) == ["data", "data/celeba", "../data", "../data/imm"]


def test_a_named_folder_takes_the_place_of_data(elsewhere, monkeypatch, tmp_path):
    folders(elsewhere / "data" / "celeba", tmp_path / "mine" / "faces")
    monkeypatch.setenv("FKP_DATA", str(tmp_path / "mine"))
    assert loading.candidates("") == [tmp_path / "mine", tmp_path / "mine" / "faces"]
    monkeypatch.setenv("FKP_DATA", str(tmp_path / "your"))
    with pytest.raises(loading.DatasetError, match=r"FKP_DATA names .*your, which is not a folder; expected one with"):
        loading.candidates(None)


def test_kaggles_input_is_searched_in_both_of_its_arrangements(elsewhere):
    place = loading.KAGGLE_INPUT
    wanted = [
        place / "facial-keypoints-detection",
        place / "competitions" / "facial-keypoints-detection",
        place / "datasets" / "somebody" / "celeba-dataset",
    ]
    folders(*wanted)
    assert set(wanted) <= set(loading.candidates(None))


def test_data_are_found_without_a_root(elsewhere, monkeypatch, tmp_path):
    (elsewhere / "data").mkdir()
    (elsewhere / "data" / "my-download").symlink_to(SAMPLE)
    assert len(loading.load("kaggle")) == 40
    (elsewhere / "data" / "my-download").rename(tmp_path / "facial-keypoints-detection")
    with pytest.raises(loading.DatasetError):
        loading.load("kaggle")
    monkeypatch.setenv("FKP_DATA", str(tmp_path))
    assert len(loading.load("kaggle")) == 40


def test_the_sample_is_not_taken_for_the_real_data(elsewhere):
    (elsewhere / "data").mkdir()
    (elsewhere / "data" / "sample").symlink_to(SAMPLE)
    with pytest.raises(loading.DatasetError, match="not found"):
        loading.load("kaggle")
    assert len(loading.load("kaggle", "data/sample")) == 40


@pytest.mark.parametrize("name", ON_DISK)
def test_the_error_names_layouts_places_and_how_to_get_them(name, elsewhere):
    folders(elsewhere / "data" / "photos")
    with pytest.raises(loading.DatasetError) as raised:
        loading.load(name)
    message = str(raised.value)
    for part in [*FILES[name], " in data, data/photos", "How to get it: data/README.md"]:
        assert part in message
    (elsewhere / "data" / "photos").rmdir()
    (elsewhere / "data").rmdir()
    with pytest.raises(loading.DatasetError, match=re.escape("no such folders; FKP_DATA may name another")):
        loading.load(name)


@pytest.mark.parametrize("name", ON_DISK)
def test_a_root_that_is_not_there_is_named(name, elsewhere):
    with pytest.raises(loading.DatasetError, match=r" in nowhere\. How to get it"):
        loading.load(name, "nowhere")


@pytest.mark.parametrize("name", ON_DISK)
def test_the_readme_tells_the_files_of_each_layout(name):
    text = README.read_text(encoding="utf-8")
    for part in FILES[name]:
        assert part in text
    assert f"DATA={name}" in text


def test_importing_the_layouts_is_light():
    modules = ", ".join(f"fkp_utils.datasets.{name}" for name in loading.NAMES)
    code = f"import sys, {modules}; print([m for m in ('keras', 'tensorflow', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
