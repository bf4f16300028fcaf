import csv
import dataclasses
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import fkp_utils
from fkp_utils import profiles
from fkp_utils.app import submission
from fkp_utils.datasets import kaggle, loading
from fkp_utils.recipes import best_model
from fkp_utils.system import places
from fkp_utils.training import data_views

SAMPLE = places.CHECKOUT / "data" / "sample"


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("FKP_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FKP_CACHE", str(tmp_path / "cache"))


def rows(path):
    with path.open(newline="") as file:
        return [(int(row["RowId"]), float(row["Location"])) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_nothing_is_said_but_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # packages that other tests import set it to 2
    command = [sys.executable, "-m", "fkp_utils.app.submission", "--root", str(tmp_path / "nowhere")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"error: .*nowhere.*\n", done.stderr), done.stderr


@pytest.mark.slow
def test_it_answers_what_is_asked_and_leaves_a_model(tmp_path, capsys):
    path = tmp_path / "submission.csv"
    assert submission.main(["--root", str(SAMPLE), "--profile", "smoke", "--out", str(path)]) == 0
    found = rows(path)
    assert [row for row, _ in found] == kaggle.asked(SAMPLE)
    assert all(0 <= value <= 95 for _, value in found)
    assert f"{len(found)} coordinates of " in capsys.readouterr().out
    test = loading.load("kaggle", SAMPLE, part="test")
    assert fkp_utils.predict(test.images[0, :, :, 0], tmp_path / submission.MODEL).points.shape == (15, 2)


def test_no_test_image_is_learnt_from():
    learnt = best_model.everything("kaggle", str(SAMPLE)).parts()
    training = loading.load("kaggle", SAMPLE)
    assert sum(map(len, learnt)) == len(training)
    images = {image.tobytes() for part in learnt for image in part.images[:]}
    assert images == {image.tobytes() for image in training.images[:]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "synthetic"], "DATA is 'synthetic'; a submission needs DATA=kaggle"),
        (["--root", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_is_said_in_a_line_and_keeps_the_old_file(options, message, tmp_path, capsys):
    path = tmp_path / "submission.csv"
    path.write_text("old")
    assert submission.main([*options, "--profile", "smoke", "--out", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert path.read_text() == "old"


def test_a_table_of_asked_points_is_needed_before_training(tmp_path, capsys):
    root = shutil.copytree(SAMPLE, tmp_path / "data")
    (root / kaggle.LOOKUP).unlink()
    assert submission.main(["--root", str(root), "--profile", "smoke"]) == 1
    assert kaggle.LOOKUP in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,5\n2,6\n", "2 rows, 2 different; expected the 3 asked for, once"),
        ("1,5\n2,6\n2,7\n", "3 rows, 2 different"),
        ("1,5\n2,nan\n3,7\n", "line 3: nan; expected a number from 0 to 95"),
        ("1,5\n2,6\n3,95.5\n", "line 4: 95.5"),
    ],
)
def test_a_wrong_submission_is_noticed(text, message, tmp_path):
    path = tmp_path / "submission.csv"
    path.write_text(f"RowId,Location\n{text}")
    with pytest.raises(ValueError, match=message):
        submission.check(path, [1, 2, 3])


def test_teachers_differ_in_their_seed_alone():
    profile = dataclasses.replace(profiles.profile("smoke"), best_members=2)
    first, second = best_model.teachers(data_views.Data(limit=80), profile, loss="mae")
    assert (first.loss, first.pretrained.loss) == ("mae", "mae")
    same = dataclasses.replace(second, seed=0, pretrained=dataclasses.replace(second.pretrained, seed=0))
    assert (second.seed, second.pretrained.seed) == (1, 1)
    assert same == first
    assert best_model.teachers(data_views.Data(limit=80), profile, pretrained=None)[0].pretrained is None


def test_members_answer_together(monkeypatch):
    from fkp_utils.evaluation import test_time_augmentation

    points = np.zeros((1, 15, 2))
    seen = {
        "a": test_time_augmentation.Averaged(points, np.full((1, 15), 3.0)),
        "b": test_time_augmentation.Averaged(points + [8, 0], np.full((1, 15), 3.0)),
    }
    monkeypatch.setattr(test_time_augmentation, "predict", lambda run, faces: seen[run])
    found = best_model.answer(["a", "b"], None)
    np.testing.assert_allclose(found.points, points + [4, 0])
    np.testing.assert_allclose(found.spread, 5)


def test_what_cannot_be_written_is_told_before_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "submission.csv"
    assert submission.main(["--root", str(SAMPLE), "--profile", "smoke", "--out", str(out)]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert submission.main(["--root", str(SAMPLE), "--profile", "smoke", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"error: {tmp_path}: a folder; expected the path of a file\n"
    assert (tmp_path / "file").exists()
    assert not (tmp_path / "runs").exists()
