import types

import numpy as np
import pytest

from fkp_utils.evaluation import test_time_augmentation
from fkp_utils.recipes import pseudo_labels
from fkp_utils.training import data_views, experiment, runs


def taught(teacher, seed=3):
    return data_views.Data(limit=80, seed=seed).through(pseudo_labels.PseudoLabels(teacher))


def test_missing_training_labels_are_answered_and_no_other(monkeypatch):
    given = data_views.Data(limit=80, seed=3).parts()
    answers = np.random.default_rng(0).uniform(0, 95, given.training.points.shape)
    asked = []

    def predict(run, faces):
        asked.append((run.name, faces.source))
        return test_time_augmentation.Averaged(answers, np.zeros(answers.shape[:2]))

    monkeypatch.setattr(test_time_augmentation, "predict", predict)
    known = [types.SimpleNamespace(name=key, facts={"key": key}) for key in ("other", "abc")]
    monkeypatch.setattr(runs, "found", lambda: known)
    parts = taught("abc").parts()
    missing = np.isnan(given.training.points)
    assert missing.any()
    np.testing.assert_array_equal(parts.training.points[~missing], given.training.points[~missing])
    np.testing.assert_allclose(parts.training.points[missing], answers[missing], rtol=1e-6)
    assert parts.training.points.dtype == np.float32
    for held_back, before in zip(parts[1:], given[1:], strict=True):
        np.testing.assert_array_equal(held_back.points, before.points)
        np.testing.assert_array_equal(held_back.images[:], before.images[:])
    assert [name for name, _ in asked] == ["abc"]
    np.testing.assert_array_equal(asked[0][1], given.training.source)
    taught("abc").parts()
    assert len(asked) == 1, "asked again"


def test_a_teacher_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(runs, "found", list)
    with pytest.raises(ValueError, match="no run has the key 'none'; expected that of a trained teacher"):
        taught("none").parts()


def test_what_a_network_learns_depends_on_its_teacher():
    keys = {experiment.Experiment(data=taught(name)).key for name in ("a", "b")}
    assert len(keys | {experiment.Experiment(data=data_views.Data(limit=80)).key}) == 3
