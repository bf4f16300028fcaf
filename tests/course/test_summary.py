import copy
import dataclasses
import json
import pathlib

import numpy as np
import pytest

from fkp_utils import metrics, profiles
from fkp_utils.augmentation import augment
from fkp_utils.course import summary
from fkp_utils.evaluation import baselines
from fkp_utils.recipes import earlier_networks
from fkp_utils.system import places
from fkp_utils.training import data_views, experiment, runs

DATA = data_views.Data(limit=80)
TINY = experiment.Experiment(data=DATA, epochs=2, batch=32, restarts=2, missing="median", dropout=0.1)

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture(scope="module")
def trained(own_folders):
    return runs.run(TINY)


def like(run, described, mse=5.0, **facts):
    """A run of the experiment `described` as it would stand on disk, with the evaluation error `mse`."""
    changed = copy.deepcopy(run.facts) | {"label": described.label, "described": described.described()} | facts
    changed["scores"]["evaluation"]["mse"] = mse
    return runs.Run(pathlib.Path(described.key), changed)


def test_a_row_is_what_the_run_and_the_earlier_report_say(trained):
    found = summary.row(trained)
    kept = trained.restarts[trained.restarts["kept"]].iloc[0]
    assert found["variant"] == "lenet5, median, drop-out 0.1"
    assert (found["epochs"], found["restarts"], found["parameters"]) == (kept["best_epoch"], 2, 943_054)
    assert found["eval mse"] == trained.scores["evaluation"]["mse"] == pytest.approx(kept["evaluation"] ** 2, rel=1e-3)
    assert found["train all mae"] == trained.scores["training"]["all_mae"]
    assert found["eval rmse"] == pytest.approx(trained.restarts["evaluation"].mean())
    assert found["sd"] == pytest.approx(trained.restarts["evaluation"].std())
    assert (found["earlier mse"], found["earlier mae"]) == (13.61, 2.52)


def test_one_restart_has_no_spread(trained):
    one = copy.deepcopy(trained.facts)
    one["restarts"], one["kept"] = one["restarts"][:1], 0
    assert summary.row(runs.Run(trained.path, one))["sd"] is None


def test_baselines_stand_in_the_table_with_their_own_errors(trained):
    table = summary.table([trained], DATA).set_index("variant")
    assert set(table.index) == {"mean points", "nearest faces", "lenet5, median, drop-out 0.1"}
    parts = DATA.parts()
    predicted = baselines.MeanPoints().fit(parts.training).predict(parts.evaluation)
    mean = table.loc["mean points"]
    assert mean["eval mse"] == pytest.approx(metrics.mse(predicted, parts.evaluation.points))
    assert mean["val mae"] == pytest.approx(metrics.mae(
        baselines.MeanPoints().fit(parts.training).predict(parts.validation), parts.validation.points
    ))  # fmt: skip
    assert table.loc["nearest faces", "earlier mse"] == 17.24
    assert mean[["restarts", "parameters"]].isna().all()
    assert table["eval mse"].is_monotonic_increasing


def test_runs_on_other_faces_and_of_other_code_are_left_out(trained):
    others = [
        like(trained, dataclasses.replace(TINY, data=dataclasses.replace(DATA, seed=1))),
        like(trained, dataclasses.replace(TINY, data=dataclasses.replace(DATA, limit=90))),
    ]
    old = like(trained, dataclasses.replace(TINY, seed=9))
    old.facts["described"]["code"] = "0" * 16
    gone = like(trained, dataclasses.replace(TINY, seed=8))
    gone.facts["described"]["model"] = "alexnet"
    assert len(summary.table([trained, *others, old, gone], DATA)) == 3
    assert len(summary.table([trained, *others, old, gone])) == 3
    assert summary.is_current(trained)
    assert not summary.is_current(old)
    with pytest.raises(ValueError, match="no run to show"):
        summary.table([old])


def test_equal_labels_tell_what_is_different(trained):
    changes = [
        {},
        {"learning_rate": 0.01, "epochs": 3},
        {"augmentation": augment.Augmentation(rotate=5)},
        {"augmentation": augment.Augmentation(rotate=20)},
        {"augmentation": augment.STANDARD},
    ]
    described = [dataclasses.replace(TINY, **change) for change in changes]
    label = TINY.label
    rotated = described[2].label
    assert rotated == described[3].label
    assert summary.names([like(trained, each) for each in described]) == [
        f"{label}, learning rate 0.001, epochs 2",
        f"{label}, learning rate 0.01, epochs 3",
        f"{rotated}, rotate 5",
        f"{rotated}, rotate 20",
        described[4].label,
    ]
    assert summary.names([trained]) == [label]


def test_a_page_shows_one_kind_of_labels(trained):
    table = summary.table([trained], DATA)
    given, every = summary.show(table), summary.show(table, "all")
    assert given.data.columns.tolist()[1:7] == ["train mse", "val mse", "eval mse", "train mae", "val mae", "eval mae"]
    row = table.index[table["variant"] == "lenet5, median, drop-out 0.1"][0]
    assert given.data.loc[row, "eval mse"] == table.loc[row, "eval mse"]
    assert every.data.loc[row, "eval mse"] == table.loc[row, "eval all mse"]
    page = given.to_html()
    assert "943,054" in page
    assert "13.61" in page
    assert "–" in page, "baselines have no parameters"
    assert "nan" not in page.lower()
    assert "<NA>" not in page
    with pytest.raises(ValueError, match="labels is 'some'; expected 'given' or 'all'"):
        summary.show(table, "some")


def test_a_set_without_gaps_has_no_errors_on_filled_labels(trained):
    whole = like(trained, TINY)
    for scores in whole.facts["scores"].values():
        scores.pop("all_mse", None), scores.pop("all_mae", None)
    table = summary.table([whole])
    assert table["eval all mse"].isna().all()
    assert "–" in summary.show(table, "all").to_html()


def test_what_is_published_is_read_again_with_where_it_is_from(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "RESULTS", tmp_path)
    assert summary.published("variants") is None
    better = like(trained, dataclasses.replace(TINY, missing="knn"), 0.5)
    elsewhere = like(trained, dataclasses.replace(TINY, data=dataclasses.replace(DATA, seed=1)))
    path = summary.publish("variants", iter([trained, better, elsewhere]), DATA, "full")
    facts = json.loads(path.read_text())
    assert facts["data"]["limit"] == 80
    assert facts["data"]["fingerprint"] == DATA.described()["fingerprint"]
    assert len(facts["codes"]) == 1
    assert "NaN" not in path.read_text()
    table, source = summary.published("variants")
    assert table["variant"].tolist()[0] == "lenet5, knn, drop-out 0.1"
    assert len(table) == 4
    parts = [len(part) for part in DATA.parts()]
    assert source.startswith(
        f"synthetic ({parts[0]} training, {parts[1]} validation, {parts[2]} evaluation faces), full, "
    )
    assert source.endswith(trained.facts["date"][:10])
    assert "–" in summary.show(table).to_html()
    ours = table.set_index("variant").loc[trained.label]
    assert ours["eval mse"] == pytest.approx(trained.scores["evaluation"]["mse"], rel=1e-4)


def test_nothing_is_published_of_no_run(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "RESULTS", tmp_path)
    with pytest.raises(ValueError, match="no run on these synthetic faces to publish as 'variants'"):
        summary.publish("variants", [trained], dataclasses.replace(DATA, seed=3), "full")
    assert list(tmp_path.iterdir()) == []


def test_the_shared_experiment_of_a_profile_is_on_its_faces(trained):
    described = earlier_networks.experiment_of("lenet5", DATA, profiles.PROFILES["smoke"])
    assert summary.on(like(trained, described), DATA)
    assert not summary.on(like(trained, described), data_views.Data(limit=240))


def test_missing_numbers_stay_missing_in_json(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "RESULTS", tmp_path)
    rows = json.loads(summary.publish("variants", [trained], DATA, "smoke").read_text())["rows"]
    mean = next(row for row in rows if row["variant"] == "mean points")
    assert mean["parameters"] is None
    assert mean["sd"] is None
    assert np.isfinite(mean["eval mse"])


def test_long_runs_are_listed_with_where_they_come_from(tmp_path):
    facts = {"data": {"name": "kaggle"}, "faces": {"training": 2441}, "profile": "full", "date": "2026-01-02T03"}
    facts |= {"device": "GPU"}
    (tmp_path / "variants.json").write_text(json.dumps(facts | {"rows": []}))
    (tmp_path / "claims.json").write_text("{}")
    assert summary.long_runs(tmp_path).values.tolist() == [
        ["variants", "kaggle", "2,441 training", "full", "GPU", "2026-01-02"]
    ]
    assert summary.long_runs(tmp_path / "nothing").empty
