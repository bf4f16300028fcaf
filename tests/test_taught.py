import types

import numpy as np
import pytest

from fkp_utils import experiment, runs, taught, uncertainty


@pytest.fixture(autouse=True)
def _own_parts():
    yield
    taught._parts.cache_clear()


def test_missing_training_labels_are_answered_and_no_other(monkeypatch):
    data = taught.Taught(limit=80, seed=3, teacher="abc")
    given = experiment.Data(limit=80, seed=3).parts()
    answers = np.random.default_rng(0).uniform(0, 95, given.training.points.shape)
    asked = []

    def shake(run, faces):
        asked.append((run.name, faces.source))
        return uncertainty.Shaken(answers, np.zeros(answers.shape[:2]))

    monkeypatch.setattr(uncertainty, "shake", shake)
    known = [types.SimpleNamespace(name=key, facts={"key": key}) for key in ("other", "abc")]
    monkeypatch.setattr(runs, "found", lambda: known)
    parts = data.parts()
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
    data.parts()
    assert len(asked) == 1, "asked again"


def test_a_teacher_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(runs, "found", list)
    with pytest.raises(ValueError, match="no run has the key 'abc'; expected that of a trained teacher"):
        taught.Taught(limit=80, teacher="abc").parts()


def test_what_a_network_learns_depends_on_its_teacher():
    keys = {experiment.Experiment(data=taught.Taught(limit=80, teacher=name)).key for name in ("a", "b")}
    assert len(keys | {experiment.Experiment(data=experiment.Data(limit=80)).key}) == 3
