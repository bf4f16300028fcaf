import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.lessons.regularisation_and_learning_rate import sweeps
from fkp_utils.plots import training_plots
from fkp_utils.training import data_views, experiment

ERRORS = {"a": np.array([1.0, 1.2]), "b": np.array([2.0, 2.2]), "c": np.array([1.1])}


def test_the_spread_is_that_within_trainings():
    sd, freedom = sweeps.spread(ERRORS)
    assert (sd, freedom) == (pytest.approx(math.sqrt(0.02)), 2)
    assert math.isnan(sweeps.spread({"c": np.array([1.1])})[0])


def test_intervals_narrow_with_restarts_and_need_some():
    found = sweeps.intervals(ERRORS)
    half = {name: each.high - each.value for name, each in found.items()}
    assert half["c"] == pytest.approx(4.3027 * math.sqrt(0.02), rel=1e-4)  # t of two degrees of freedom
    assert half["a"] == half["b"] == pytest.approx(half["c"] / math.sqrt(2))
    lone = sweeps.intervals({"c": np.array([1.1])})["c"]
    assert lone == metrics.Estimate(1.1, 1.1, 1.1)


def test_a_true_difference_is_within_its_interval_as_often_as_it_says():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        errors = {name: random.normal(mean, 0.3, 2) for name, mean in (("a", 1), ("b", 1.5), ("c", 3))}
        found = sweeps.difference(errors, "a", "b")
        hits += found.low <= -0.5 <= found.high
    assert 0.92 <= hits / 400 <= 0.98


def test_luck_is_what_two_restarts_differ_by():
    random = np.random.default_rng(0)
    errors = {name: random.normal(name, 0.3, 2) for name in range(200)}
    found = sweeps.luck(errors)
    assert found.low < found.value < found.high
    assert found.low < 1.96 * math.sqrt(2) * 0.3 < found.high
    differences = np.abs(np.diff(random.normal(0, 0.3, (2000, 2)))[:, 0])
    assert (differences < found.value).mean() == pytest.approx(0.95, abs=0.03)
    with pytest.raises(ValueError, match="none of 1 trainings was restarted"):
        sweeps.luck({"c": np.array([1.1])})


@pytest.mark.parametrize(
    ("first", "second", "persons", "expected"),
    [
        ("a", "b", None, True),
        ("b", "a", None, False),
        ("a", "c", None, None),
        ("a", "b", metrics.Estimate(-1, -1.5, -0.5), True),
        ("a", "b", metrics.Estimate(-0.1, -0.5, 0.5), None),
        ("a", "b", metrics.Estimate(1, 0.5, 1.5), None),
    ],
)
def test_lower_needs_restarts_and_persons(first, second, persons, expected):
    assert sweeps.is_lower(ERRORS, first, second, persons).holds is expected
    once = {name: each[:1] for name, each in ERRORS.items()}
    assert sweeps.is_lower(once, first, second, persons).holds is None


@pytest.mark.parametrize(
    ("second", "persons", "lower", "higher"),
    [
        ((2.01, 2.0), metrics.Estimate(0.0, -0.08, 0.08), False, False),  # both intervals lie within a tenth of a pixel
        ((2.01, 2.0), metrics.Estimate(0.0, -0.12, 0.08), None, False),  # the persons may be lower by more
        ((2.2, 1.8), metrics.Estimate(0.0, -0.08, 0.08), None, None),  # the restarts may
        ((2.01, 2.0), None, False, False),
    ],
)
def test_a_difference_that_is_too_small_is_none_either_way(second, persons, lower, higher):
    errors = {"a": np.array([2.0, 2.01]), "b": np.array(second)}
    found = sweeps.is_lower(errors, "a", "b", persons)
    assert (found.holds, (~found).holds) == (lower, higher)


@pytest.fixture(scope="module")
def trainings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweeps")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FKP_RUNS", str(folder / "runs"))
        patch.setenv("FKP_CACHE", str(folder / "cache"))
        data = data_views.Data(limit=120, fractions=(0.5, 0.2, 0.3))
        data = data.through(data_views.Complete(), data_views.Resized(24, 24))
        usual = experiment.Experiment(
            data, "three_conv", missing="drop", units="half_image", optimizer="sgd", learning_rate=0.1, epochs=2
        )
        found = sweeps.Trainings(usual, usual.data.parts().evaluation, scale=4, repeats=20)
        found.train("usual", restarts=2)
        found.train("same", restarts=2)
        found.train("wild", learning_rate=1e9)
        yield found


def test_trainings_keep_scaled_errors_and_leave_out_what_explodes(trainings, capsys):
    assert set(trainings.errors) == {"usual", "same"}
    run, faces = trainings.runs["usual"], trainings.faces
    np.testing.assert_allclose(trainings.errors["usual"], 4 * run.restarts["evaluation"])
    kept = 4 * metrics.rmse(trainings.predicted["usual"], faces.points)
    assert kept == pytest.approx(trainings.errors["usual"][run.facts["kept"]], rel=1e-3)
    assert trainings.lower("usual", "same").holds is None
    assert trainings.lower("usual", "wild").holds is None
    assert trainings.change("usual", "same").startswith("RMSE changes by 0.00 [")
    assert trainings.change("usual", "wild") == "one of the two did not train"
    assert trainings.text(["usual", "wild"]).startswith("usual ")
    assert [len(each) for each in trainings.curves("usual")] == [2, 2]
    np.testing.assert_allclose(trainings.curves("usual")[0], 4 * run.history["validation"][:2])
    assert trainings.curves("wild") == []


def test_one_line_stands_for_several_trainings(trainings):
    told = trainings.train_all({"usual": {"restarts": 2}, "wild": {"learning_rate": 1e9}})
    seconds = trainings.runs["usual"].facts["seconds"]
    assert told == (
        f"Trainings: 1, with 2 restarts in all, in {seconds:.0f} s. Left out, because their errors exploded: wild."
    )
    assert trainings.train_all({"same": {"restarts": 2}}).endswith(" s.")


def test_a_training_under_two_names_counts_once(trainings):
    assert sweeps.spread(trainings.errors)[1] == 1


def test_specialists_are_joined(trainings):
    groups = sweeps.regions(trainings.faces.keypoints)
    parameters = trainings.train_specialists("joined", groups)
    assert parameters > 2 * trainings.runs["usual"].facts["parameters"]
    error = 4 * metrics.rmse(trainings.predicted["joined"], trainings.faces.points)
    assert trainings.errors["joined"] == pytest.approx([error], rel=1e-3)
    del trainings.errors["joined"]


def test_an_estimate_without_an_interval_shows_none():
    assert sweeps.in_words(metrics.Estimate(1, 1, 1)) == "1.00"
    assert sweeps.in_words(metrics.Estimate(1, 0.5, 2)) == "1.00 [0.50, 2.00]"


def test_the_curve_joins_the_rates_and_names_the_others():
    axes = plt.figure().subplots()
    value = metrics.Estimate(1, 0.5, 2)
    training_plots.rate_curve(axes, dict.fromkeys((1.0, 0.1, 0.12, 0.14), value), {"Adam": value, "one cycle": value})
    assert axes.get_xscale() == "log"
    assert [line.get_xdata().tolist() for line in axes.lines if len(line.get_xdata()) == 4] == [[0.1, 0.12, 0.14, 1.0]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.1", "0.14", "1", "Adam", "one cycle"]
    assert axes.get_xticks().tolist() == [0.1, 0.14, 1, 2, 4]
    plt.close("all")


def test_regions_share_the_points_among_themselves_and_keep_twins():
    for whole in (keypoints.KAGGLE_15, keypoints.CELEBA_5, keypoints.IMM_58, keypoints.LANDMARKS_68):
        found = sweeps.regions(whole)
        assert sorted(name for names in found.values() for name in names) == sorted(whole.names)
        for names in found.values():
            assert {whole.names[whole.mirror[whole.index(name)]] for name in names} == set(names)
    assert {region: len(names) for region, names in sweeps.regions(keypoints.KAGGLE_15).items()} == {
        "eyes": 6, "brows": 4, "nose and mouth": 5
    }  # fmt: skip


def test_half_images():
    assert sweeps.half_image(24, 48) == 1
    assert sweeps.half_image(1.42, 96) == pytest.approx(0.00088, abs=1e-5)  # the report's own conversion


def test_the_best_and_those_like_it():
    assert sweeps.like_the_best(ERRORS, ["b", "a", "c", "d"]) == ("a", ["a", "c"])
    assert sweeps.is_clear(sweeps.difference(ERRORS, "a", "b"))
    assert not sweeps.is_clear(sweeps.difference(ERRORS, "a", "c"))
    assert not sweeps.is_clear(metrics.Estimate(1, 1, 1))
    assert sweeps.listed({"a": 1, "b": 2.5}, ".2f") == "a 1.00, b 2.50"


def test_a_face_that_looks_aside():
    points = np.tile(np.arange(5.0)[:, None] + [0, 0], (3, 1, 1)).astype(float)
    points[:, :3] = [[60, 30], [30, 30], [45, 50]]  # left eye, right eye, nose: it looks ahead
    points[1, 2, 0] += 6  # a fifth of the distance of the eyes
    points[2, 2, 0] += 6
    points[2, 4] = np.nan
    some = faces.Faces(np.zeros((3, 96, 96, 1), np.uint8), points, keypoints.CELEBA_5)
    np.testing.assert_array_equal(sweeps.half_turned(some).points, points[1:2])
