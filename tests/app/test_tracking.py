import types

import numpy as np
import pytest

from fkp_utils.app import finder, prediction, tracking

NETWORK = types.SimpleNamespace(outputs=[np.zeros((1, 15, 2))])  # what it sees is made up by the tests


def test_the_filter_keeps_what_stands_and_stills_jitter():
    rng = np.random.default_rng(0)
    still = np.tile([[50.0, 60.0]], (300, 1))
    noisy = still + rng.normal(0, 1, still.shape)
    smooth = tracking.OneEuro()
    found = np.array([smooth(each, 1 / 30, unit=40) for each in noisy])
    np.testing.assert_array_equal(found[0], noisy[0])
    np.testing.assert_allclose(found[30:].mean(axis=0), [50, 60], atol=0.4)
    assert np.diff(found[30:], axis=0).std() < 0.35 * np.diff(noisy[30:], axis=0).std()


def test_the_filter_lags_less_the_faster_it_goes():
    path = np.cumsum(np.tile([[8.0, 0.0]], (60, 1)), axis=0)
    lags = []
    for speed in (0.0, tracking.SPEED):
        smooth = tracking.OneEuro(speed=speed)
        lags.append(path[-1, 0] - [smooth(each, 1 / 30, unit=40) for each in path][-1][0])
    assert 0 < lags[1] < 0.25 * lags[0]


def test_the_filter_is_that_of_the_paper():
    """By the formulas of Casiez et al. (2012): the cutoff is its lowest plus beta times the smoothed speed."""

    def share(cutoff):
        return 1 / (1 + 1 / (2 * np.pi * cutoff * 0.1))

    smooth = tracking.OneEuro(rest=1.5, speed=0.4)
    smooth(np.array([2.0]), 0.1)
    found = smooth(np.array([5.0]), 0.1)
    change = share(tracking.SPEED_CUTOFF) * 30
    expected = 2 + share(1.5 + 0.4 * change) * 3
    np.testing.assert_allclose(found, [expected])


POINTS = np.random.default_rng(0).uniform(60, 120, (15, 2))
FRAME = np.zeros((200, 300, 3), np.uint8)


@pytest.fixture
def sight(monkeypatch):
    """What the finder and the network see: `sight.faces` holds points (15, 2) for each face that is there."""

    class Sight:
        faces = (POINTS,)
        spread = 1.0

        def find(self, photo, smallest):
            middles = np.array([points.mean(axis=0) for points in self.faces]).reshape(-1, 2)
            return middles, np.full(len(middles), 25.0), np.zeros(len(middles))

        def see(self, network, photo, boxes, *options, tilts=None):
            seen = []
            for box in boxes:
                middle = (box[:2] + box[2:]) / 2
                away = [np.linalg.norm(points.mean(axis=0) - middle) for points in self.faces]
                spread = self.spread if away and min(away) < 60 else 100.0
                points = self.faces[int(np.argmin(away))] if away else POINTS
                seen.append(prediction.Prediction(points, np.full(15, spread), tuple(box), FRAME[:96, :96, 0]))
            return seen

    sight = Sight()
    monkeypatch.setattr(finder, "find", sight.find)
    monkeypatch.setattr(prediction, "in_boxes", sight.see)
    return sight


def test_faces_keep_their_number_and_new_ones_get_one(sight):
    tracker = tracking.Tracker(NETWORK, smooth=False)
    for frame in range(30):
        moved = POINTS + [2 * frame, 0]
        sight.faces = (moved,) if frame < 12 else (POINTS + [150, 60], moved)
        found = tracker.step(FRAME, 1 / 25)
        np.testing.assert_array_equal(found[0].points, moved)
        assert sorted(found) == ([0] if frame < 20 else [0, 1])
    assert tracker.met == 2


def test_a_face_that_is_gone_is_given_up(sight):
    tracker = tracking.Tracker(NETWORK)
    assert sorted(tracker.step(FRAME, 1 / 25)) == [0]
    sight.faces = ()
    assert tracker.step(FRAME, 1 / 25) == {}
    sight.faces = (POINTS,)
    assert [sorted(tracker.step(FRAME, 1 / 25)) for _ in range(10)][-1] == [1]


def test_what_the_finder_no_longer_sees_is_given_up_after_some_searches(sight, monkeypatch):
    tracker = tracking.Tracker(NETWORK)
    tracker.step(FRAME, 1 / 25)
    monkeypatch.setattr(finder, "find", lambda photo, smallest: (np.zeros((0, 2)), np.zeros(0), np.zeros(0)))
    lived = sum(len(tracker.step(FRAME, 1 / 25)) for _ in range(100))
    assert lived == tracking.EVERY * (tracking.MISSES + 1) - 1
