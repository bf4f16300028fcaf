import types

import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces as face_sets
from fkp_utils import keypoints, profiles
from fkp_utils.lessons.best_model import steps
from fkp_utils.recipes import best_model
from fkp_utils.training import data_views

POINTS = np.random.default_rng(0).uniform(20, 70, (40, 15, 2))
FACES = face_sets.Faces(np.zeros((40, 4, 4, 1), np.uint8), POINTS, keypoints.KAGGLE_15)
FIRST, MUON = "LeNet-5, masked loss", "Muon"
PREDICTED = {
    name: POINTS + np.random.default_rng(seed).normal(0, size, POINTS.shape)
    for seed, (name, size) in enumerate({FIRST: 4, MUON: 2, steps.VIEWS: 3}.items())
}
ROWS = [("everything", 1.3, 0.0, 0.02), ("without Muon: Adam", 1.315, 0.015, 0.003)]
LONG = pd.DataFrame(ROWS, columns=["name", "rmse", "change", "sd"]).assign(seeds=3), "photos"


def test_all_steps_of_the_recipe_are_named():
    described = best_model.steps(data_views.Data(limit=80), profiles.profile("quick"), 6)
    assert [name for name in steps.ALL if name in described] == list(described)
    assert set(steps.ALL) - set(described) == {steps.OFFSET, steps.VIEWS}


def test_a_step_is_told_against_the_one_before():
    first = steps.sentences(FIRST, PREDICTED, FACES, LONG, repeats=50)
    assert first.startswith("**What to see.** The RMSE is ")
    assert "before" not in first
    text = steps.sentences(MUON, PREDICTED, FACES, LONG, repeats=50)
    assert f"({FIRST})" in text
    assert "so the step pays." in text
    assert "In the long runs on photos, the error without it is 0.015 px higher (95% interval" in text
    assert "so the step costs." in steps.sentences(steps.VIEWS, PREDICTED, FACES, repeats=50)
    text = steps.sentences("heat maps", PREDICTED, FACES, None, "left out by the smoke profile")
    assert text == "**What to see.** On this page the step is left out by the smoke profile."


def test_changes_and_their_summary():
    change = steps.changes(PREDICTED, FACES, 50)
    assert list(change) == [MUON, steps.VIEWS]
    assert change[MUON].high < 0 < change[steps.VIEWS].low
    text = steps.summary(dict.fromkeys(PREDICTED, change[MUON]), change)
    assert "In 2 steps" in text
    assert "Steps that pay: *Muon* (-" in text
    assert "Steps that cannot be told: none." in text


def test_the_table_has_a_row_for_each_step_and_why_one_is_left_out(monkeypatch):
    monkeypatch.setattr(best_model, "seconds", lambda run: run.facts["seconds"])
    run = types.SimpleNamespace(facts={"seconds": 12.0, "parameters": 1234})
    trained = dict.fromkeys((FIRST, MUON), run)
    change = steps.changes(PREDICTED, FACES, 20)
    error = dict.fromkeys(PREDICTED, change[MUON])
    found = steps.table(trained, error, change, data_views.Data(limit=80), profiles.profile("quick"))
    assert list(found.index) == [f"{number}  {name}" for number, name in enumerate(steps.ALL)]
    assert tuple(found.columns) == steps.COLUMNS
    assert found.loc["6  Muon", ["verdict", "parameters", "seconds, all in all"]].tolist() == ["pays", "1,234", "12"]
    assert found.loc["10  mean of ten views", "seconds, all in all"] == "12"
    assert found.loc["8  offset of the labels", "verdict"] == "left out: synthetic labels have no offset"


@pytest.mark.parametrize(
    ("name", "profile", "expected"),
    [
        (steps.OFFSET, "quick", "no offset was found"),
        (steps.PUPIL, "quick", "no label is missing"),
        (MUON, "smoke", "left out by the smoke profile"),
    ],
)
def test_the_reason_of_a_step_that_is_left_out(name, profile, expected):
    parts = types.SimpleNamespace(training=FACES)
    data = types.SimpleNamespace(name="kaggle", parts=lambda: parts)
    assert steps.reason(name, data, profiles.profile(profile)).endswith(expected)
