import numpy as np
import pandas as pd
import pytest

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.datasets.synthetic import people as synthetic_people
from fkp_utils.lessons.synthetic_faces import ingredients
from fkp_utils.training import data_views


def test_every_ingredient_is_made_of_parameters_of_its_own():
    known = set(synthetic_people.draw(1, 0))
    named = [name for each in ingredients.INGREDIENTS.values() for name in each]
    assert set(named) <= known
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("without", ["turned heads", "things in front"])
def test_what_is_left_out_is_the_same_in_all_and_the_rest_is_not(without):
    data = data_views.Data(limit=24, fractions=(0.5, 0.25, 0.25))
    seen, everything = (data.through(ingredients.Rendered(each)) for each in (without, ""))
    parts = seen.parts()
    assert sum(map(len, parts)) == 24
    assert all(part.given.all() for part in parts)
    for name, names in ingredients.INGREDIENTS.items():
        values = [np.concatenate([part.attributes[each] for part in parts]) for each in names]
        assert any(len(np.unique(each)) > 1 for each in values) != (name == without), name
    assert everything.described() != seen.described()
    np.testing.assert_array_equal(
        np.sort([scene for part in parts for scene in part.attributes["scene"]]),
        np.sort([scene for part in everything.parts() for scene in part.attributes["scene"]]),
    )


def test_an_unknown_ingredient_is_refused():
    with pytest.raises(ValueError, match="without is 'salt'; expected one of turned heads, light"):
        ingredients.Rendered("salt")


def test_looks_and_their_moments():
    images = np.zeros((3, 96, 96, 1), np.uint8)
    images[1], images[2, :48] = 100, 200
    some = face_sets.Faces(images, np.random.default_rng(0).uniform(0, 95, (3, 15, 2)), keypoints.KAGGLE_15)
    table = ingredients.looks(some)
    assert table["grey level"].tolist() == [0, 100, 100]
    assert table["contrast"].tolist() == [0, 0, 100]
    moments = ingredients.moments({"these": table})
    assert moments.loc["contrast"].tolist() == pytest.approx([100 / 3, np.std([0, 0, 100], ddof=1)])
    assert moments.columns.tolist() == [("these", "mean"), ("these", "sd")]


def test_causes_of_errors_are_found():
    random = np.random.default_rng(1)
    drawn = {"yaw": random.uniform(-60, 60, 300), "blur": random.uniform(0, 2, 300), "hat": np.zeros(300)}
    drawn |= {"scene": random.integers(0, 9, 300), "visible": np.ones((300, 15), bool), "age": random.random(300)}
    some = face_sets.Faces(
        np.zeros((300, 8, 8, 1), np.uint8), np.zeros((300, 15, 2)), keypoints.KAGGLE_15, attributes=drawn
    )
    table = ingredients.causes(some, np.abs(drawn["yaw"]) / 20 + drawn["blur"] + random.normal(0, 0.1, 300))
    assert table["parameter"].tolist() == ["yaw", "blur", "age"]
    assert table["of"][:2].tolist() == ["distance", "itself"]
    assert (table["rank correlation"][:2] > 0.4).all()
    assert isinstance(table, pd.DataFrame)


def test_causes_are_told_of_synthetic_faces():
    faces = synthetic.make(12, workers=1)
    table = ingredients.causes(faces, np.arange(12.0))
    assert {"yaw", "smile", "jpeg_quality"} <= set(table["parameter"])
    assert not {"texture", "visible"} & set(table["parameter"])


def test_one_thing_is_changed_and_nothing_else():
    faces = synthetic.make(10, seed=2, workers=1)
    same = ingredients.changed(faces)
    np.testing.assert_array_equal(same.images, faces.images)
    bearded = ingredients.changed(faces, beard=2, beard_dark=0.8)
    np.testing.assert_array_equal(bearded.points, same.points)
    assert (bearded.images != same.images).any()
    with pytest.raises(ValueError, match="no parameter hump; there are age"):
        ingredients.changed(faces, hump=1)
    bare = face_sets.Faces(faces.images, faces.points, faces.keypoints, subject=faces.subject)
    with pytest.raises(ValueError, match="parameters lack age"):
        ingredients.changed(bare)
