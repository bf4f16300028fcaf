import dataclasses

import numpy as np
import pytest

from fkp_utils import faces, keypoints, metrics
from fkp_utils.evaluation import bootstrap
from fkp_utils.interpretation import gradcam, map_tests
from fkp_utils.lessons.grad_cam import attribution
from fkp_utils.models import architectures

SIZE = (24, 28)
DRAWS = {"groups": np.arange(3), "repeats": 20, "seed": 0}


def made(count=12, seed=0):
    """Faces of KAGGLE_15 whose points are about where they are on faces that look ahead."""
    generator = np.random.default_rng(seed)
    middle = np.array([(60, 40), (36, 40), *[(48, 50)] * 13], float)
    points = middle + generator.normal(0, 1, (count, 15, 2))
    images = generator.integers(100, 110, (count, 96, 96, 1), np.uint8)
    return faces.Faces(images, points, keypoints.KAGGLE_15)


def view(name="lenet5"):
    model = architectures.build(name, 2, SIZE)
    images = 255 * np.random.default_rng(1).random((3, *SIZE, 1), np.float32)
    return map_tests.View(model, images, {"lenet5": "conv2", "small": "merge"}[name])


def test_eye_and_nose_are_found_in_every_set():
    assert attribution.eye_and_nose(keypoints.KAGGLE_15) == (0, 10)
    for known in (keypoints.CELEBA_5, keypoints.IMM_58, keypoints.LANDMARKS_68):
        eye, nose = attribution.eye_and_nose(known)
        assert known.names[eye].startswith("left_eye")
        assert known.names[nose].startswith("nose")


def test_usable_faces_have_the_points_and_the_first_source():
    some = made()
    points = some.points.copy()
    points[[2, 5], 10] = np.nan
    known = dataclasses.replace(some, points=points, source=np.repeat([1, 0], [4, 8]))
    found = attribution.usable(known, [0, 10], "apart")
    np.testing.assert_array_equal(found.points, points[[4, 6, 7, 8, 9, 10, 11]])
    assert len(attribution.usable(known, [0, 10], "together")) == 10


def test_only_small_has_maps_of_its_own():
    lenet5, small = view(), view("small")
    assert "its own maps" not in attribution.kinds(lenet5, 1)
    np.testing.assert_array_equal(attribution.kinds(small, 1)["its own maps"], small.places(1))
    np.testing.assert_array_equal(attribution.kinds(lenet5, 1)["Grad-CAM of y"], lenet5.coordinate(1, 1))
    found = attribution.orders(lenet5, 1, np.full((3, 2), 5.0))
    assert list(found) == ["Grad-CAM of x", "saliency of x", "here", "random cells", "disc"]
    assert [*attribution.orders(small, 1, np.full((3, 2), 5.0))][-1] == "its own maps"
    assert all(maps.shape == (3, *SIZE) for maps in found.values())


def test_distances_are_told_by_target_and_layer():
    maps = np.zeros((2, 2, *SIZE), np.float32)
    maps[0, 0, 7, 3] = maps[0, 1, 7, 8] = maps[1, 0, 4, 4] = 1
    found = attribution.distances(maps, np.array([(3.0, 7.0), (4.0, 6.0)]), ["a", "b"])
    assert found == "0 px, 5 px (a) and 2 px, blank (b)"
    lenet5 = view()
    found = attribution.at_layers(lenet5, [(0, 1), (1, 0)], ["conv1", "conv2"], 2)
    assert found.shape == (2, 2, *SIZE)
    np.testing.assert_array_equal(found[1, 0], lenet5.coordinate(1, 0, "conv1")[2])


def test_faces_with_a_blank_map_are_not_counted():
    one, other = (np.random.default_rng(seed).random((4, *SIZE)) for seed in range(2))
    other[1] = 0
    assert attribution.compared(one, other) == 3
    lenet5 = view()
    expected = attribution.compared(lenet5.coordinate(0, 1), lenet5.coordinate(1, 0))
    assert attribution.without_blank(lenet5, [(0, 1), (1, 0)]) == expected


def test_blank_maps_are_counted_over_points_axes_and_faces():
    lenet5 = view()
    maps = [lenet5.coordinate(point, axis) for point in range(2) for axis in range(2)]
    expected = np.mean([each.max() == 0 for every in maps for each in every])
    assert attribution.share_blank([lenet5], range(2)) == expected


def test_different_coordinates_are_averaged_without_the_diagonal():
    table = np.array([[1, 0.5, 0.1, 0.2], [0.5, 1, 0.3, 0.4], [0.1, 0.3, 1, -0.5], [0.2, 0.4, -0.5, 1]])
    assert attribution.different(table) == pytest.approx({"all": 1 / 6, "x": 0.5, "y": -0.5, "x and y": 0.25})
    table[2:] = table[:, 2:] = np.nan
    found = attribution.different(table)
    assert found["all"] == pytest.approx(0.5)
    assert np.isnan(found["y"])
    assert attribution.by_axis(table, ["a", "b"])["x"].loc["a", "b"] == 0.5


def test_maps_are_compared_with_those_of_fresh_weights():
    lenet5 = view()
    fresh = architectures.build("lenet5", 2, SIZE)
    found = attribution.survival(lenet5, fresh, ["head_coordinates", "conv1"], 1, **DRAWS)
    assert list(found) == ["gradcam", "layercam", "saliency"]
    wholly = gradcam.maps(fresh, lenet5.images, (1, 0), "conv2", "layercam")
    expected = map_tests.mean_similarity(lenet5.coordinate(1, 0, method="layercam"), wholly, **DRAWS)
    assert found["layercam"][1].value == pytest.approx(expected.value, abs=1e-4)
    same = attribution.survival(lenet5, lenet5.model, ["conv1"], 1, **DRAWS)
    assert same["saliency"][0].value == pytest.approx(1, abs=1e-4)


def test_a_point_moves_with_what_is_erased():
    lenet5, shares = view(), (0, 0.2, 1)
    maps = {"disc": map_tests.discs(np.full((3, 2), 9.0), SIZE)}
    found = attribution.erased(lenet5, maps, shares, 1)
    assert list(found) == [("deleted", "disc"), ("inserted", "disc")]
    expected = map_tests.moved(lenet5.model, lenet5.images, maps["disc"], shares, 1, insert=True)
    np.testing.assert_array_equal(found["inserted", "disc"], expected)


def test_some_points_are_spread_over_the_set():
    assert list(attribution.some_points(keypoints.KAGGLE_15, 5)) == [0, 3, 6, 9, 12]
    assert len(attribution.some_points(keypoints.LANDMARKS_68, 15)) == 14


def test_gains_are_over_random_cells_at_the_shares_between():
    base = np.array([[0.0, 0, 0], [1, 1, 1], [2, 2, 2], [9, 9, 9]])
    moved = {("small", way, "random cells"): base for way in ("deleted", "inserted")}
    moved |= {("small", way, "here"): base + 1 for way in ("deleted", "inserted")}
    gained = attribution.gains(moved, **DRAWS)
    assert {key: gain.value for key, gain in gained.items()} == {
        ("small", "deleted", "here"): 1, ("small", "inserted", "here"): -1
    }  # fmt: skip
    moves = attribution.moves(moved, "small", "deleted", **DRAWS)
    assert [each.value for each in moves["here"]] == [1, 2, 3, 10]
    assert attribution.strongest(gained).startswith("here in small, deleted (1.00 [1.00, 1.00] px); here in small, in")


def test_the_table_has_a_dash_where_nothing_was_measured():
    gain = metrics.Estimate(1, 0, 2)
    kinds = ("here", "its own maps")
    gained = {("small", way, kind): gain for way in ("deleted", "inserted") for kind in kinds}
    hits = {f"small {kind}": np.full(3, 0.5) for kind in kinds} | {"no map mean point": np.full(3, 0.75)}
    table = attribution.table(gained, hits, {("small", "layercam"): gain}, **DRAWS)
    assert table["random"].tolist() == [str(gain), "–"]
    assert table["hits"].tolist() == [str(bootstrap.mean(np.full(3, -0.25), **DRAWS))] * 2
