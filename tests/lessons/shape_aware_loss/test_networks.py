import numpy as np

from fkp_utils import faces, keypoints, profiles
from fkp_utils.lessons.shape_aware_loss import networks
from fkp_utils.models import architectures
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import experiment, runs


def test_two_label_sources_get_outputs_of_their_own():
    points = np.zeros((4, 15, 2))

    def made(source):
        return faces.Faces(np.zeros((4, 8, 8, 1), np.uint8), points, keypoints.KAGGLE_15, source)

    assert networks.sources(made(np.array([0, 1, 0, 1]))) == "apart"
    assert networks.sources(made(np.zeros(4, int))) == "together"
    assert networks.sources(made(None)) == "together"


def test_the_networks_of_each_profile(monkeypatch):
    monkeypatch.setattr(earlier_networks, "has_weights", lambda model: model == "resnet50")
    assert networks.variants(profiles.profile("smoke")) == {"LeNet-5": {"model": "lenet5", "weights": ""}}
    quick = networks.variants(profiles.profile("quick"))
    assert {name: each["weights"] for name, each in quick.items()} == {"ResNet-50": "imagenet", "DenseNet-121": ""}
    full = networks.variants(profiles.profile("full"))
    assert list(full) == ["ResNet-50", "ResNet-50, augmented", "DenseNet-121", "DenseNet-121, augmented"]
    assert {each["weights"] for each in full.values()} == {"imagenet"}
    assert full["DenseNet-121, augmented"]["augmentation"] == networks.AUGMENTATION


def test_a_network_without_its_weights_is_left_out(monkeypatch, capsys):
    def run(described):
        if described.weights:
            raise architectures.WeightsError("no network")
        return described.model

    monkeypatch.setattr(runs, "run", run)
    described = {"small": experiment.Experiment(model="small"), "deep": experiment.Experiment(weights="imagenet")}
    assert networks.train(described) == {"small": "small"}
    assert capsys.readouterr().out == "lenet5 is left out: no network\n"


def test_the_experiments_of_the_variants_are_valid():
    for variant in networks.variants(profiles.profile("full")).values():
        described = earlier_networks.experiment_of(
            data=experiment.data_views.Data(), profile=profiles.profile("quick"), **variant
        )
        assert described.model == variant["model"]
