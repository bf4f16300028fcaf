import dataclasses
import types

import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints, metrics, profiles
from fkp_utils.lessons.nose_tip_to_68_points import tasks
from fkp_utils.models import architectures
from fkp_utils.training import data_views

FEW = dataclasses.replace(profiles.profile("smoke"), faces=40, deep_faces=8)
SETS = (keypoints.KAGGLE_15, keypoints.CELEBA_5, keypoints.IMM_58, keypoints.LANDMARKS_68)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FKP_DATA", str(tmp_path_factory.mktemp("empty")))  # neither IMM nor 68 points are found
        yield tasks.load("synthetic", "", FEW, 0)


def made(known, count=40, seed=0):
    generator = np.random.default_rng(seed)
    points = generator.uniform(5, 90, (1, len(known), 2)) + generator.normal(0, 1, (count, len(known), 2))
    images = np.full((count, 96, 96, 1), 10, np.uint8) + np.arange(count, dtype=np.uint8)[:, None, None, None]
    return faces.Faces(images, points, known, subject=np.arange(count) // 2)


def test_each_task_has_its_frame(loaded):
    assert list(loaded) == ["nose", "imm", "landmarks68"]
    sizes = [data.parts().training.size for data in loaded.values()]
    assert sizes == [(60, 80), (160, 240), (64, 64)]
    assert tasks.side(profiles.profile("full")) == 224
    assert [data.limit for data in loaded.values()] == [40, 24, 40]
    assert {data.name for data in loaded.values()} == {"synthetic"}
    everything = tasks.load("synthetic", "", profiles.profile("full"), 0)
    assert [data.limit for data in everything.values()] == [None] * 3


def test_the_nose_tip_is_one_point(loaded):
    nose = tasks.nose_tip(loaded["nose"])
    assert nose.faces().keypoints.names == ("nose_tip",)
    assert nose.parts().training.size == (60, 80)
    shown = tasks.examples(loaded, nose)
    assert [len(each.keypoints) for each in shown] == [1, 15, 15]
    assert [len(each) for each in shown] == [1, 1, 1]
    whole = tasks.examples(loaded)
    np.testing.assert_array_equal(whole[0].images[:], shown[0].images[:])
    assert [tasks.caption(each) for each in shown[:2]] == ["1 point\n60×80 px", "15 points\n160×240 px"]


def test_what_stands_in_is_named(loaded):
    text = tasks.standing_in(loaded)
    assert text.startswith("The IMM faces and the frames with 68 points were not found")
    assert "*synthetic*" in text
    there = {name: data_views.Data(name if name != "nose" else "kaggle") for name in loaded}
    assert tasks.standing_in(there) == "Every task has the faces that the report used."
    there["imm"] = data_views.Data("kaggle")
    assert tasks.standing_in(there).startswith("The IMM faces were not found")


@pytest.mark.parametrize("known", SETS, ids=lambda known: known.name)
def test_eyes_are_those_that_errors_are_divided_by(known):
    some = made(known)
    assert tasks.NOSE_TIPS[known.name] in known.names
    left, right = np.moveaxis(tasks.eyes(some), 1, 0)
    shares = np.linalg.norm(some.points + 1.0 - some.points, axis=-1) / np.linalg.norm(left - right, axis=-1)[:, None]
    assert metrics.nme(some.points + 1.0, some.points, known) == pytest.approx(shares.mean(), rel=1e-5)


def test_best_and_worst_faces_come_with_their_errors():
    some = made(keypoints.CELEBA_5, 8)
    points = np.array(some.points)
    points[3] = np.nan
    some = faces.Faces(some.images, points, some.keypoints)
    predicted = np.nan_to_num(points) + np.arange(8)[:, None, None]
    images, titles, marks = tasks.best_and_worst(predicted, some, 2)
    assert titles == ["0.0 px", "1.0 px", "6.0 px", "7.0 px"]
    np.testing.assert_array_equal(images, some.images[[0, 1, 6, 7]])
    np.testing.assert_array_equal(marks["predicted"], predicted[[0, 1, 6, 7]])
    np.testing.assert_array_equal(marks["given"], points[[0, 1, 6, 7]])


def run_with(rows, kept=0):
    columns = ["restart", "epoch", "training", "validation", "seconds"]
    return types.SimpleNamespace(history=pd.DataFrame(rows, columns=columns), facts={"kept": kept})


def test_epochs_are_counted_in_each_restart():
    run = run_with([(0, 1, 5.0, 6.0, 9.0), (0, 2, 4.0, 7.0, 1.0), (1, 1, 5.5, 5.0, 8.0), (1, 2, 3.0, 4.0, 2.0)], 1)
    assert tasks.seconds(run).tolist() == [1.0, 2.0], "the first epoch is slower"
    assert tasks.last_epoch(run) == (3.0, 4.0)
    between = "In 2 steps from one epoch to the next"
    assert tasks.rises(run) == f"{between}, the training error never rises, and the validation error rises once."
    assert tasks.curves({"a": run}) == {"a": (run.history, 1)}
    single = run_with([(0, 1, 5.0, 6.0, 9.0)])
    assert tasks.seconds(single).tolist() == [9.0]
    assert tasks.rises(single).startswith("In 0 steps")


def test_the_packages_network_has_to_give_the_same_points():
    images = np.random.default_rng(0).uniform(0, 255, (2, 60, 80, 1))
    mine = architectures.build("nose_tip_16", 1, (60, 80), 1)
    tasks.assert_same(mine, "nose_tip_16", images, 1e-3)
    with pytest.raises(AssertionError):
        tasks.assert_same(mine, "nose_tip", images, 1e-3)


def test_scores_are_means_over_faces():
    some = made(keypoints.CELEBA_5)
    predicted = {"off": some.points + np.array([3.0, 4.0])}
    table = tasks.scores(predicted, some, repeats=20)
    assert table.loc["off", "MAE (px)"].value == pytest.approx(3.5)
    expected = 100 * metrics.nme(predicted["off"], some.points, some.keypoints)
    assert table.loc["off", "NME (%)"].value == pytest.approx(expected)


def test_kinds_of_faces_are_compared_with_the_others():
    some = made(keypoints.KAGGLE_15, 80)
    predicted = np.array(some.points)
    predicted[:, :, 0] += np.where(np.arange(80) % 2, 1.0, 2.0)[:, None]
    found = tasks.harder(predicted, some, some, ["off centre", "profile", "expression"], repeats=20)
    assert list(found) == ["off centre", "profile"], "nobody knows their expression"
    assert found["profile"] is None, "eight faces are too few"
    assert found["off centre"].value > 0
    text = tasks.in_words(found)
    assert text.endswith("; profile: too few faces to tell")
