import dataclasses

import pytest

from fkp_utils import augment, experiment, impute, profiles, variants

QUICK, SMOKE = profiles.PROFILES["quick"], profiles.PROFILES["smoke"]
DATA = experiment.Data()


def test_every_earlier_variant_can_be_described_and_finds_its_figures():
    """The labels of the table are those that experiments have; else a figure would silently stand nowhere."""
    found = set()
    for model in ("lenet5", "vgg16", "vgg19"):
        for missing in variants.IMPUTERS:
            for weights in ("", "imagenet"):
                for augmentation in (augment.Augmentation(), augment.STANDARD):
                    described = variants.experiment_of(
                        model, DATA, SMOKE, missing=missing, weights=weights, augmentation=augmentation
                    )
                    if variants.earlier(described.label):
                        found.add(described.label.removesuffix(", drop-out 0.1"))
    assert found == variants.EARLIER.keys() - {"nearest faces"}


def test_what_the_earlier_report_did_not_train_has_no_figures():
    for changes in ({"missing": "mask"}, {"missing": "knn", "sources": "apart"}, {"missing": "ridge"}):
        assert variants.earlier(variants.experiment_of("lenet5", DATA, SMOKE, **changes).label) is None


def test_figures_are_those_of_the_report():
    assert variants.earlier("nearest faces") == variants.Earlier(None, None, None, 17.24, 2.43)
    assert variants.earlier("lenet5, median, drop-out 0.1") == variants.Earlier(15, 24.29, 11.19, 13.61, 2.52)
    best = min(variants.EARLIER, key=lambda label: variants.EARLIER[label].evaluation)
    assert best == "vgg16, ImageNet, knn, augmented"
    assert all(each.mae**2 < each.evaluation for each in variants.EARLIER.values())


def test_imputers_are_known():
    assert set(variants.IMPUTERS) <= impute.IMPUTERS.keys()


def test_an_experiment_has_the_profiles_size():
    described = variants.experiment_of("lenet5", DATA, QUICK)
    assert (described.data.limit, described.epochs, described.restarts) == (QUICK.faces, QUICK.epochs, QUICK.restarts)
    assert (described.optimizer, described.dropout, described.learning_rate) == ("adam", 0.1, 1e-3)


@pytest.mark.parametrize("model", variants.DEEP)
def test_deep_networks_have_numbers_of_their_own(model):
    described = variants.experiment_of(model, DATA, QUICK)
    sizes = (described.data.limit, described.epochs, described.restarts)
    assert sizes == (QUICK.deep_faces, QUICK.deep_epochs, QUICK.deep_restarts)
    assert described.learning_rate == (1e-4 if model.startswith("vgg") else 1e-3)


@pytest.mark.parametrize("model", ["lenet5", "vgg16"])
def test_a_limit_of_the_data_and_changes_come_first(model):
    described = variants.experiment_of(model, experiment.Data(limit=50), QUICK, epochs=3, learning_rate=0.01)
    assert (described.data.limit, described.epochs, described.learning_rate) == (50, 3, 0.01)
    assert described.model == model


def test_the_usual_is_what_all_notebooks_share():
    first, second = (variants.experiment_of("lenet5", DATA, SMOKE, missing="mask", sources="apart") for _ in range(2))
    assert first.key == second.key
    assert (
        first.key
        == variants.experiment_of("lenet5", dataclasses.replace(DATA, limit=SMOKE.faces), SMOKE, sources="apart").key
    )


def test_the_weight_of_a_shape_term_is_told_where_there_is_one():
    labels = [
        variants.experiment_of("lenet5", DATA, SMOKE, loss=loss, alpha=4).label for loss in ("mse", "cgd_relative")
    ]
    assert labels == ["lenet5, masked, drop-out 0.1", "lenet5, masked, loss cgd relative 4, drop-out 0.1"]
    with pytest.raises(ValueError, match="alpha is -1; expected 0 or more"):
        variants.experiment_of("lenet5", DATA, SMOKE, loss="cgd", alpha=-1)


def test_weights_at_hand(tmp_path, monkeypatch):
    monkeypatch.setenv("FKP_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("FKP_DATA", str(tmp_path))
    (tmp_path / "resnet50.h5").touch()
    assert [variants.has_weights(model) for model in ("resnet50", "densenet121", "small")] == [True, False, False]
