import re

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from hypothesis.extra import numpy as arrays

from fkp_utils.datasets import kaggle_csv, loading

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 96, 96, 1), np.uint8)


def pixel_text(image):
    return " ".join(map(str, image.ravel()))


@hypothesis.settings(max_examples=40)
@hypothesis.given(
    arrays.arrays(np.uint8, strategies.tuples(strategies.integers(1, 9), strategies.just(kaggle_csv.PIXELS)))
)
def test_pixels_written_and_read_are_the_same(values):
    texts = [("here", pixel_text(row).encode()) for row in values]
    np.testing.assert_array_equal(kaggle_csv.pixels(texts), values)
    assert kaggle_csv._plain_pixels([text for _, text in texts]) is not None


@hypothesis.settings(max_examples=60)
@hypothesis.given(
    strategies.integers(0, kaggle_csv.PIXELS - 1),
    strategies.text("0123456789 +-._,xé\t\n", max_size=5),
    strategies.integers(0, 2),
)
def test_the_fast_reading_accepts_what_the_exact_one_does(index, text, row):
    rows = [pixel_text(IMAGES[k]).split(" ") for k in range(3)]
    rows[row][index] = text
    texts = [(f"row {k}", " ".join(values).encode()) for k, values in enumerate(rows)]

    def exact():
        return np.stack([kaggle_csv._any_pixels(place, line) for place, line in texts])

    if text.strip().isdecimal() and int(text) < 256:
        np.testing.assert_array_equal(kaggle_csv.pixels(texts), exact())
    else:
        with pytest.raises(loading.DatasetError, match=f"row {row}, column Image") as expected:
            exact()
        with pytest.raises(loading.DatasetError, match=re.escape(str(expected.value))):
            kaggle_csv.pixels(texts)


def test_a_pixel_moved_to_the_next_row_is_seen():
    rows = [pixel_text(IMAGES[0]).encode(), pixel_text(IMAGES[1]).encode()]
    moved = [rows[0].rsplit(b" ", 1)[0], b"255 " + rows[1]]
    with pytest.raises(loading.DatasetError, match="row 0, column Image: 9,215 values"):
        kaggle_csv.pixels([(f"row {k}", text) for k, text in enumerate(moved)])


@pytest.mark.parametrize("count", [1, 7, 8, 9, 100])
def test_stored_pixels(tmp_path, count):
    values = np.resize(IMAGES, (count, 96, 96, 1))
    texts = (("here", pixel_text(image).encode()) for image in values)
    assert kaggle_csv.store_pixels(tmp_path / "images.npy", texts) == count
    np.testing.assert_array_equal(np.load(tmp_path / "images.npy"), values)
