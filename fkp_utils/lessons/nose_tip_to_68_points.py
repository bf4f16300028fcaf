"""What notebook 11 alone needs: which point is the tip of the nose."""

from __future__ import annotations

from fkp_utils.training import data_views

# The tip of the nose by set; IMM_58 has none: the lowest point of the nose's outline stands for it.
NOSE_TIPS = {"KAGGLE_15": "nose_tip", "CELEBA_5": "nose", "IMM_58": "nose_5", "LANDMARKS_68": "nose_bridge_3"}


def nose_tip(data: data_views.Data) -> data_views.OnlyPoints:
    """The view of the data that keeps the nose tip as the only point."""
    return data_views.OnlyPoints((NOSE_TIPS[data.faces().keypoints.name],))
