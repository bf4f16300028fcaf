import pytest

from fkp_utils.augmentation import augment
from fkp_utils.datasets import loading
from fkp_utils.evaluation import face_conditions
from fkp_utils.lessons.augmentation import examples


@pytest.fixture(scope="module")
def some(own_folders):
    return loading.load("synthetic", limit=60)


def test_the_copy_that_covers_the_most_points_is_shown(some):
    face = some.select(face_conditions.clearest(some, 1))
    copies = augment.apply(face.select([0] * 8), augment.Augmentation(occlusion=0.6))
    counts = [examples.covered(copies.select([row]), face) for row in range(8)]
    assert examples.covered(examples.most_changed(copies, face), face) == max(counts) > 0
    assert examples.covered(face, face) == 0
