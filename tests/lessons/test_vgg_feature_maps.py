import dataclasses
import types

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from fkp_utils import faces, keypoints, metrics, profiles
from fkp_utils.lessons import vgg_feature_maps
from fkp_utils.models import architectures, pretrained
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, runs

keras = pytest.importorskip("keras")


def made(images):
    return faces.Faces(images, np.full((len(images), 15, 2), np.nan, np.float32), keypoints.KAGGLE_15)


@pytest.fixture(scope="module")
def some():
    """Smooth images: blobs of noise, 6 px wide."""
    noise = np.random.default_rng(0).normal(size=(11, 24, 24, 1))
    smooth = ndimage.gaussian_filter(noise, (0, 3, 3, 0))
    return made((128 + 40 * smooth / smooth.std()).clip(0, 255).astype(np.uint8))


@pytest.fixture
def lenet():
    keras.utils.set_random_seed(0)
    return architectures.build("lenet5", 15, (24, 24))


def test_a_copy_of_the_image_looks_like_it_and_like_no_other(lenet, some):
    """Filters that hand the image on, one of them as a negative, and one that is dead."""
    kernel = np.zeros((3, 3, 1, 6), np.float32)
    kernel[1, 1, 0, :5] = [1, 1, 1, -1, -1]
    lenet.get_layer("conv1").set_weights([kernel, np.array([1, 1, 1, 1, 1, 0], np.float32)])
    own, other = vgg_feature_maps.likeness(lenet, made(some.images), ["conv1"], batch=4)["conv1"].T
    assert own.min() > 0.75  # 5 of 6; the image loses its border
    assert other.mean() < 0.4


def test_equal_faces_are_as_like_as_oneself(lenet, some):
    found = vgg_feature_maps.likeness(lenet, made(np.repeat(some.images[:1], 4, axis=0)))
    assert list(found) == ["conv1", "pool1", "conv2", "pool2"]
    for values in found.values():
        assert values.shape == (4, 2)
        np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-5)


def test_batches_change_nothing(lenet, some):
    first, second = (vgg_feature_maps.likeness(lenet, some, batch=batch) for batch in (3, 50))
    for name, values in first.items():
        assert ((values >= 0) & (values <= 1)).all()
        np.testing.assert_allclose(values, second[name], atol=1e-5)


def test_one_face_is_refused(lenet, some):
    with pytest.raises(ValueError, match="1 face; expected two or more"):
        vgg_feature_maps.likeness(lenet, some.select([0]))


def labelled(count=60, points=15, seed=0):
    """Noise with points of KAGGLE_15, of which each second face lacks all but `points`."""
    generator = np.random.default_rng(seed)
    places = 12 + generator.normal(0, 2, (count, 15, 2))
    places[1::2, points:] = np.nan
    images = generator.integers(0, 255, (count, 24, 24, 1), np.uint8)
    return faces.Faces(images, places, keypoints.KAGGLE_15, np.arange(count) % 2, np.arange(count) // 4)


def test_complete_faces_are_those_with_the_most_labels():
    some = labelled(points=4)
    found = vgg_feature_maps.complete(some)
    assert len(found) == 30
    assert found.given.all()
    np.testing.assert_array_equal(vgg_feature_maps.complete(some, 7).points, found.points[:7])


def test_each_person_counts_once():
    some = labelled()
    found = vgg_feature_maps.one_of_each(some, 5)
    assert found.subject.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(found.points, some.points[:20:4])
    unknown = dataclasses.replace(some, subject=None)
    assert len(vgg_feature_maps.one_of_each(unknown, 100)) == 60


def test_clear_faces_have_contrast_and_whole_rows():
    points = np.full((4, 15, 2), 12.0)
    ramp = np.tile(np.linspace(0, 1, 24), (24, 1)).T  # neighbouring rows are alike
    interlaced = np.where(np.arange(24)[:, None] % 2, ramp, 1 - ramp)
    images = [100 + 20 * ramp, 50 + 150 * ramp, 250 * interlaced, 80 + 60 * ramp]
    some = faces.Faces(np.stack(images)[..., None].astype(np.uint8), points, keypoints.KAGGLE_15)
    assert vgg_feature_maps.clear(some, 4).tolist() == [1, 3, 0, 2]
    assert vgg_feature_maps.clear(some, 1).tolist() == [0], "only the third nearest the mean face is asked"


def test_missing_weights_are_left_out(monkeypatch):
    def find(name, weights):
        if name != "vgg16":
            raise architectures.WeightsError("not here")

    monkeypatch.setattr(pretrained, "find", find)
    assert vgg_feature_maps.available(["squeezenet", "vgg16"]) == ["vgg16"]


LAYERS = ("block1_conv1", "block1_pool", "block5_pool")


def like(first, last, spread=0.05, count=40):
    """Likeness of three layers: what faces have beyond another one is `first`, in block 5 `last`."""
    generator = np.random.default_rng(0)
    found = {}
    for layer in LAYERS:
        other = generator.uniform(0.1, 0.3, count)
        gap = (last if layer.startswith("block5") else first) + generator.normal(0, spread, count)
        found[layer] = np.stack([other + gap, other], axis=1)
    return found


def holds(tested):
    return {each.identity: each.verdict.holds for each in tested}


def test_differences_are_means_over_faces_and_layers_of_a_block():
    found = like(0.4, 0.0)
    gaps = vgg_feature_maps.differences(found)
    assert list(gaps) == list(LAYERS)
    assert gaps["block1_conv1"] == pytest.approx(0.4, abs=0.03)
    first = vgg_feature_maps.block(found, 1, repeats=100)
    assert first.value == pytest.approx(np.mean([gaps[layer] for layer in LAYERS[:2]]))
    assert first.low < first.value < first.high
    lines = vgg_feature_maps.with_intervals({"random": found}, repeats=50)["random"]
    assert list(lines) == ["this face", "another face"]
    own, other = (lines[title][0].value for title in lines)
    assert own - other == pytest.approx(gaps["block1_conv1"])


def test_early_layers_look_like_the_face_and_late_ones_do_not_if_so_for_all_weights():
    usual, blurred = like(0.4, 0.0), like(0.02, 0.0)
    tested = vgg_feature_maps.claims({"random": usual, "ImageNet": usual}, repeats=100)
    assert holds(tested) == {"S0.5 early": True, "S0.5 late": True}
    assert tested[0].ours.startswith("|r| with this face minus another: random 0.4")
    assert holds(vgg_feature_maps.claims({"random": usual, "ImageNet": blurred}, repeats=100))["S0.5 early"] is False
    near = vgg_feature_maps.claims({"random": like(0.4, 0.1)}, repeats=100)
    assert holds(near) == {"S0.5 early": True, "S0.5 late": None}


def test_the_finding_names_the_layer_that_is_read_best():
    reads = {"image": metrics.Estimate(5, 4, 6), "block1_pool": metrics.Estimate(4, 3, 5)}
    assert vgg_feature_maps.lowest(reads) == "block1_pool"
    text = vgg_feature_maps.finding(like(0.4, 0.0, 0.0), reads, "ImageNet")
    assert text == (
        "Maps of VGG-16 correlate with their own face 0.40 more than with another in the first layer and 0.00 more in"
        " the last; points can be read to 5.00 px from the image, to 4.00 px from layer block1_pool (ImageNet)."
    )


class Answers:
    """Stands for a run: answers with the labels and errors of a given size, and has as many restarts."""

    def __init__(self, points, error, seed=0, restarts=5):
        self.points = points + np.random.default_rng(seed).normal(0, error, points.shape)
        self.restarts = pd.DataFrame({"evaluation": error * np.linspace(0.99, 1.01, restarts)})
        self.scores = {"evaluation": {"mse": error**2, "mae": 0.8 * error}}
        epochs = [(number, epoch, error * (3 - epoch)) for number in range(restarts) for epoch in (1, 2)]
        self.history = pd.DataFrame(epochs, columns=["restart", "epoch", "validation"])

    def predict(self, known):
        return self.points


def starts(error=1.0, known=("vgg16", "squeezenet"), restarts=5):
    some = labelled()
    scratch = {"vgg16": Answers(some.points, 3.0, 1), "vgg19": Answers(some.points, 3.01, 2)}
    pairs = {
        "small": {"from scratch": Answers(some.points, 2.0), "synthetic faces": Answers(some.points, error, 1)},
        "squeezenet": {"from scratch": Answers(some.points, 4.0), "ImageNet": Answers(some.points, 3.5, 1, restarts)},
        "vgg16": {"from scratch": scratch["vgg16"], "ImageNet": Answers(some.points, error, 2)},
    }
    return vgg_feature_maps.Starts(pairs, scratch, some, some, known, repeats=100)


def test_a_better_start_is_told_from_one_that_halves_the_error():
    found = holds(starts().claims("kaggle", "full"))
    assert found == {
        "S0.9 lower": True, "S0.9 half": True, "S0.9 lower squeezenet": True, "S0.9 half squeezenet": False,
        "S0.9 synthetic": True, "S0.8": None,
    }  # fmt: skip
    assert holds(starts(5.0).claims("kaggle", "full"))["S0.9 synthetic"] is False
    assert holds(starts(restarts=1).claims("kaggle", "full"))["S0.9 lower squeezenet"] is None


def test_networks_do_alike_within_a_twentieth_of_the_error():
    some = starts()
    same = dataclasses.replace(some, scratch=some.scratch | {"vgg19": some.scratch["vgg16"]})
    assert same.claims("kaggle", "full")[-1].verdict.holds is True
    worse = dataclasses.replace(some, scratch=some.scratch | {"vgg19": some.pairs["squeezenet"]["from scratch"]})
    assert worse.claims("kaggle", "full")[-1].verdict.holds is False


def test_what_was_not_trained_cannot_be_told_and_why():
    some = starts()
    pairs = {"small": some.pairs["small"]}
    alone = dataclasses.replace(some, pairs=pairs, scratch={"vgg16": some.scratch["vgg16"]}, known=("vgg16",))
    tested = alone.claims("synthetic", "smoke")
    assert set(holds(tested).values()) == {None}
    whys = [each.verdict.why for each in tested]
    assert whys == [
        *["vgg16 is not trained from them in the profile smoke"] * 2,
        *["the ImageNet weights of squeezenet are not to be had"] * 2,
        "no photo is here",
        "VGG-19 is not trained in the profile smoke",
    ]
    assert tested[4].ours.endswith("px; but our faces are synthetic, too: this shows what more faces bring")


def test_starts_are_compared_in_one_table():
    some = starts()
    table = some.table()
    assert table["network"].tolist() == ["small", "small", "squeezenet", "squeezenet", "vgg16", "vgg16"]
    assert table["MSE (px²)"].tolist() == [4, 1, 16, 12.25, 9, 1]
    assert table["minus from scratch (px)"][0] == "0.00 [0.00, 0.00]"
    assert some.gain("small", "synthetic faces").high < 0
    assert list(some.histories()["small"]) == ["from scratch", "synthetic faces"]
    assert some.first_and_lowest().startswith("small from scratch, 4.00 and 2.00 px; small synthetic faces, 2.00 and")


QUICK = profiles.PROFILES["quick"]


def test_squeezenet_trains_its_head_first_and_only_where_it_has_weights():
    data = data_views.Data(limit=1000)
    assert vgg_feature_maps.squeezenet(data, QUICK, ["vgg16"], epochs=8) == {}
    found = vgg_feature_maps.squeezenet(data, QUICK, ["squeezenet"], epochs=8)["squeezenet"]
    assert list(found) == ["from scratch", "ImageNet"]
    plain, tuned = found.values()
    assert (plain.weights, plain.frozen_epochs, plain.epochs) == ("", 0, 8)
    assert tuned == dataclasses.replace(plain, weights="imagenet", learning_rate=3e-4, frozen_epochs=2)


def test_vgg_is_compared_only_where_it_is_restarted(monkeypatch):
    monkeypatch.setattr(runs, "run", lambda described: described)
    data = data_views.Data(limit=100)
    scratch, pairs = vgg_feature_maps.deep(data, QUICK, ["vgg16", "squeezenet"], missing="mask")
    assert (list(scratch), pairs) == (["vgg16"], {})
    assert scratch["vgg16"].missing == "mask"
    scratch, pairs = vgg_feature_maps.deep(data, profiles.PROFILES["full"], ["vgg16", "squeezenet"])
    assert list(scratch) == ["vgg16", "vgg19"]
    assert list(pairs) == ["vgg16"]
    assert pairs["vgg16"]["from scratch"] == scratch["vgg16"]
    assert pairs["vgg16"]["ImageNet"] == dataclasses.replace(scratch["vgg16"], weights="imagenet", frozen_epochs=5)


def test_layers_are_read_before_and_after_a_training(monkeypatch):
    some = labelled(24)
    small = architectures.build("small", 15, (24, 24))
    trained = types.SimpleNamespace(model=lambda: small)
    monkeypatch.setattr(runs, "build", lambda described, parts, seed: small)
    monkeypatch.setattr(data_views.Data, "parts", lambda self: None)
    described = earlier_networks.experiment_of("small", data_views.Data(limit=100), QUICK)
    found = vgg_feature_maps.readouts_inside(
        {"from scratch": described}, {"from scratch": trained}, some, some, repeats=20
    )
    assert list(found) == ["from scratch, before", "from scratch, after"]
    layers = ["image", "stem_relu", "block1_relu", "block2_relu", "block3_relu", "block4_relu", "merge_relu", "maps"]
    assert all(list(each) == layers for each in found.values())


def test_long_runs_stand_beside_the_earlier_report():
    variants = ["vgg16, knn, drop-out 0.1", "small, masked, drop-out 0.1", "lenet5, knn, drop-out 0.1"]
    table = pd.DataFrame({"variant": variants, "eval mse": [12.0, 5.0, 20.0]})
    found = vgg_feature_maps.long_runs(table).set_index("network and training")
    assert found.loc["vgg16, knn"].tolist() == [13.17, 12.0]
    assert found.loc["small, masked", "long run of the course"] == 5
    assert not any(label.startswith("lenet") for label in found.index)
    alone = vgg_feature_maps.long_runs(None)
    assert list(alone) == ["network and training", "earlier report", "long run of the course"]
    assert alone["long run of the course"].isna().all()
