import json
import os
import pathlib

import numpy as np
import pytest

import fkp_utils
from fkp_utils.app import prediction, shipped_model
from fkp_utils.datasets import loading
from fkp_utils.recipes import sim_to_real
from fkp_utils.system import places

DATA = pathlib.Path(os.environ.get("FKP_DATA") or places.CHECKOUT.parent / "shared" / "data")
FACTS = json.loads(shipped_model.FACTS.read_text())


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
    wild, _ = shipped_model.crops(DATA / "faces_300w" / "helen_train")
    found = shipped_model.scores(prediction.load(), known, wild)
    assert found["kaggle"]["rmse"] <= 1.02 * FACTS["scores"]["kaggle"]["rmse"]
    assert found["wild"]["nme"] <= 1.02 * FACTS["scores"]["wild"]["nme"]


def test_what_it_is_made_from_must_be_there(tmp_path, capsys):
    assert shipped_model.main(["--kaggle", str(tmp_path), "--wild", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")
