from fkp_utils import profiles
from fkp_utils.lessons.shape_aware_loss import networks
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import experiment


def test_the_networks_of_each_profile(monkeypatch):
    monkeypatch.setattr(earlier_networks, "has_weights", lambda model: model == "resnet50")
    assert networks.variants(profiles.profile("smoke")) == {"LeNet-5": {"model": "lenet5", "weights": ""}}
    quick = networks.variants(profiles.profile("quick"))
    assert {name: each["weights"] for name, each in quick.items()} == {"ResNet-50": "imagenet", "DenseNet-121": ""}
    full = networks.variants(profiles.profile("full"))
    assert list(full) == ["ResNet-50", "ResNet-50, augmented", "DenseNet-121", "DenseNet-121, augmented"]
    assert {each["weights"] for each in full.values()} == {"imagenet"}
    assert full["DenseNet-121, augmented"]["augmentation"] == networks.AUGMENTATION


def test_the_experiments_of_the_variants_are_valid():
    for variant in networks.variants(profiles.profile("full")).values():
        described = earlier_networks.experiment_of(
            data=experiment.data_views.Data(), profile=profiles.profile("quick"), **variant
        )
        assert described.model == variant["model"]
