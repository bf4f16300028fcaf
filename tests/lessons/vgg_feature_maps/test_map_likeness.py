import numpy as np
import pytest
from scipy import ndimage

from fkp_utils import faces, keypoints, metrics
from fkp_utils.lessons.vgg_feature_maps import claims, map_likeness, trainings
from fkp_utils.models import architectures

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
    own, other = map_likeness.measure(lenet, made(some.images), ["conv1"], batch=4)["conv1"].T
    assert own.min() > 0.75  # 5 of 6; the image loses its border
    assert other.mean() < 0.4


def test_equal_faces_are_as_like_as_oneself(lenet, some):
    found = map_likeness.measure(lenet, made(np.repeat(some.images[:1], 4, axis=0)))
    assert list(found) == ["conv1", "pool1", "conv2", "pool2"]
    for values in found.values():
        assert values.shape == (4, 2)
        np.testing.assert_allclose(values[:, 0], values[:, 1], atol=1e-5)


def test_batches_change_nothing(lenet, some):
    first, second = (map_likeness.measure(lenet, some, batch=batch) for batch in (3, 50))
    for name, values in first.items():
        assert ((values >= 0) & (values <= 1)).all()
        np.testing.assert_allclose(values, second[name], atol=1e-5)


def test_one_face_is_refused(lenet, some):
    with pytest.raises(ValueError, match="1 face; expected two or more"):
        map_likeness.measure(lenet, some.select([0]))


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


def test_differences_are_means_over_faces_and_layers_of_a_block():
    found = like(0.4, 0.0)
    gaps = map_likeness.differences(found)
    assert list(gaps) == list(LAYERS)
    assert gaps["block1_conv1"] == pytest.approx(0.4, abs=0.03)
    first = map_likeness.block(found, 1, repeats=100)
    assert first.value == pytest.approx(np.mean([gaps[layer] for layer in LAYERS[:2]]))
    assert first.low < first.value < first.high
    lines = map_likeness.with_intervals({"random": found}, repeats=50)["random"]
    assert list(lines) == ["this face", "another face"]
    own, other = (lines[title][0].value for title in lines)
    assert own - other == pytest.approx(gaps["block1_conv1"])


def holds(tested):
    return {each.identity: each.verdict.holds for each in tested}


def test_early_layers_look_like_the_face_and_late_ones_do_not_if_so_for_all_weights():
    usual, blurred = like(0.4, 0.0), like(0.02, 0.0)
    tested = claims.maps({"random": usual, "ImageNet": usual}, repeats=100)
    assert holds(tested) == {"S0.5 early": True, "S0.5 late": True}
    assert tested[0].ours.startswith("r without its sign, with this face minus with another: random 0.4")
    assert holds(claims.maps({"random": usual, "ImageNet": blurred}, repeats=100))["S0.5 early"] is False
    near = claims.maps({"random": like(0.4, 0.1)}, repeats=100)
    assert holds(near) == {"S0.5 early": True, "S0.5 late": None}


def test_the_finding_names_the_layer_that_is_read_best():
    reads = {"image": metrics.Estimate(5, 4, 6), "block1_pool": metrics.Estimate(4, 3, 5)}
    assert trainings.lowest(reads) == "block1_pool"
    text = claims.finding(like(0.4, 0.0, 0.0), reads, "ImageNet")
    assert text == (
        "With random weights, a map of VGG-16's first layer correlates 0.40 more with its own face than with another,"
        " one of its last layer 0.00 more. A linear probe finds the points to 5.00 px from the image itself, and to"
        " 4.00 px from block1_pool, the best layer (ImageNet)."
    )
