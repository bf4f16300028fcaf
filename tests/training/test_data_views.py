import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fkp_utils import faces, keypoints
from fkp_utils.datasets import loading
from fkp_utils.system import places
from fkp_utils.training import data_views, experiment

DATA = data_views.Data(limit=120, fractions=(0.5, 0.2, 0.3))
SAMPLE = str(places.CHECKOUT / "data" / "sample")
EYES = ("left_eye_center", "right_eye_center", "left_eye_inner_corner", "right_eye_inner_corner")

pytestmark = pytest.mark.usefixtures("own_folders")


def rows(part):
    return part.attributes["row"].tolist()


def dot(height, width, x, y, channels=1):
    """A black face with a bright square of 3×3 px around one of its points."""
    images = np.zeros((1, height, width, channels), np.uint8)
    images[0, y - 1 : y + 2, x - 1 : x + 2] = 255
    points = np.full((1, 15, 2), np.nan, np.float32)
    points[0, 10] = (x, y)
    return faces.Faces(images, points, keypoints.KAGGLE_15)


def letterboxed(face, size, grey=False):
    return data_views.Letterboxed(*size, grey).apply(face, "training")


def test_files_are_drawn_at_random_and_know_their_rows(monkeypatch):
    random = np.random.default_rng(0)
    points = random.uniform(0, 9, (60, 15, 2)).astype(np.float32)
    stored = faces.Faces(random.integers(0, 256, (60, 9, 9, 1), dtype=np.uint8), points, keypoints.KAGGLE_15)
    monkeypatch.setattr(loading, "load", lambda name, root, limit=None, **_: stored)
    data = data_views.Data("kaggle", "there", 40, 5)
    whole, parts = data.faces(), data.parts()
    assert len(whole) == 40
    np.testing.assert_array_equal(whole.points, stored.points[rows(whole)])
    assert sorted(row for part in parts for row in rows(part)) == rows(whole)


def test_views_act_one_after_another():
    square = data_views.Resized(48, 48)
    both = DATA.through(data_views.Complete(), square)
    assert both == DATA.through(data_views.Complete()).through(square)
    for whole, part in zip(DATA.parts(), both.parts(), strict=True):
        complete = whole.given.all(axis=1)
        assert part.size == (48, 48)
        assert 0 < len(part) == complete.sum() < len(whole)
        np.testing.assert_allclose(part.points, (whole.points[complete] + 0.5) / 2 - 0.5, atol=1e-4)
    assert len(both.faces()) == sum(map(len, both.parts()))


def test_what_is_seen_otherwise_is_another_experiment():
    views = [
        (),
        (data_views.AllLabels(),),
        (data_views.Complete(),),
        (data_views.Resized(48, 48),),
        (data_views.Resized(48, 40),),
        (data_views.Resized(48, 48), data_views.Complete()),
        (data_views.Letterboxed(48, 48),),
        (data_views.OnlyPoints(EYES),),
        (data_views.FivePoints(),),
        (data_views.FirstSource(),),
        (data_views.Portion(0.5),),
        (data_views.LeftOut((1,)),),
        (data_views.Fold(0),),
        (data_views.Fold(1),),
        (data_views.Fold(0, 4),),
    ]
    keys = {experiment.Experiment(data=DATA.through(*each)).key for each in views}
    assert len(keys) == len(views)
    assert experiment.Experiment(data=dataclasses.replace(DATA)).key in keys


def test_all_labels_are_the_same_faces_with_none_hidden_or_wrong():
    labelled = DATA.parts()
    for before, after in zip(labelled, DATA.through(data_views.AllLabels()).parts(), strict=True):
        assert after.given.all()
        np.testing.assert_array_equal(after.images, before.images)
        np.testing.assert_array_equal(after.points, before.truth)
        np.testing.assert_array_equal(after.source, before.source)
    assert not labelled.training.given.all()
    photos = data_views.Data("kaggle", SAMPLE, fractions=(0.5, 0.25, 0.25))
    with pytest.raises(ValueError, match="not known; expected synthetic"):
        photos.through(data_views.AllLabels()).parts()


def test_a_part_without_a_complete_face_is_named():
    few = data_views.Data(limit=120, fractions=(0.5, 0.48, 0.02))
    with pytest.raises(ValueError, match=r"none of \d+ evaluation faces has all labels"):
        few.through(data_views.Complete()).parts()


def test_an_image_of_the_right_size_stays_as_it_is():
    part = DATA.parts().training
    assert data_views.Resized(96, 96).apply(part, "training") is part


def test_a_stretched_image_moves_its_points():
    for part, before in zip(DATA.through(data_views.Resized(80, 65)).parts(), DATA.parts(), strict=True):
        assert part.size == (80, 65)
        np.testing.assert_allclose(part.points, (before.points + 0.5) * [65 / 96, 80 / 96] - 0.5, atol=1e-3)


@given(st.sampled_from([(60, 80), (80, 60), (96, 96), (160, 240), (33, 70)]), st.sampled_from([(96, 96), (48, 64)]))
def test_in_a_frame_points_stay_on_what_they_mark_and_the_aspect_is_kept(size, original):
    placed = letterboxed(dot(*original, 30, 20), size)
    assert placed.size == size
    bright = placed.images[0, ..., 0].astype(float)
    y, x = np.mgrid[: size[0], : size[1]]
    middle = np.array([(bright * x).sum(), (bright * y).sum()]) / bright.sum()
    np.testing.assert_allclose(placed.points[0, 10], middle, atol=0.35)
    corners = np.full((1, 15, 2), np.nan, np.float32)
    corners[0, :2] = [(10, 10), (20, 10)]
    corners[0, 2] = (10, 20)
    black = faces.Faces(np.zeros((1, *original, 1), np.uint8), corners, keypoints.KAGGLE_15)
    both = letterboxed(black, size).points[0]
    across, down = both[1, 0] - both[0, 0], both[2, 1] - both[0, 1]
    assert across == pytest.approx(down, rel=0.02)


def test_colours_become_grey_levels_only_if_asked():
    face = dot(96, 96, 40, 40, 3)
    face.images[0, :10, :10] = (255, 0, 0)
    assert letterboxed(face, (96, 96)).images.shape[3] == 3
    grey = letterboxed(face, (96, 96), grey=True)
    assert grey.images.shape[3] == 1
    assert grey.images[0, 2, 2, 0] == round(0.299 * 255)


def test_the_first_source_alone():
    for part, before in zip(DATA.through(data_views.FirstSource()).parts(), DATA.parts(), strict=True):
        assert 0 < len(part) == (before.source == 0).sum() < len(before)
    second = DATA.faces().select(DATA.faces().source == 1)
    with pytest.raises(ValueError, match="training faces is of the first label source"):
        data_views.FirstSource().apply(second, "training")


def test_some_points_of_the_same_faces():
    everything, eyes = DATA.parts(), DATA.through(data_views.OnlyPoints(EYES[::-1])).parts()
    kept = [keypoints.KAGGLE_15.index(name) for name in EYES]
    for whole, part in zip(everything, eyes, strict=True):
        assert part.keypoints.names == tuple(keypoints.KAGGLE_15.names[row] for row in sorted(kept))
        np.testing.assert_array_equal(part.points, whole.points[:, sorted(kept)])
        np.testing.assert_array_equal(part.images, whole.images)
    assert eyes.training.keypoints.mirror == (1, 0, 3, 2)
    assert eyes.training.keypoints.skeleton == ((2, 0), (3, 1))


def test_a_point_without_its_twin_is_its_own_mirror():
    part = data_views.OnlyPoints(("left_eye_center", "nose_tip")).apply(DATA.parts().training, "training")
    assert part.keypoints.mirror == (0, 1)
    with pytest.raises(ValueError, match="has no keypoint 'chin'"):
        data_views.OnlyPoints(("chin",)).apply(part, "training")


def test_five_points_of_the_first_source_and_what_the_second_shares():
    part, before = DATA.through(data_views.FivePoints()).parts().training, DATA.parts().training
    assert part.keypoints == keypoints.CELEBA_5
    second = before.source == 1
    assert second.any()
    nose, eye = part.keypoints.index("nose"), part.keypoints.index("left_eye")
    assert np.isnan(part.points[second, nose]).all()
    assert not np.isnan(part.points[~second, nose]).all()
    np.testing.assert_array_equal(part.points[:, eye], before.points[:, before.keypoints.index("left_eye_center")])
    assert data_views.FivePoints().apply(part, "training") is part
    other = np.zeros((len(before), len(keypoints.IMM_58), 2), np.float32)
    with pytest.raises(ValueError, match="no conversion from IMM_58 to CELEBA_5"):
        data_views.FivePoints().apply(faces.Faces(before.images, other, keypoints.IMM_58), "training")


def test_a_smaller_portion_lies_in_a_larger_one_and_only_training_is_thinned():
    whole = DATA.parts()
    half, quarter = (DATA.through(data_views.Portion(share)).parts() for share in (0.5, 0.25))
    assert set(rows(quarter.training)) < set(rows(half.training)) < set(rows(whole.training))
    assert len(half.training) == pytest.approx(len(whole.training) / 2, abs=5)
    assert not set(half.training.subject) & (set(whole.training.subject) - set(half.training.subject))
    assert [rows(part) for part in half[1:]] == [rows(part) for part in whole[1:]]
    with pytest.raises(ValueError, match="share is 0; expected above 0 and up to 1"):
        data_views.Portion(0)


def test_rows_that_are_left_out_are_not_learnt_from():
    everything = DATA.parts()
    gone = (*rows(everything.training)[:7], *rows(everything.validation)[:1], *rows(everything.evaluation)[:2])
    parts = DATA.through(data_views.LeftOut(gone)).parts()
    assert not set(gone) & {*rows(parts.training), *rows(parts.validation)}
    assert rows(parts.evaluation) == rows(everything.evaluation)
    assert len(parts.training) == len(everything.training) - 7


def test_every_face_is_in_one_fold_which_has_not_met_its_person():
    seen = []
    for number in range(3):
        parts = DATA.through(data_views.Fold(number, 3)).parts()
        known = np.concatenate([parts.training.subject, parts.validation.subject])
        assert not set(parts.evaluation.subject) & set(known)
        assert sum(map(len, parts)) == 120
        seen += rows(parts.evaluation)
    assert sorted(seen) == list(range(120))
    with pytest.raises(ValueError, match="fold 3 of 3"):
        data_views.Fold(3, 3)
