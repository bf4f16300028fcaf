import numpy as np
import pytest
from scipy import ndimage

from fkp_utils import faces, keypoints
from fkp_utils.lessons import vgg_feature_maps
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
