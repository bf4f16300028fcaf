import dataclasses
import types

import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces, keypoints
from fkp_utils.datasets.synthetic import camera, light, scene, sensor, skin
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.evaluation import test_time_augmentation
from fkp_utils.geometry import alignment
from fkp_utils.lessons.error_analysis import faults, suspects
from fkp_utils.training import data_views, experiment, runs


@pytest.fixture(scope="module")
def thousand():
    """1,000 synthetic faces without pictures: the points of 250 heads that nobody painted, each framed four times."""
    blank = np.zeros((96, 96))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skin, "paint", lambda *_: ())
        patch.setattr(light, "glow", lambda *_: None)
        patch.setattr(camera, "see", lambda *_: (np.zeros((192, 192)), np.zeros((192, 192)), blank))
        patch.setattr(scene, "backdrop", lambda *_: blank)
        patch.setattr(scene, "glasses", lambda *_: None)
        patch.setattr(sensor, "develop", lambda *_: blank.astype(np.uint8))
        heads = synthetic.make(250, seed=2, workers=1)
    random, some = np.random.default_rng(0), heads.select(np.repeat(np.arange(250), 4))
    factors = random.uniform(0.9, 1.1, 1000) * np.exp(1j * np.radians(random.normal(0, 5, 1000)))
    middle, moves = 47.5 + 47.5j, random.normal(0, 2, (2, 1000)).T @ [1, 1j]
    transforms = np.stack([factors, middle + moves - factors * middle], axis=1)
    points, truth = (alignment.move(each, transforms) for each in (some.points, some.truth))
    return dataclasses.replace(some, points=points, truth=truth)


def seen(some, seed):
    """What a network of about 2.5 px error sees: errors that points share, larger on turned heads, and their spread."""
    random = np.random.default_rng(seed)
    hard = 1.2 * np.exp(random.normal(0, 0.4, len(some))) * (1 + np.abs(some.attributes["yaw"]) / 40)
    shared = random.normal(0, 1, (len(some), 1, 2))
    predicted = some.truth + hard[:, None, None] * (shared + random.standard_t(5, some.truth.shape) / 2)
    spread = np.repeat(hard[:, None] * np.exp(random.normal(0, 0.4, (len(some), 1))), 15, axis=1) / 2
    return predicted, spread


def planted(some, share, seed):
    points, kinds = faults.plant(some, share, seed)
    return types.SimpleNamespace(
        faces=faces.Faces(some.images, points, some.keypoints, some.source), kinds=kinds, rows=np.flatnonzero(kinds)
    )


@pytest.mark.parametrize(("share", "draws"), [(0.01, 4), (0.03, 2), (0.06, 1), (0.1, 1)])
def test_planted_faults_are_found_among_twice_as_many(thousand, share, draws):
    found = []
    for seed in range(draws):
        spoilt = planted(thousand, share, seed)
        predicted, spread = seen(thousand, seed)
        listed = suspects.rank(spoilt.faces, predicted, spread, 2 * len(spoilt.rows))
        assert len(listed) == 2 * len(spoilt.rows)
        assert (np.diff(listed["score"]) <= 0).all()
        found.append(suspects.recall(listed, spoilt.rows))
    assert np.mean(found) >= 0.9


def test_each_kind_is_found_and_named(thousand):
    named = {name: [] for name in faults.KINDS[1:]}
    for seed in range(5, 10):  # one draw has few faces of a kind that give all their labels
        spoilt = planted(thousand, 0.1, seed)
        listed = suspects.rank(spoilt.faces, *seen(thousand, seed), 200).set_index("row")
        for number, name in enumerate(faults.KINDS[1:], 1):
            rows = np.flatnonzero(spoilt.kinds == number)
            found = listed.loc[listed.index.isin(rows)]
            assert len(found) >= 0.8 * len(rows), name
            full = found[spoilt.faces.given[found.index].sum(axis=1) > 10]
            named[name].extend(full["kind"] == name)
    for name, right in named.items():
        assert np.mean(right) >= (0.6 if name == "another face" else 0.8), (
            f"{name}: {np.mean(right):.2f} of {len(right)}"
        )


def test_without_a_spread_it_goes_by_tilt_and_turn(thousand):
    spoilt = planted(thousand, 0.03, 1)
    listed = suspects.rank(spoilt.faces, seen(thousand, 1)[0], None, 60)
    assert suspects.recall(listed, spoilt.rows) >= 0.85


def test_a_hard_face_is_less_suspect_than_an_easy_one_with_the_same_error(thousand):
    predicted, spread = seen(thousand, 0)
    predicted = thousand.truth + 0.3 * (predicted - thousand.truth)
    predicted[:2] = thousand.truth[:2] + 6
    spread[0], spread[1] = 0.3, 10
    spoilt = faces.Faces(thousand.images, thousand.truth, thousand.keypoints)
    easy, hard = suspects.score(spoilt, predicted, spread)[:2]
    assert easy > hard + 1


def kind_of(label, truth):
    some = faces.Faces(np.zeros((1, 96, 96, 1), np.uint8), label[None], keypoints.KAGGLE_15)
    return suspects.kind(some, 0, truth[None], (label - truth) / 2)


def test_kinds_of_one_face(thousand):
    truth = thousand.truth[0].astype(float)
    wanted = truth + np.random.default_rng(0).normal(0, 0.5, truth.shape)
    assert kind_of(truth[list(keypoints.KAGGLE_15.mirror)], wanted)[0] == "swapped"
    assert kind_of(truth[::-1], wanted)[0] == "mixed up"
    name, reason = kind_of(truth + np.array([-19, 2]), wanted)
    assert name == "shifted"
    assert reason == "all points lie -19 px in x, +2 px in y from what is expected"
    middle = truth.mean(axis=0)
    name, reason = kind_of(middle + 1.5 * (truth - middle), wanted)
    assert name == "scaled"
    assert [int(part.split()[-1]) for part in reason.split("%")[:2]] == pytest.approx([150, 150], abs=12)
    assert kind_of(truth * [0.6, 1], wanted)[0] == "scaled"
    one = truth.copy()
    one[10] += 20
    name, reason = kind_of(one, wanted)
    assert name == "some points"
    assert reason.startswith("nose_tip 28 px")


def test_faces_without_labels_are_no_suspects(thousand):
    some = thousand.select(slice(300, 420))
    points = some.points.copy()
    points[3] = np.nan
    predicted, spread = seen(some, 0)
    found = suspects.score(faces.Faces(some.images, points, some.keypoints, some.source), predicted, spread)
    assert np.isneginf(found[3])
    assert np.isfinite(found[some.source == 0]).sum() == (some.source == 0).sum() - 1


def test_rows_are_those_of_the_set(thousand):
    rows = np.arange(len(thousand)) + 5000
    some = faces.Faces(thousand.images, thousand.points, thousand.keypoints, thousand.source, attributes={"row": rows})
    listed = suspects.rank(some, *seen(thousand, 0), 10)
    assert list(listed.columns) == list(suspects.COLUMNS)
    assert listed["row"].between(5000, 5999).all()


def test_recall_needs_something_to_find():
    assert suspects.recall(pd.DataFrame({"row": [1, 2]}), np.array([2, 3])) == 0.5
    with pytest.raises(ValueError, match="no wrong row"):
        suspects.recall(pd.DataFrame({"row": [1]}), np.array([], int))


def test_out_of_fold_is_in_the_order_of_the_set(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("FKP_RUNS", str(tmp_path_factory.getbasetemp() / "runs"))
    data = data_views.Data(limit=90).through(faults.Faults(0.1))
    described = experiment.Experiment(data=data, epochs=1, batch=16)
    found = suspects.out_of_fold(described, 2, shifts=[(0, 0)])
    assert np.isfinite(found.points).all()
    assert np.isfinite(found.spread).all()
    fold = data.through(data_views.Fold(1, 2))
    part = fold.parts().evaluation
    alone = test_time_augmentation.predict(runs.run(dataclasses.replace(described, data=fold)), part, [(0, 0)])
    np.testing.assert_allclose(found.points[part.attributes["row"]], alone.points, atol=1e-3)
    assert suspects.rank(data.faces(), *found, 9)["row"].is_unique


def test_recall_is_told_by_the_kind_of_fault():
    numbers = np.array([0, 1, 1, 2, 3, 4])
    found = suspects.recall_by_kind(pd.DataFrame({"row": [11, 13, 14]}), np.arange(10, 16), numbers)
    assert found == {"swapped": 0.5, "shifted": 1, "scaled": 1, "another face": 0}


def test_recall_of_planted_faults_has_an_interval_over_persons(thousand):
    kinds = np.where(np.arange(1000) < 96, 1 + np.arange(1000) // 4 % 4, 0)  # a person has four faces
    some = dataclasses.replace(thousand, attributes={"row": 7 + np.arange(1000), "fault": kinds})
    assert suspects.planted(some).tolist() == list(range(7, 103))
    listed = pd.DataFrame({"row": 7 + np.flatnonzero(kinds == 1)})
    share, recall = suspects.recall_of_planted(listed, some, repeats=100)
    assert share.value == 0.25
    assert share.low < 0.25 < share.high
    assert suspects.in_words(recall) == "swapped 100%, shifted 0%, scaled 0%, another face 0%"


def test_remedies_differ_in_the_data_or_the_loss():
    clean = data_views.Data(limit=90)
    bad = clean.through(faults.Faults(0.1))
    found = suspects.remedies(clean, bad, pd.Series([7, 3]))
    assert found["no faults"] == (clean, "mse")
    assert found["absolute errors"] == (bad, "mae")
    assert found["suspects left out"][0] == bad.through(data_views.LeftOut((3, 7)))


def test_what_is_known_of_wrong_labels_is_told(thousand, monkeypatch, tmp_path):
    listed = pd.DataFrame({"row": np.arange(30)})
    wrong = np.isin(np.arange(1000), (3, 20, 500))
    some = dataclasses.replace(thousand, attributes={"row": np.arange(1000), "wrong_label": wrong})
    assert suspects.known(some, listed, "synthetic").endswith(
        "3 in all. Of these, the first 6 suspects hold 1, and the 12 rows shown hold 1."
    )
    none = dataclasses.replace(some, attributes=some.attributes | {"wrong_label": np.zeros(1000, bool)})
    assert suspects.known(none, listed, "synthetic") == "No label of these faces is known to be wrong."
    plain = dataclasses.replace(thousand, attributes={"row": np.arange(1000)})
    assert suspects.known(plain, listed, "imm") == "Which labels of this set are wrong is not known."
    monkeypatch.setattr(suspects.places, "RESULTS", tmp_path)
    assert suspects.known(plain, listed, "kaggle").endswith("is not known.")
    pd.DataFrame({"row": range(5, 25)}).to_csv(tmp_path / "suspected_labels.csv")
    assert "rows 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 first" in suspects.known(plain, listed, "kaggle")
