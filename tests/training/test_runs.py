import dataclasses
import itertools
import math
import threading
import time
import types

import filelock
import keras
import numpy as np
import pandas as pd
import pytest

from fkp_utils import metrics
from fkp_utils.augmentation import augment
from fkp_utils.models import architectures, label_sources
from fkp_utils.system import devices, files
from fkp_utils.training import batches, checkpoint, data_views, experiment, loop, runs

DATA = data_views.Data(limit=80)
TINY = experiment.Experiment(data=DATA, epochs=2, batch=16)

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def _empty(tmp_path, monkeypatch):
    monkeypatch.setenv("FKP_RUNS", str(tmp_path))


@pytest.fixture(scope="module")
def trained(own_folders):
    return runs.run(dataclasses.replace(TINY, restarts=2, sources="apart"))


def test_parts_are_disjoint_and_keep_persons():
    parts = DATA.parts()
    assert sum(map(len, parts)) == 80
    persons = [set(part.subject.tolist()) for part in parts]
    assert all(first.isdisjoint(second) for first, second in itertools.combinations(persons, 2))


def test_a_run_keeps_every_restart_and_the_best_one(trained):
    assert trained.history.groupby("restart").size().tolist() == [2, 2]
    best = trained.restarts["validation"].idxmin()
    assert trained.restarts["kept"].tolist() == [number == best for number in range(2)]
    assert trained.restarts["seed"].tolist() == [0, 1]
    assert trained.seed == trained.restarts["seed"][best]


def test_the_kept_model_is_the_epoch_with_the_lowest_validation_error(trained):
    validation = DATA.parts().validation
    kept = trained.restarts[trained.restarts["kept"]].iloc[0]
    lowest = trained.history.loc[trained.history["restart"] == kept.name, "validation"].min()
    assert metrics.rmse(trained.predict(validation), validation.points) == pytest.approx(lowest, abs=0.01)
    assert kept["validation"] == pytest.approx(lowest)


def test_scores_are_those_of_its_predictions_on_given_labels(trained):
    faces = DATA.parts().evaluation
    predicted = trained.predict(faces)
    assert trained.scores["evaluation"]["mse"] == pytest.approx(metrics.mse(predicted, faces.points), rel=1e-4)
    assert trained.scores["evaluation"]["mae"] == pytest.approx(metrics.mae(predicted, faces.points), rel=1e-4)
    assert trained.scores["evaluation"]["all_mse"] > 0
    assert [trained.scores[part]["faces"] for part in trained.scores] == [len(part) for part in DATA.parts()]


def test_sources_apart_predict_their_own_points(trained):
    faces = DATA.parts().evaluation
    first, second = (dataclasses.replace(faces, source=np.full(len(faces), label)) for label in (0, 1))
    differs = (trained.predict(first) != trained.predict(second)).any((0, 2))
    names = [faces.keypoints.names[index] for index in np.nonzero(differs)[0]]
    assert names == list(label_sources.RELABELLED)


def test_labels_that_lie_aside_are_answered_and_not_learnt():
    offset = tuple((3.0, place / 10) for place in range(15))
    run, faces = runs.run(dataclasses.replace(TINY, offset=offset)), DATA.parts().evaluation
    assert run.offset == offset
    found = runs.predict(run.model(), faces, label_sources.together(faces.keypoints))
    np.testing.assert_allclose(run.predict(faces) - found, np.broadcast_to(offset, found.shape), atol=1e-4)
    assert run.scores["evaluation"]["mse"] == pytest.approx(metrics.mse(run.predict(faces), faces.points), rel=1e-4)


def test_it_is_found_and_not_trained_again(trained, monkeypatch):
    monkeypatch.setattr(loop, "train", None)
    again = runs.run(dataclasses.replace(TINY, restarts=2, sources="apart"))
    assert again.path == trained.path
    assert trained.path in [run.path for run in runs.found()]


@pytest.mark.usefixtures("_empty")
@pytest.mark.parametrize("damage", ["model.keras", "run.json", files.MANIFEST])
def test_a_damaged_run_is_trained_again_with_a_warning(damage):
    path = runs.run(TINY).path
    (path / damage).write_bytes((path / damage).read_bytes()[:-7])
    assert runs.found() == []
    with pytest.warns(UserWarning, match="is damaged; it is built again"):
        runs.run(TINY)
    assert [run.path for run in runs.found()] == [path]


@pytest.mark.usefixtures("_empty")
def test_another_process_is_waited_for(capsys, trained, monkeypatch):
    path = runs.folder() / f"lenet5-masked-{TINY.key}"
    found = []
    monkeypatch.setattr(runs._Training, "finish", lambda _: found.append("trained"))
    with filelock.FileLock(f"{path}.lock"):
        thread = threading.Thread(target=lambda: found.append(runs.run(TINY).path))
        thread.start()
        time.sleep(0.5)
        assert found == []
        with files.replacing(path, folder=True) as new:
            (new / "run.json").write_text((trained.path / "run.json").read_text())
            files.seal(new)
    thread.join(10)
    assert found == [path]
    assert "another process trains it; waiting" in capsys.readouterr().out


@pytest.mark.usefixtures("_empty")
def test_averaged_weights_are_those_that_are_validated_and_kept(monkeypatch):
    seen, own = [], []
    step, build = checkpoint.Checkpoint.step, checkpoint.Checkpoint.__init__

    def remembered(memory):
        own.append(memory.model.get_weights())
        step(memory)
        seen.append([mean.copy() for mean in memory.average])

    monkeypatch.setattr(checkpoint.Checkpoint, "step", remembered)
    monkeypatch.setattr(
        checkpoint.Checkpoint, "__init__", lambda *given: (build(*given), own.append(given[0].weights))[0]
    )
    run = runs.run(dataclasses.replace(TINY, epochs=1, ema=0.5))
    expected = own[0]
    for number, weights in enumerate(own[1:], 1):
        keep = min(0.5, number / (10 + number))
        expected = [keep * mean + (1 - keep) * weight for mean, weight in zip(expected, weights, strict=True)]
    for kept, last, mean in zip(run.model().get_weights(), seen[-1], expected, strict=True):
        np.testing.assert_allclose(kept, last)
        np.testing.assert_allclose(kept, mean, rtol=1e-4, atol=1e-5)
    validation = DATA.parts().validation
    assert metrics.rmse(run.predict(validation), validation.points) == pytest.approx(
        run.history["validation"][0], abs=0.01
    )


@pytest.mark.usefixtures("_empty")
def test_half_precision_is_for_learning_only(monkeypatch):
    built = []
    build = runs.build
    monkeypatch.setattr(runs, "build", lambda *given: built.append(build(*given)) or built[-1])
    run = runs.run(dataclasses.replace(TINY, model="small", epochs=1, precision="bfloat16"))
    assert [model.get_layer("stem").compute_dtype for model in built] == ["float32", "bfloat16"]
    assert keras.config.dtype_policy().name == "float32"
    assert {layer.compute_dtype for layer in run.model().layers} == {"float32"}
    validation = DATA.parts().validation
    assert metrics.rmse(run.predict(validation), validation.points) == pytest.approx(
        run.history["validation"][0], rel=0.03
    )


@pytest.mark.skipif(devices.compiles(), reason="every training is compiled")
def test_a_short_training_without_a_graph_learns_the_same(monkeypatch, tmp_path):
    compiled_eagerly, compile_trainer, histories = [], loop.compile_trainer, []

    def noted(model, *given):
        compile_trainer(model, *given)
        compiled_eagerly.append(model.run_eagerly)

    monkeypatch.setattr(loop, "compile_trainer", noted)
    for steps in (0, 1000):
        monkeypatch.setenv("FKP_RUNS", str(tmp_path / str(steps)))
        monkeypatch.setattr(loop, "EAGER", steps)
        run = runs.run(dataclasses.replace(TINY, augmentation=augment.STRONG, ema=0.5, dropout=0.2))
        histories.append(run.history[["training", "validation"]].to_numpy())
    assert compiled_eagerly == [False, True]
    np.testing.assert_allclose(*histories, rtol=1e-3)


def compiled(**changes):
    model = loop.trainer(architectures.build("lenet5", 2, (40, 60)), augment.NONE, (0, 1), 0)
    loop.compile_trainer(model, dataclasses.replace(TINY, **changes), 100)
    return model


def test_a_loss_in_half_images_is_that_of_coordinates_from_minus_one_to_one():
    pairs = np.array([[[30, 20, 60, 40], [0, np.nan, 30, 5]]], np.float32)
    pairs[0, 1, :2] = np.nan
    losses = [float(compiled(units=units).compute_loss(y=pairs, y_pred=pairs)) for units in ("pixels", "half_image")]
    assert losses == pytest.approx([(30**2 + 20**2) / 2, 1])


def test_one_cycle_rises_then_falls_to_nothing():
    rate = compiled(schedule="one_cycle", optimizer="sgd", learning_rate=0.5).optimizer._learning_rate
    rates = [float(rate(step)) for step in (0, 15, 30, 65, 100)]
    assert rates == pytest.approx([0.02, 0.26, 0.5, 0.25, 0], abs=0.005)


@pytest.mark.usefixtures("_empty")
def test_an_exploding_training_stops_and_names_the_experiment():
    wild = dataclasses.replace(TINY, optimizer="sgd", learning_rate=1e6)
    told = r"lenet5, masked, SGD 1e\+06: epoch 1 ends with .* lower learning rate than 1e\+06"
    with pytest.raises(loop.TrainingError, match=told):
        runs.run(wild)
    assert runs.found() == []


@pytest.mark.usefixtures("_empty")
def test_early_stopping_ends_before_all_epochs():
    stopped = runs.run(dataclasses.replace(TINY, epochs=40, patience=1, learning_rate=0.02))
    errors = stopped.history["validation"]
    assert len(errors) < 40
    assert errors.idxmin() == len(errors) - 2


@pytest.mark.usefixtures("_empty")
def test_pretrained_weights_are_where_a_training_starts(trained):
    first = dataclasses.replace(TINY, seed=5)
    start = runs.build(dataclasses.replace(TINY, pretrained=first), DATA.parts(), seed=1)
    for ours, theirs in zip(start.get_weights(), runs.run(first).model().get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.usefixtures("_empty")
def test_frozen_epochs_leave_the_backbone_as_it_was():
    frozen = dataclasses.replace(TINY, model="small", frozen_epochs=2)
    before = {layer.name: layer.get_weights() for layer in runs.build(frozen, DATA.parts(), 0).layers}
    changed = {
        layer.name
        for layer in runs.run(frozen).model().layers
        if any((a != b).any() for a, b in zip(layer.get_weights(), before[layer.name], strict=True))
    }
    assert changed
    assert all(name.startswith("head") for name in changed)


def test_a_training_that_was_stopped_repeats_no_frozen_epoch(tmp_path, monkeypatch):
    frozen = dataclasses.replace(TINY, model="small", epochs=4, frozen_epochs=2)
    monkeypatch.setattr(checkpoint, "SAVE_EVERY", 0)
    added, add = [], checkpoint.Checkpoint.add

    def stops(memory, epoch):
        add(memory, epoch)
        added.append(len(memory.epochs))
        if added == [1, 2, 3]:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.Checkpoint, "add", stops)
    monkeypatch.setenv("FKP_RUNS", str(tmp_path / "stopped"))
    with pytest.raises(KeyboardInterrupt):
        runs.run(frozen)
    found = [runs.run(frozen)]
    assert added == [1, 2, 3, 4]
    monkeypatch.setenv("FKP_RUNS", str(tmp_path / "unbroken"))
    found.append(runs.run(frozen))
    np.testing.assert_allclose(*(run.history[["training", "validation"]] for run in found), rtol=1e-3)


def test_weights_are_known_by_what_they_are(tmp_path):
    keys = []
    for name, content in (("a.h5", b"old"), ("b.h5", b"old"), ("a.h5", b"new")):
        (tmp_path / name).write_bytes(content)
        keys.append(dataclasses.replace(TINY, weights=str(tmp_path / name)).key)
    assert keys[0] == keys[1] != keys[2]


def test_missing_labels_are_masked_filled_or_dropped():
    training_faces = DATA.parts().training
    masked, dropped, filled = (
        loop.learnable(dataclasses.replace(TINY, missing=missing), training_faces)
        for missing in ("mask", "drop", "median")
    )
    assert masked is training_faces
    assert 0 < len(dropped) < len(masked)
    assert dropped.given.all()
    assert filled.given.all()
    np.testing.assert_array_equal(filled.points[training_faces.given], training_faces.points[training_faces.given])


def test_batches_of_an_epoch_are_the_same_each_time_and_hold_every_face_once():
    faces = DATA.parts().training
    orders = []
    for first, epoch in ((0, 0), (0, 1), (1, 0)):
        read = batches.Batches(faces.images, faces.points, 16, seed=3, first=first)
        steps = range(epoch * read.steps, (epoch + 1) * read.steps)
        orders.append(np.concatenate([read[index][1] for index in steps]))
    np.testing.assert_array_equal(orders[1], orders[2])
    assert (orders[0] != orders[1])[~np.isnan(orders[0] + orders[1])].any()
    np.testing.assert_allclose(np.nansum(orders[0]), np.nansum(faces.points), rtol=1e-5)


def test_the_seconds_left_are_those_of_all_restarts_and_not_of_the_first_step(monkeypatch):
    now, told = iter([0.0, 30.0, 31.0, 32.0]), []
    monkeypatch.setattr(loop.time, "monotonic", lambda: next(now))
    memory = types.SimpleNamespace(epochs=[], step=lambda: None)
    described = dataclasses.replace(TINY, epochs=2, restarts=3)
    watch = loop._Watch(described, 10, memory, (), told.append, further=2)
    for batch in range(3):
        watch.on_train_batch_end(batch)
    assert told == ["epoch 1/2", "epoch 1/2 · 58 s left", "epoch 1/2 · 57 s left"]


def test_the_key_knows_what_shapes_a_training():
    keys = {TINY.key}
    for change in (
        {"epochs": 3}, {"seed": 1}, {"missing": "knn"}, {"augmentation": augment.STANDARD}, {"loss": "wing"},
        {"data": dataclasses.replace(DATA, seed=1)}, {"pretrained": TINY}, {"restarts": 2}, {"model": "small"},
        {"offset": ((1.2, 0.0),) * 15},
    ):  # fmt: skip
        keys.add(dataclasses.replace(TINY, **change).key)
    assert len(keys) == 11
    assert dataclasses.replace(TINY, epochs=2).key == TINY.key


def test_labels_tell_what_is_unusual():
    described = dataclasses.replace(
        TINY, missing="forward_fill", sources="apart", augmentation=augment.STANDARD, weights="imagenet", dropout=0.1,
        ema=0.9,
    )  # fmt: skip
    expected = "lenet5, ImageNet, forward fill, sources apart, augmented, drop-out 0.1, averaged weights"
    assert described.label == expected
    described = dataclasses.replace(
        TINY, optimizer="sgd", learning_rate=0.42, schedule="one_cycle", offset=((-1.2, 0.1),) * 15
    )
    assert described.label == "lenet5, masked, labels -1.2 px aside, SGD 0.42, one cycle"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "alexnet"}, "model is 'alexnet'; expected one of lenet5"),
        ({"missing": "guess"}, "missing is 'guess'; expected one of mask, drop, forward_fill"),
        ({"loss": "hubert"}, "loss is 'hubert'"),
        ({"units": "inches"}, "units is 'inches'; expected one of pixels, half_image"),
        ({"epochs": 0}, "epochs is 0; expected at least 1"),
        ({"dropout": 1.0}, r"dropout is 1\.0; expected a share from 0 to below 1"),
        ({"ema": -0.1}, r"ema is -0\.1; expected a share"),
        ({"offset": ((1.0, math.nan),)}, r"offset is \(\(1\.0, nan\),\); expected x and y in pixels of each keypoint"),
        ({"frozen_epochs": 5}, "frozen_epochs 5 of 2"),
    ],
)
def test_unknown_values_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TINY, **change)


def test_history_and_restarts_are_tables(trained):
    assert isinstance(trained.history, pd.DataFrame)
    assert trained.history.columns.tolist() == ["restart", "epoch", "training", "validation", "seconds"]
    assert isinstance(trained.model(), keras.Model)
