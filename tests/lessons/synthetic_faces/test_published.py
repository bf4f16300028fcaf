import numpy as np
import pandas as pd

from fkp_utils import metrics
from fkp_utils.lessons.synthetic_faces import published


def rows(*found):
    names = ["way", "synthetic", "photos", "counted", "rmse", "low", "high"]
    return pd.DataFrame([dict(zip(names, row, strict=True)) for row in found])


TABLE = rows(
    ("synthetic alone", 2000, 0, 785, 2.9, 2.5, 3.3),
    ("synthetic alone, conventions learnt, ten views", 16000, 0, 785, 2.3, 2.0, 2.8),
    ("synthetic alone, offset put in, ten views", 16000, 0, 785, 2.5, 2.1, 2.9),
    ("photos alone", 0, 500, 213, 3.5, 3.2, 3.9),
    ("photos after synthetic", 16000, 500, 213, 1.7, 1.5, 1.9),
    ("photos alone", 0, 100, 213, 5.3, 5.0, 5.6),
    ("photos after synthetic", 16000, 100, 213, 1.8, 1.6, 2.0),
    ("photos twice", 0, 100, 213, 9.0, 8.0, 10.0),
)


def test_errors_by_the_number_of_photos():
    numbers, found = published.by_photos(TABLE)
    assert numbers == [100, 500]
    assert list(found) == ["photos alone", "photos after synthetic"]
    assert found["photos alone"] == [metrics.Estimate(5.3, 5.0, 5.6), metrics.Estimate(3.5, 3.2, 3.9)]
    text = published.gain(numbers, found, 2000)
    assert text.startswith(
        "With 100 photos the RMSE is: photos alone 5.30 [5.00, 5.60] px, photos after synthetic 1.80"
    )
    assert "With 500 photos" in text
    assert text.endswith("after 2,000 synthetic faces.")


def test_what_so_many_faces_teach_is_told():
    text = published.learnt([100, 2000], [metrics.Estimate(4.9, 4.5, 5.1), metrics.Estimate(4.0, 3.8, 4.2)], 4.8)
    assert text.startswith("the RMSE is 4.90 [4.50, 5.10] px after 100, 4.00 [3.80, 4.20] px after 2,000 faces.")
    assert text.endswith("gets 4.80 px. Numbers of faces after which the network is better than that: 2,000.")


def test_networks_that_have_met_no_photo():
    table = published.alone(TABLE)
    assert table["answers"].tolist() == [
        "as they are",
        "conventions learnt, ten views",
        "offset put in, ten views",
    ]
    assert table["RMSE (px)"].tolist() == ["2.90 [2.50, 3.30]", "2.30 [2.00, 2.80]", "2.50 [2.10, 2.90]"]
    assert table["synthetic faces"].tolist() == [2000, 16000, 16000]


def test_what_no_photo_is_worth_is_told():
    text = published.alone_in_words(TABLE)
    assert text.startswith("After 2,000 synthetic faces and no photo, the RMSE on photos is 2.90 [2.50, 3.30] px")
    assert "(offset put in, ten views) it is 2.50 [2.10, 2.90] px" in text
    assert "worse than that with 100 and with 500 of them" in text
    better = TABLE.assign(rmse=TABLE["rmse"].where(TABLE["way"] != "photos alone", 1.0))
    assert "worse than that with no number of them" in published.alone_in_words(better)


def test_a_step_of_the_generator_is_listed_once():
    step = {
        "note": "heads bent",
        "network": "heatmap, 8 epochs as best.before",
        "synthetic": 16000,
        "rmse": 2.6,
        "low": 2.2,
        "high": 3.0,
    }
    table = published.log(pd.DataFrame([step, step, step | {"note": "brows"}]))
    assert table["change"].tolist() == ["heads bent", "brows"]
    assert table["network"].unique().tolist() == ["heatmap, 8 epochs"]


def test_what_ingredients_are_worth():
    names = ["way", "rmse", "more", "more low", "more high"]
    found = [("everything", 3.0, 0, 0, 0), ("without light", 3.1, 0.1, 0.05, 0.2), ("without framing", 2.9, -0.1, -0.2,
             -0.05), ("without tones", 3.2, 0.2, -0.1, 0.3)]  # fmt: skip
    worth, whole = published.worth(pd.DataFrame([dict(zip(names, row, strict=True)) for row in found]))
    assert whole == 3.0
    assert list(worth) == ["tones", "light", "framing"]
    text = published.signs(worth, 4000)
    assert text == (
        "Each network learnt from 4,000 synthetic faces."
        " The error grows without light (+0.10 px). It falls without framing (-0.10 px)."
        " The intervals of 1 of the others include 0."
    )
    assert "falls without none of them" in published.signs({"light": worth["light"]}, 400)


def test_measures_are_compared_with_those_of_photos_if_there_are_any():
    random = np.random.default_rng(0)
    made = pd.DataFrame({name: random.normal(0, 1, 50) for name in published.UNITS})
    assert published.compared({"synthetic": made}).startswith("Without photos")
    photos = made.assign(tilt=2 * made["tilt"], turn=made["turn"] / 2)
    text = published.compared({"synthetic": made, "photos": photos})
    assert "tilt 0.50" in text
    assert "turn 2.00" in text
    assert text.endswith("Photos vary more in: tilt.")
    assert "In none of the six" in published.compared({"synthetic": made, "photos": made.assign(tilt=made["tilt"] / 2)})
