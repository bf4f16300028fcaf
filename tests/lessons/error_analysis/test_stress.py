import dataclasses

import numpy as np
import pytest

from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.evaluation import test_time_augmentation
from fkp_utils.lessons.error_analysis import stress


@pytest.fixture(scope="module")
def some():
    return synthetic.make(12, seed=3, workers=1)


@pytest.mark.parametrize("kind", stress.KINDS)
def test_every_kind_is_a_set_of_faces_and_the_same_each_time(some, kind):
    made, again = (stress.KINDS[kind](some) for _ in range(2))
    assert made.images.shape == some.images.shape
    assert made.images.dtype == np.uint8
    np.testing.assert_array_equal(made.images, again.images)
    assert (made.images != some.images).any(axis=(1, 2, 3)).all()
    faceless = kind in ("no face", "pure noise")
    assert not made.given.any() if faceless else (made.given == some.given).all()


def test_a_drawing_is_white_with_dark_lines_at_the_features(some):
    drawn = stress.drawing(some).images[..., 0]
    assert (drawn > 200).mean() > 0.4
    assert (drawn < 80).mean() > 0.02


def test_upside_down_twice_is_the_face_itself(some):
    once = stress.upside_down(some)
    np.testing.assert_array_equal(once.images, some.images[:, ::-1, ::-1])
    np.testing.assert_allclose(once.points, 95 - some.points, atol=1e-4)
    np.testing.assert_allclose(once.truth, 95 - some.truth, atol=1e-4)


def test_points_move_with_a_turned_image(some):
    images = np.zeros_like(some.images)
    marked = [(row, *np.rint(some.truth[row, 10]).astype(int)) for row in range(len(some))]
    for row, x, y in marked:
        images[row, y - 1 : y + 2, x - 1 : x + 2] = 255
    points = np.full_like(some.points, np.nan)
    points[:, 10] = [[x, y] for _, x, y in marked]
    dotted = dataclasses.replace(some, images=images, points=points, truth=None)
    factors = 0.9 * np.exp(1j * np.radians(np.linspace(-20, 20, len(some))))
    turned = stress.moved(dotted, factors)
    y, x = np.mgrid[:96, :96]
    for image, point in zip(turned.images[..., 0].astype(float), turned.points[:, 10], strict=True):
        assert (image * x).sum() / image.sum() == pytest.approx(point[0], abs=0.3)
        assert (image * y).sum() / image.sum() == pytest.approx(point[1], abs=0.3)


@pytest.mark.parametrize(("part", "point", "free"), [("mouth", 14, 0), ("eyes", 0, 14)])
def test_a_cover_lies_where_the_part_is(some, part, point, free):
    covered = stress.covered(some, part, 77)
    x, y = np.rint(np.nanmedian(some.points[:, point], axis=0)).astype(int)
    assert (covered.images[:, y, x] == 77).all()
    x, y = np.rint(np.nanmedian(some.points[:, free], axis=0)).astype(int)
    np.testing.assert_array_equal(covered.images[:, y, x], some.images[:, y, x])
    with pytest.raises(ValueError, match="part is 'ear'"):
        stress.covered(some, "ear")


@pytest.mark.parametrize("block", [1, 3, 5, 8, 96])
def test_coarse_pixels_keep_the_mean_of_each_block(some, block):
    made = stress.pixelated(some, block).images[0, :, :, 0].astype(float)
    image = some.images[0, :, :, 0].astype(float)
    assert made.mean() == pytest.approx(image.mean(), abs=0.6)
    assert (made[:block, :block] == made[0, 0]).all()
    assert made[0, 0] == pytest.approx(image[:block, :block].mean(), abs=0.51)
    assert len(np.unique(made)) <= (-(-96 // block)) ** 2


def test_no_blur_and_blocks_of_one_change_nothing(some):
    np.testing.assert_array_equal(stress.blurred(some, 0).images, some.images)
    np.testing.assert_array_equal(stress.pixelated(some, 1).images, some.images)


def test_the_table_has_errors_where_there_are_faces(some):
    odd = {"plain": some, "off": some, "no face": stress.no_face(some)}
    base = np.nan_to_num(some.points).astype(float)
    looked = {
        "plain": test_time_augmentation.Averaged(base + 1, np.full(base.shape[:2], 1.0)),
        "off": test_time_augmentation.Averaged(base + 3, np.full(base.shape[:2], 2.0)),
        "no face": test_time_augmentation.Averaged(base, np.full(base.shape[:2], 0.5)),
    }
    table = stress.table(odd, looked)
    assert table["RMSE (px)"].tolist()[:2] == pytest.approx([1, 3])
    assert np.isnan(table.loc["no face", "RMSE (px)"])
    assert table["noticed"].tolist() == [0.5, 1, 0]
    assert table["spread (px)"].tolist() == pytest.approx([1, 2, 0.5])


class Still:
    """Stands for a run that predicts the labels, and is the more off the darker the images are."""

    def predict(self, known):
        return np.nan_to_num(known.points) + 255 - known.images[:].max()


def test_degraded_images_are_shown_to_every_network(some):
    amounts = {"blur": [0, 2], "pixelate": [1, 6, 8]}
    answers = stress.degraded({"one": Still(), "other": Still()}, some, amounts)
    assert {kind: {name: len(found) for name, found in each.items()} for kind, each in answers.items()} == {
        "blur": {"one": 2, "other": 2}, "pixelate": {"one": 3, "other": 3}
    }  # fmt: skip
    sizes, lines = stress.by_amount(answers, some, amounts, ["other"], repeats=20)["pixelate"]
    assert sizes == [1, 6, 8]
    assert list(lines) == ["other"]
    expected = [255 - stress.pixelated(some, size).images.max() for size in sizes]
    assert [each.value for each in lines["other"]] == pytest.approx(expected, abs=1e-4)
    assert stress.UNITS.keys() == amounts.keys()


def test_examples_are_of_odd_images_only(some):
    odd = {"plain": some, "noise": stress.noisy(some)}
    looked = dict.fromkeys(odd, test_time_augmentation.Averaged(some.points, np.ones(some.points.shape[:2])))
    images, marks = stress.examples(odd, looked, 3)
    assert list(images) == list(marks) == ["noise"]
    assert len(images["noise"]) == len(marks["noise"]["given"]) == len(marks["noise"]["predicted"]) == 3
