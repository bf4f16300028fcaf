"""Trainings from random weights, from ImageNet or from synthetic faces, and how they compare (notebook 04)."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from fkp_utils import faces as face_sets
from fkp_utils import metrics, profiles
from fkp_utils.evaluation import comparisons, errors
from fkp_utils.interpretation import activations
from fkp_utils.models import pretrained
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, experiment, runs

SCRATCH, IMAGENET, SYNTHETIC = "from scratch", "ImageNet", "synthetic faces"
INNER = r"conv1|pool\d|fire\d_concat|(stem|block\d|merge)_relu|maps"  # layers of the small networks that are read


def available(names: Iterable[str]) -> list[str]:
    """Those of the networks whose ImageNet weights are at hand or can be downloaded."""
    found = []
    for name in names:
        with contextlib.suppress(pretrained.WeightsError), contextlib.redirect_stdout(io.StringIO()):
            pretrained.find(name, pretrained.IMAGENET)
            found.append(name)
    return found


def deep(
    data: data_views.Data, profile: profiles.Profile, known: Iterable[str], **changes: Any
) -> tuple[dict[str, runs.Run], dict[str, dict[str, runs.Run]]]:
    """VGG from scratch by name; and by name and start, where the profile restarts them and ImageNet weights are known.

    A profile that does not restart VGG trains VGG-16 alone, from scratch.  changes: fields of `Experiment`.
    """
    names = ("vgg16", "vgg19") if profile.deep_restarts > 1 else ("vgg16",)
    described = {name: earlier_networks.experiment_of(name, data, profile, **changes) for name in names}
    scratch = {name: runs.run(each) for name, each in described.items()}
    pairs: dict[str, dict[str, runs.Run]] = {}
    for name in known if profile.deep_restarts > 1 else ():
        if name in described:
            tuned = dataclasses.replace(described[name], **earlier_networks.from_imagenet(profile.vgg_epochs))
            pairs[name] = {SCRATCH: scratch[name], IMAGENET: runs.run(tuned)}
    return scratch, pairs


def squeezenet(
    data: data_views.Data, profile: profiles.Profile, known: Iterable[str], **changes: Any
) -> dict[str, dict[str, experiment.Experiment]]:
    """SqueezeNet by its name and start, from scratch and from ImageNet; nothing where its weights are not known.

    From ImageNet, all train in smaller steps.  changes: fields of `Experiment`.
    """
    if "squeezenet" not in known:
        return {}
    plain = earlier_networks.experiment_of("squeezenet", data, profile, **changes)
    tuned = dataclasses.replace(plain, learning_rate=3e-4, **earlier_networks.from_imagenet(plain.epochs))
    return {"squeezenet": {SCRATCH: plain, IMAGENET: tuned}}


def readouts_inside(
    starts: Mapping[str, experiment.Experiment],
    trained: Mapping[str, runs.Run],
    learn: face_sets.Faces,
    test: face_sets.Faces,
    repeats: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, metrics.Estimate]]:
    """`activations.linear_readouts` of the image and of the layers of each network, before and after its training.

    starts: the experiments of one network by the weights they begin with; trained: their runs.
    """
    found = {}
    for name, described in starts.items():
        run = trained[name]
        model = run.model()
        layers = ["image", *(layer.name for layer in model.layers if re.fullmatch(INNER, layer.name))]
        both = {"before": runs.build(described, described.data.parts(), run.seed), "after": model}
        for when, network in both.items():
            found[f"{name}, {when}"] = activations.linear_readouts(
                network, learn, test, layers, repeats=repeats, seed=seed
            )
    return found


def lowest(found: Mapping[str, metrics.Estimate]) -> str:
    """The layer from which points are read with the lowest error."""
    return min(found, key=lambda layer: found[layer].value)


def long_runs(table: pd.DataFrame | None) -> pd.DataFrame:
    """Errors of VGG in the earlier report, and of long runs of VGG, SqueezeNet and the small network of the course.

    table: of the long runs, as `summary.published` has it; None if there is none.  Of a variant of the course, where
    the earlier report has its like, both errors stand in one row.
    """
    rows = {
        label: {"earlier report": told.evaluation}
        for label, told in earlier_networks.EARLIER.items()
        if label.startswith("vgg")
    }
    if table is not None:
        for _, row in table[table["variant"].str.match("vgg|squeezenet|small")].iterrows():
            label = row["variant"].split(", drop-out")[0]
            rows.setdefault(label, {})["long run of the course"] = row["eval mse"]
    shown = pd.DataFrame.from_dict(rows, orient="index").rename_axis("network and training").reset_index()
    return shown.reindex(columns=["network and training", "earlier report", "long run of the course"])


@dataclasses.dataclass(frozen=True, eq=False)
class Starts:
    """Trainings that differ in the weights they start from, and the faces that they are compared on.

    pairs: runs by network and start, SCRATCH first, then IMAGENET or SYNTHETIC.  scratch: runs of VGG from random
    weights, by name.  few: evaluation faces of the small networks; very_few: those of VGG, whose own may be a few
    only.  known: networks whose
    ImageNet weights are to be had.  repeats, seed: of the bootstrap.
    """

    pairs: Mapping[str, Mapping[str, runs.Run]]
    scratch: Mapping[str, runs.Run]
    few: face_sets.Faces
    very_few: face_sets.Faces
    known: Sequence[str] = ()
    repeats: int = 1000
    seed: int = 0

    def table(self) -> pd.DataFrame:
        """A row for each network and start: errors, their range over restarts, and the change from SCRATCH."""
        rows = []
        for name, found in self.pairs.items():
            faces = self.faces(name)
            for start, run in found.items():
                ends, points = run.restarts["evaluation"], run.predict(faces)
                rows.append(
                    {
                        "network": name,
                        "start": start,
                        "MSE (px²)": metrics.mse(points, faces.points),
                        "MAE (px)": metrics.mae(points, faces.points),
                        "RMSE of the restarts (px)": f"{ends.min():.2f} to {ends.max():.2f}",
                        "minus from scratch (px)": str(self.gain(name, start)),
                    }
                )
        return pd.DataFrame(rows)

    def histories(self) -> dict[str, dict[str, pd.DataFrame]]:
        """Errors by epoch and restart, by network and start, as `runs.Run.history` has them."""
        return {name: {start: run.history for start, run in found.items()} for name, found in self.pairs.items()}

    def first_and_lowest(self) -> str:
        """By network and start: validation error in px after the first epoch, mean of restarts, and the lowest."""
        return "; ".join(
            f"{name} {start}, {history.loc[history['epoch'] == 1, 'validation'].mean():.2f} and"
            f" {history['validation'].min():.2f} px"
            for name, found in self.histories().items()
            for start, history in found.items()
        )

    def gain(self, name: str, start: str) -> metrics.Estimate:
        """RMSE in px of the network from this start minus that from scratch."""
        found = self.pairs[name]
        return comparisons.difference(found[start], found[SCRATCH], self.faces(name), **self.draws)

    def learnt(self, name: str, several: Iterable[runs.Run]) -> bool:
        """Whether one of several runs of the network errs less than the mean of the evaluation faces' points."""
        faces = self.faces(name)
        mean = np.broadcast_to(np.nanmean(faces.points, axis=0), faces.points.shape)
        predicted = {str(number): run.predict(faces) for number, run in enumerate(several)}
        return bool(errors.better(predicted, mean, faces, **self.draws))

    def faces(self, name: str) -> face_sets.Faces:
        """The evaluation faces of the network."""
        return self.very_few if name.startswith("vgg") else self.few

    @property
    def draws(self) -> dict[str, Any]:
        """How the bootstrap draws: `repeats` and `seed`."""
        return {"repeats": self.repeats, "seed": self.seed}
