import dataclasses

import numpy as np
import pytest

from fkp_utils import datasets, experiment, faces, folds, keypoints, runs, suspects, uncertainty


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("FKP_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("FKP_RUNS", str(tmp_path_factory.getbasetemp() / "runs"))


DATA = folds.Spoilt(limit=90)


def rows(part):
    return part.attributes["row"].tolist()


def test_without_faults_the_parts_are_those_of_plain_data():
    plain, spoilt = experiment.Data(limit=90).parts(), DATA.parts()
    for first, second in zip(plain, spoilt, strict=True):
        np.testing.assert_array_equal(first.images, second.images)
        np.testing.assert_array_equal(first.points, second.points)


def test_files_are_drawn_as_plain_data_draws_them(monkeypatch):
    random = np.random.default_rng(0)
    points = random.uniform(0, 9, (60, 15, 2)).astype(np.float32)
    stored = faces.Faces(random.integers(0, 256, (60, 9, 9, 1), dtype=np.uint8), points, keypoints.KAGGLE_15)
    monkeypatch.setattr(datasets, "load", lambda name, root, limit=None, **_: stored)
    plain = experiment.Data("kaggle", "there", 40, 5).parts()
    spoilt = folds.Spoilt("kaggle", "there", 40, 5)
    for first, second in zip(plain, spoilt.parts(), strict=True):
        np.testing.assert_array_equal(first.points, second.points)
    whole = spoilt.whole()
    np.testing.assert_array_equal(whole.points, stored.points[whole.attributes["row"]])


def test_faults_are_learnt_from_but_do_not_judge():
    spoilt = dataclasses.replace(DATA, faults=0.3)
    whole, parts, clean = spoilt.whole(), spoilt.parts(), DATA.parts()
    assert (whole.attributes["fault"] > 0).sum() == 27
    assert [rows(part) for part in parts] == [rows(part) for part in clean]
    assert not np.array_equal(parts.training.points, clean.training.points, equal_nan=True)
    np.testing.assert_array_equal(parts.evaluation.points, clean.evaluation.points)


def test_rows_that_are_left_out_are_not_learnt_from():
    everything = DATA.parts()
    gone = (*rows(everything.training)[:7], *rows(everything.validation)[:1], *rows(everything.evaluation)[:2])
    parts = dataclasses.replace(DATA, left_out=gone).parts()
    assert not set(gone) & {*rows(parts.training), *rows(parts.validation)}
    assert rows(parts.evaluation) == rows(everything.evaluation)
    assert len(parts.training) == len(everything.training) - 7


def test_every_face_is_in_one_fold_which_has_not_met_its_person():
    seen = []
    for fold in range(3):
        parts = folds.Fold(limit=90, fold=fold, folds=3).parts()
        known = np.concatenate([parts.training.subject, parts.validation.subject])
        assert not set(parts.evaluation.subject) & set(known)
        assert sum(map(len, parts)) == 90
        seen += rows(parts.evaluation)
    assert sorted(seen) == list(range(90))
    with pytest.raises(ValueError, match="fold 3 of 3"):
        folds.Fold(limit=90, fold=3, folds=3).parts()


def test_what_is_different_has_another_key():
    plain = experiment.Experiment(data=experiment.Data(limit=90)).key
    data = [DATA, dataclasses.replace(DATA, faults=0.1), dataclasses.replace(DATA, left_out=(1,))]
    data += [folds.Fold(limit=90), folds.Fold(limit=90, fold=1), folds.Fold(limit=90, folds=4)]
    keys = [experiment.Experiment(data=each).key for each in data]
    assert len({plain, *keys}) == 7
    assert experiment.Experiment(data=dataclasses.replace(DATA)).key == keys[0]


def test_out_of_fold_is_in_the_order_of_the_set():
    data = dataclasses.replace(DATA, faults=0.1)
    described = experiment.Experiment(data=data, epochs=1, batch=16)
    found = suspects.out_of_fold(described, 2, shifts=[(0, 0)])
    assert np.isfinite(found.points).all()
    assert np.isfinite(found.spread).all()
    fold = folds.Fold(**dataclasses.asdict(data), fold=1, folds=2)
    part = fold.parts().evaluation
    alone = uncertainty.shake(runs.run(dataclasses.replace(described, data=fold)), part, [(0, 0)])
    np.testing.assert_allclose(found.points[part.attributes["row"]], alone.points, atol=1e-3)
    listed = suspects.rank(data.whole(), *found, 9)
    assert listed["row"].is_unique
    with pytest.raises(ValueError, match=r"data is Data; expected folds\.Spoilt"):
        suspects.out_of_fold(experiment.Experiment(data=experiment.Data(limit=90)))
