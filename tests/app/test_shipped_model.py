import json
import os
import pathlib
import shutil
import types
import zipfile

import keras
import numpy as np
import pytest

import fkp_utils
from fkp_utils import keypoints, metrics
from fkp_utils.app import prediction, shipped_model
from fkp_utils.datasets import loading
from fkp_utils.datasets.synthetic import generator
from fkp_utils.evaluation import test_time_augmentation
from fkp_utils.recipes import dense_landmarks, sim_to_real
from fkp_utils.system import places
from fkp_utils.training import data_views

DATA = pathlib.Path(os.environ.get("FKP_DATA") or places.CHECKOUT.parent / "shared" / "data")
FACTS = json.loads(shipped_model.FACTS.read_text())
NEWER = shipped_model.NEWER


def test_it_answers_right_after_installation():
    faces = loading.load("synthetic", limit=64)
    for row in (3, 8, 21):
        found = fkp_utils.predict(faces.images[row, :, :, 0])
        assert np.sqrt(((found.points - faces.truth[row]) ** 2).sum(axis=1)).mean() < 4


def test_it_is_small_and_its_card_says_what_it_is():
    size = prediction.SHIPPED.stat().st_size
    assert size == FACTS["bytes"] <= 4_000_000
    assert prediction.load().count_params() == FACTS["parameters"]
    card = shipped_model.CARD.read_text()
    assert f"RMSE {FACTS['scores']['kaggle']['rmse']:.2f} px" in card
    assert f"NME {FACTS['scores']['wild']['nme']:.2f}%" in card


def test_it_is_as_good_on_photos_as_its_card_says():
    if not (DATA / "kaggle_layout").is_dir() or not (DATA / "faces_300w" / "helen_train").is_dir():
        pytest.skip("no photos: FKP_DATA names no folder with kaggle_layout and faces_300w/helen_train")
    known = sim_to_real.photos(DATA / "kaggle_layout")
    shares = {points: prediction.share_of_crop(68, points) for points in prediction.SETS}
    folder = DATA / "faces_300w" / "helen_train"
    wild = [shipped_model.crops(folder, points, share)[0] for points, share in shares.items()]
    found = shipped_model.scores(prediction.load(), known, wild)
    assert found["kaggle"]["rmse"] <= 1.02 * FACTS["scores"]["kaggle"]["rmse"]
    for photos in ("wild", "wild, 68 points"):
        assert found[photos]["nme"] <= 1.02 * FACTS["scores"][photos]["nme"]


def test_it_learns_the_68_points_of_the_faces_that_the_others_learn_15_of():
    data = data_views.Data(limit=64)
    dense = data.through(dense_landmarks.Landmarks68()).parts()
    for part in dense:
        assert part.keypoints == keypoints.LANDMARKS_68
        assert part.given.all()
    assert not set(dense.training.subject) & set(dense.evaluation.subject)
    with pytest.raises(ValueError, match="the faces are of kaggle; expected synthetic ones"):
        data_views.Data("kaggle").through(dense_landmarks.Landmarks68()).faces()


def test_what_it_is_made_from_must_be_there(tmp_path, capsys):
    assert shipped_model.main(["--kaggle", str(tmp_path), "--wild", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_a_run_is_written_with_a_card_of_its_own_scores(tmp_path):
    shutil.copyfile(prediction.SHIPPED, tmp_path / "model.keras")
    described = {"data": {"limit": 16_000}, "epochs": 10, "model": "heatmap_half"}
    facts = {"described": described, "seconds": 9.0, "parameters": 199_781, "key": "abc", "versions": {"keras": "3"}}
    faces = loading.load("synthetic", limit=64).select(np.arange(24))
    dense = generator.load(limit=24, points_of=keypoints.LANDMARKS_68)
    folder = tmp_path / "weights"
    about = shipped_model.write(types.SimpleNamespace(path=tmp_path, facts=facts), folder)
    shipped_model.write_card(about, faces, [dense.to(keypoints.KAGGLE_15), dense], folder)
    assert (folder / prediction.SHIPPED.name).read_bytes() == prediction.SHIPPED.read_bytes()
    told = json.loads((folder / shipped_model.FACTS.name).read_text())
    points = test_time_augmentation.predict(prediction.as_run(prediction.load()), faces).points
    assert told["scores"]["kaggle"]["rmse"] == pytest.approx(metrics.rmse(points, faces.points), rel=1e-4)
    assert told["scores"]["wild"]["faces"] == told["scores"]["wild, 68 points"]["faces"] == 24
    assert f"RMSE {told['scores']['kaggle']['rmse']:.2f} px" in (folder / shipped_model.CARD.name).read_text()


def test_the_model_that_is_there_is_measured_again_and_stays(tmp_path, monkeypatch):
    folder = shutil.copytree(prediction.SHIPPED.parent, tmp_path / "weights")
    model = prediction.SHIPPED.read_bytes()
    faces = loading.load("synthetic", limit=64).select(np.arange(24))
    dense = generator.load(limit=24, points_of=keypoints.LANDMARKS_68)
    monkeypatch.setattr(prediction, "SHIPPED", folder / prediction.SHIPPED.name)
    monkeypatch.setattr(shipped_model, "FACTS", folder / shipped_model.FACTS.name)
    monkeypatch.setattr(shipped_model, "CARD", folder / shipped_model.CARD.name)
    monkeypatch.setattr(sim_to_real, "photos", lambda root: faces)
    monkeypatch.setattr(shipped_model, "crops", lambda root, points, share: (dense.to(prediction.SETS[points]), None))
    assert shipped_model.main(["--kaggle", "a", "--wild", "b", "--card"]) == 0
    again = json.loads((folder / shipped_model.FACTS.name).read_text())
    assert {name: value for name, value in again.items() if name != "scores"} == {
        name: value for name, value in FACTS.items() if name != "scores"
    }
    assert again["scores"]["kaggle"]["faces"] == 24
    assert (folder / prediction.SHIPPED.name).read_bytes() == model


def test_older_versions_of_keras_load_what_is_written(tmp_path):
    source, copy = tmp_path / "model.keras", tmp_path / "copy.keras"
    layers = [keras.layers.Input((4, 4, 1)), keras.layers.Conv2D(2, 3), keras.layers.BatchNormalization()]
    model, image = keras.Sequential(layers), np.random.default_rng(0).random((2, 4, 4, 1), np.float32)
    model.save(source)
    shipped_model.copy_for_older_keras(source, copy)
    np.testing.assert_array_equal(keras.models.load_model(copy)(image), model(image))
    for path in (copy, prediction.SHIPPED):
        assert not any(f'"{name}":' in configuration(path) for settings in NEWER.values() for name in settings)


def test_a_setting_that_changes_something_is_kept(tmp_path):
    source, copy = tmp_path / "model.keras", tmp_path / "copy.keras"
    layer = {"class_name": "BatchNormalization", "config": {"axis": -1, "renorm": True, "renorm_clipping": None}}
    with zipfile.ZipFile(source, "w") as file:
        file.writestr("config.json", json.dumps({"layers": [layer]}))
    shipped_model.copy_for_older_keras(source, copy)
    assert json.loads(configuration(copy))["layers"][0]["config"] == {"axis": -1, "renorm": True}


def configuration(path):
    with zipfile.ZipFile(path) as file:
        return file.read("config.json").decode()
