"""Public scores of Kaggle's Facial Keypoints Detection (2013–2017), to stand beside ours (notebook 13)."""

from __future__ import annotations

# RMSE in px on the part of the test images that decided, by what was done.
SCORES = {
    "first place, when the board was frozen": 1.282,
    "mean of 20 networks (perhaps with test labels)": 1.286,
    "a residual network": 1.310,
    "one network for each label source": 1.352,
    "the same, missing labels filled by means": 1.438,
    "heat maps, masked loss": 1.459,
    "hourglass, highest place of each map": 1.808,
    "small network, as in notebook 08": 2.0,
    "hourglass, complete rows only": 2.921,
}
