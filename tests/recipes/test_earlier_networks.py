import dataclasses

import numpy as np
import pytest

from fkp_utils import faces, keypoints, profiles
from fkp_utils.augmentation import augment
from fkp_utils.imputation import impute
from fkp_utils.models import pretrained
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, experiment, runs

QUICK, SMOKE = profiles.PROFILES["quick"], profiles.PROFILES["smoke"]
DATA = data_views.Data()


def test_every_earlier_variant_can_be_described_and_finds_its_figures():
    """The labels of the table are those that experiments have; else a figure would silently stand nowhere."""
    found = set()
    for model in ("lenet5", "vgg16", "vgg19"):
        for missing in earlier_networks.IMPUTERS:
            for weights in ("", "imagenet"):
                for augmentation in (augment.Augmentation(), augment.STANDARD):
                    described = earlier_networks.experiment_of(
                        model, DATA, SMOKE, missing=missing, weights=weights, augmentation=augmentation
                    )
                    if earlier_networks.earlier(described.label):
                        found.add(described.label.removesuffix(", drop-out 0.1"))
    assert found == earlier_networks.EARLIER.keys() - {"nearest faces"}


def test_what_the_earlier_report_did_not_train_has_no_figures():
    for changes in ({"missing": "mask"}, {"missing": "knn", "sources": "apart"}, {"missing": "ridge"}):
        assert earlier_networks.earlier(earlier_networks.experiment_of("lenet5", DATA, SMOKE, **changes).label) is None


def test_figures_are_those_of_the_report():
    assert earlier_networks.earlier("nearest faces") == earlier_networks.Earlier(None, None, None, 17.24, 2.43)
    assert earlier_networks.earlier("lenet5, median, drop-out 0.1") == earlier_networks.Earlier(
        15, 24.29, 11.19, 13.61, 2.52
    )
    best = min(earlier_networks.EARLIER, key=lambda label: earlier_networks.EARLIER[label].evaluation)
    assert best == "vgg16, ImageNet, knn, augmented"
    assert all(each.mae**2 < each.evaluation for each in earlier_networks.EARLIER.values())


def test_imputers_are_known():
    assert set(earlier_networks.IMPUTERS) <= impute.IMPUTERS.keys()


def test_an_experiment_has_the_profiles_size():
    described = earlier_networks.experiment_of("lenet5", DATA, QUICK)
    assert (described.data.limit, described.epochs, described.restarts) == (QUICK.faces, QUICK.epochs, QUICK.restarts)
    assert (described.optimizer, described.dropout, described.learning_rate) == ("adam", 0.1, 1e-3)


@pytest.mark.parametrize("model", earlier_networks.DEEP)
def test_deep_networks_have_numbers_of_their_own(model):
    described, vgg = earlier_networks.experiment_of(model, DATA, QUICK), model.startswith("vgg")
    sizes = (described.data.limit, described.epochs, described.restarts)
    assert sizes == (QUICK.deep_faces, QUICK.vgg_epochs if vgg else QUICK.deep_epochs, QUICK.deep_restarts)
    assert (described.learning_rate, described.batch) == ((1e-4, 8) if vgg else (1e-3, 64))
    assert earlier_networks.experiment_of(model, DATA, profiles.profile("full")).batch == 64, "of all faces"


@pytest.mark.parametrize("model", ["lenet5", "vgg16"])
def test_a_limit_of_the_data_and_changes_come_first(model):
    described = earlier_networks.experiment_of(model, data_views.Data(limit=50), QUICK, epochs=3, learning_rate=0.01)
    assert (described.data.limit, described.epochs, described.learning_rate) == (50, 3, 0.01)
    assert described.model == model


def test_the_usual_is_what_all_notebooks_share():
    first, second = (
        earlier_networks.experiment_of("lenet5", DATA, SMOKE, missing="mask", sources="apart") for _ in range(2)
    )
    assert first.key == second.key
    assert (
        first.key
        == earlier_networks.experiment_of(
            "lenet5", dataclasses.replace(DATA, limit=SMOKE.faces), SMOKE, sources="apart"
        ).key
    )


def test_the_weight_of_a_shape_term_is_told_where_there_is_one():
    labels = [
        earlier_networks.experiment_of("lenet5", DATA, SMOKE, loss=loss, alpha=4).label
        for loss in ("mse", "cgd_relative")
    ]
    assert labels == ["lenet5, masked, drop-out 0.1", "lenet5, masked, loss cgd relative 4, drop-out 0.1"]
    with pytest.raises(ValueError, match="alpha is -1; expected 0 or more"):
        earlier_networks.experiment_of("lenet5", DATA, SMOKE, loss="cgd", alpha=-1)


def test_weights_at_hand(tmp_path, monkeypatch):
    monkeypatch.setenv("FKP_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("FKP_DATA", str(tmp_path))
    (tmp_path / "resnet50.h5").touch()
    assert [earlier_networks.has_weights(model) for model in ("resnet50", "densenet121", "small")] == [
        True,
        False,
        False,
    ]


def test_two_label_sources_get_outputs_of_their_own():
    images, points = np.zeros((4, 8, 8, 1), np.uint8), np.zeros((4, 15, 2))
    for source, expected in (([0, 1, 0, 1], "apart"), ([0] * 4, "together"), (None, "together")):
        known = faces.Faces(images, points, keypoints.KAGGLE_15, source if source is None else np.array(source))
        assert earlier_networks.sources(known) == expected


def test_a_network_without_its_weights_is_left_out_in_a_line(monkeypatch, capsys):
    def run(described):
        if described.weights:
            raise pretrained.WeightsError("no network")
        return described.model

    monkeypatch.setattr(runs, "run", run)
    described = {"small": experiment.Experiment(model="small"), "deep": experiment.Experiment(weights="imagenet")}
    assert earlier_networks.train(described) == {"small": "small"}
    assert capsys.readouterr().out == "lenet5 is left out: no network\n"
