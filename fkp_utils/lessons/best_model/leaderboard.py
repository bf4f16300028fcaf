"""Public scores of Kaggle's Facial Keypoints Detection (2013–2017), to stand beside ours (notebook 13)."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Score:
    """private, public: RMSE in px on the two parts of Kaggle's test images; None where it is not told."""

    name: str
    private: float
    public: float | None = None


SCORES = (
    Score("first place, when the board was frozen", 1.282, 1.550),
    Score("mean of 20 networks (perhaps with test labels)", 1.286, 1.455),
    Score("a residual network", 1.310, 1.517),
    Score("one network for each label source", 1.352),
    Score("the same, missing labels filled by means", 1.438),
    Score("heat maps, masked loss", 1.459, 1.874),
    Score("hourglass, highest place of each map", 1.808, 2.304),
    Score("small network, as in notebook 08", 2.0),
    Score("hourglass, complete rows only", 2.921, 2.997),
)
