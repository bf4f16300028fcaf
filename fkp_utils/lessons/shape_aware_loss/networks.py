"""The two large networks of the earlier report, and how networks answer where label sources differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics, profiles
from fkp_utils.augmentation import augment
from fkp_utils.evaluation import bootstrap
from fkp_utils.lessons.shape_aware_loss import distances
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, runs

NETWORKS = {"ResNet-50": "resnet50", "DenseNet-121": "densenet121"}
# Turned by up to 20 degrees, brighter or darker by up to half, and noise whose variance is 0.1 for pixels from 0 to 1:
# 81 grey levels.
AUGMENTATION = augment.Augmentation(rotate=20, noise=81, brightness=0.5)


def variants(profile: profiles.Profile) -> dict[str, dict[str, Any]]:
    """What tells the networks of a profile from each other, as fields of an experiment, by their name.

    ImageNet weights are taken where they lie at hand, and in any case by the full profile, which also trains each
    network with the report's augmentation.  The smoke profile has LeNet-5 in the place of both.
    """
    full = profile.name == "full"
    networks = {"LeNet-5": "lenet5"} if profile.name == "smoke" else NETWORKS
    found: dict[str, dict[str, Any]] = {}
    for name, model in networks.items():
        weights = "imagenet" if full or earlier_networks.has_weights(model) else ""
        found[name] = {"model": model, "weights": weights}
        if full:
            found[f"{name}, augmented"] = found[name] | {"augmentation": AUGMENTATION}
    return found


def train(data: data_views.Data, profile: profiles.Profile, **changes: Any) -> runs.Run:
    """A LeNet-5 of the profile's size that learnt from the data; changes are fields of `Experiment`."""
    return runs.run(earlier_networks.experiment_of("lenet5", data, profile, **changes))


def table(swept: Mapping[tuple[str, float], runs.Run], faces: face_sets.Faces) -> pd.DataFrame:
    """A row for each term and weight: the complete graph distance on the faces, and how far its restarts lie apart.

    The errors of restarts are those on the evaluation part of each run.
    """
    restarts = [run.restarts["evaluation"] for run in swept.values()]
    columns = {
        "CGD (px)": [distances.graph_distance(run.predict(faces), faces.points) for run in swept.values()],
        "RMSE of the best restart (px)": [each.min() for each in restarts],
        "of the worst (px)": [each.max() for each in restarts],
    }
    return pd.DataFrame(columns, pd.MultiIndex.from_tuples(swept, names=["term", "α"]))


def errors(
    alone: runs.Run,
    swept: Mapping[tuple[str, float], runs.Run],
    faces: face_sets.Faces,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, metrics.Estimate]:
    """RMSE in px of the network trained on MSE alone, and of each with a term, by its kind and weight."""
    named = {"MSE": alone} | {f"{kind} {alpha:.3g}": run for (kind, alpha), run in swept.items()}
    return {
        name: bootstrap.rmse(run.predict(faces), faces.points, faces.groups, repeats, seed)
        for name, run in named.items()
    }
