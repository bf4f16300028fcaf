"""What notebook 04 alone needs: faces to look at, how much maps look like a face, starts of a training, the claims."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from fkp_utils import faces as face_sets
from fkp_utils import metrics, profiles
from fkp_utils.evaluation import bootstrap, comparisons, verdicts
from fkp_utils.interpretation import activations
from fkp_utils.models import pretrained
from fkp_utils.recipes import earlier_networks
from fkp_utils.training import data_views, experiment, runs

if TYPE_CHECKING:
    import keras

BATCH = 16
FLAT = 1e-6  # a map whose values differ less than this from their mean is dead
INTERLACED = 0.8  # rows of an image that differ this much more from the next than from the one after it
ALIKE = 0.1  # difference of |r| from which maps are said to look like the face
SAME = 0.05  # share of an error within which two networks do alike
SCRATCH, IMAGENET, SYNTHETIC = "from scratch", "ImageNet", "synthetic faces"
INNER = r"conv1|pool\d|fire\d_concat|(stem|block\d|merge)_relu|maps"  # layers of the small networks that are read

Layers = Mapping[str, np.ndarray]  # what `likeness` finds


def complete(faces: face_sets.Faces, count: int | None = None) -> face_sets.Faces:
    """The faces with the most labels, at most `count` of them: all of one source, so that a point means one thing."""
    labels = faces.given.sum(axis=1)
    return faces.select(np.flatnonzero(labels == labels.max())[:count])


def one_of_each(faces: face_sets.Faces, count: int) -> face_sets.Faces:
    """The first face of each person, at most `count` of them; where persons are not known, each face is one."""
    people = np.arange(len(faces)) if faces.subject is None else np.unique(faces.subject, return_index=True)[1]
    return faces.select(np.sort(people)[:count])


def clear(faces: face_sets.Faces, count: int) -> np.ndarray:
    """(count,) rows of faces to look at: those of most contrast among the third whose points are nearest the mean face.

    Images whose every second row is from another moment, as an old video camera takes them, come last.
    """
    off = np.nanmean((faces.points - np.nanmean(faces.points, axis=0)) ** 2, axis=(1, 2))
    rows = np.argsort(off, kind="stable")[: max(count, len(faces) // 3)]
    grey = np.asarray(faces.images[rows], np.float32).mean(axis=-1)
    height, width = faces.size
    middle = grey[:, height // 4 : height - height // 4, width // 4 : width - width // 4]
    contrast = middle.std(axis=(1, 2))
    next_, after = (np.abs(grey[:, step:] - grey[:, :-step]).mean(axis=(1, 2)) for step in (1, 2))
    contrast[next_ > INTERLACED * after] -= contrast.max() + 1
    return rows[np.argsort(-contrast, kind="stable")][:count]


def available(names: Iterable[str]) -> list[str]:
    """Those of the networks whose ImageNet weights are at hand or can be downloaded."""
    found = []
    for name in names:
        with contextlib.suppress(pretrained.WeightsError), contextlib.redirect_stdout(io.StringIO()):
            pretrained.find(name, pretrained.IMAGENET)
            found.append(name)
    return found


def likeness(
    model: keras.Model, faces: face_sets.Faces, layers: Sequence[str] | None = None, batch: int = BATCH
) -> dict[str, np.ndarray]:
    """How strongly maps correlate with the face, by layer: (N, 2), with the face itself and with another face.

    For each face, the mean over a layer's maps of |r|, the correlation of the map's values with the image reduced to
    the map's size; the sign does not count, as a negative looks like a face, too.  A map without contrast counts as 0.
    The other face is half the set away: all faces are bright in the middle, so as much of r as it has, too, says
    nothing about this face.  layers: with maps; without names, `activations.conv_and_pool_layers`.  ValueError for
    fewer than two faces.
    """
    if len(faces) < 2:
        raise ValueError(f"{len(faces)} face; expected two or more, to compare each with another")
    layers = activations.conv_and_pool_layers(model) if layers is None else list(layers)
    grey = np.asarray(faces.images[:], np.float32).mean(axis=-1)
    reduced: dict[tuple[int, int], np.ndarray] = {}
    found = {name: np.empty((len(faces), 2)) for name in layers}
    for start in range(0, len(faces), batch):
        rows = np.arange(start, min(start + batch, len(faces)))
        outputs = activations.layer_outputs(model, faces.images[rows], layers, batch)
        for name, maps in outputs.items():
            size = maps.shape[1:3]
            if size not in reduced:
                reduced[size] = _standardised(_reduced(grey, size)[..., None])[..., 0]
            standard = _standardised(maps)
            for column, others in enumerate((rows, (rows + len(faces) // 2) % len(faces))):
                r = np.einsum("npf,np->nf", standard, reduced[size][others])
                found[name][rows, column] = np.abs(r).mean(axis=1)
    return found


def _reduced(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images (N, H, W) at `size` (height, width), each cell the mean of what it covers."""
    kind = Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(image).resize(size[::-1], kind)) for image in images])


def _standardised(maps: np.ndarray) -> np.ndarray:
    """Maps (N, h, w, F) as (N, h·w, F) with mean 0 and length 1; all 0 where a map has no contrast."""
    values = maps.reshape(len(maps), -1, maps.shape[-1])
    values = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.where(length > FLAT, values / np.maximum(length, FLAT), 0)


def differences(found: Layers) -> dict[str, float]:
    """How much more the maps of each layer look like their own face than like another, on average over faces."""
    return {layer: float(np.subtract(*values.T).mean()) for layer, values in found.items()}


def with_intervals(
    like: Mapping[str, Layers], repeats: int = 1000, seed: int = 0
) -> dict[str, dict[str, list[metrics.Estimate]]]:
    """Mean |r| of each layer with this face and with another, by weights, with its interval over persons."""
    return {
        name: {
            title: [bootstrap.mean(values[:, side], repeats=repeats, seed=seed) for values in found.values()]
            for side, title in enumerate(("this face", "another face"))
        }
        for name, found in like.items()
    }


def block(found: Layers, number: int, repeats: int = 1000, seed: int = 0) -> metrics.Estimate:
    """The same over the layers of VGG's block of this number, with its interval over persons, each of them one face."""
    gaps = [np.subtract(*values.T) for layer, values in found.items() if layer.startswith(f"block{number}_")]
    return bootstrap.mean(np.mean(gaps, axis=0), repeats=repeats, seed=seed)


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
            frozen = min(5, profile.deep_epochs)
            tuned = dataclasses.replace(described[name], weights=pretrained.IMAGENET, frozen_epochs=frozen)
            pairs[name] = {SCRATCH: scratch[name], IMAGENET: runs.run(tuned)}
    return scratch, pairs


def squeezenet(
    data: data_views.Data, profile: profiles.Profile, known: Iterable[str], **changes: Any
) -> dict[str, dict[str, experiment.Experiment]]:
    """SqueezeNet by its name and start, from scratch and from ImageNet; nothing where its weights are not known.

    From ImageNet, the head trains alone for a quarter of the epochs, and all in smaller steps.  changes: fields of
    `Experiment`.
    """
    if "squeezenet" not in known:
        return {}
    plain = earlier_networks.experiment_of("squeezenet", data, profile, **changes)
    tuned = dataclasses.replace(plain, weights=pretrained.IMAGENET, learning_rate=3e-4, frozen_epochs=plain.epochs // 4)
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
        model = trained[name].model()
        layers = ["image", *(layer.name for layer in model.layers if re.fullmatch(INNER, layer.name))]
        both = {"before": runs.build(described, described.data.parts(), seed), "after": model}
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
    weights, by name.  few: evaluation faces of the small networks; very_few: those of VGG.  known: networks whose
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
            for start, run in found.items():
                errors = run.restarts["evaluation"]
                rows.append(
                    {
                        "network": name,
                        "start": start,
                        "MSE (px²)": run.scores["evaluation"]["mse"],
                        "MAE (px)": run.scores["evaluation"]["mae"],
                        "RMSE of the restarts (px)": f"{errors.min():.2f} to {errors.max():.2f}",
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
        return comparisons.difference(found[start], found[SCRATCH], self._faces(name), **self._draws)

    def claims(self, data: str, profile: str) -> list[verdicts.Tested]:
        """What the earlier report says of ImageNet weights (S0.9) and of VGG-19 beside VGG-16 (S0.8), tested.

        data, profile: by name; they say why something cannot be told.
        """
        tested = [*self._imagenet("vgg16", "", profile), *self._imagenet("squeezenet", " squeezenet", profile)]
        return [*tested, self._synthetic(data), self._alike(profile)]

    def _imagenet(self, name: str, suffix: str, profile: str) -> list[verdicts.Tested]:
        told = f"the ImageNet weights of {name} are not to be had"
        if name in self.known:
            told = f"{name} is not trained from them in the profile {profile}"
        found = [verdicts.unknown(told)] * 2
        if name in self.pairs:
            after, before = self.pairs[name][IMAGENET], self.pairs[name][SCRATCH]
            faces = self._faces(name)
            found = [comparisons.is_lower(after, before, faces, factor, **self._draws) for factor in (1, 0.5)]
            told = f"{_mse(before):.2f} to {_mse(after):.2f} px² ({name})"
        theirs = "13.17 to 4.37 px² (VGG-16), 13.18 to 4.29 (VGG-19)"
        lower = "Training from ImageNet weights ends lower than from scratch."
        half = "Training from ImageNet weights at least halves the mean squared error."
        return [
            verdicts.Tested(f"S0.9 lower{suffix}", lower, theirs, told, found[0]),
            verdicts.Tested(f"S0.9 half{suffix}", half, theirs, told, found[1]),
        ]

    def _synthetic(self, data: str) -> verdicts.Tested:
        before, after = (self.pairs["small"][start] for start in (SCRATCH, SYNTHETIC))
        told = f"{_mse(before):.2f} to {_mse(after):.2f} px², RMSE changes by {self.gain('small', SYNTHETIC)} px"
        found = comparisons.is_lower(after, before, self._faces("small"), **self._draws)
        if data == "synthetic":
            told += "; but our faces are synthetic, too: this shows what more faces bring"
            found = verdicts.unknown("no photo is here")
        statement = "Pretraining on synthetic faces, too, ends lower than from scratch on photos."
        return verdicts.Tested("S0.9 synthetic", statement, "not tried", told, found)

    def _alike(self, profile: str) -> verdicts.Tested:
        told = f"VGG-19 is not trained in the profile {profile}"
        found = verdicts.unknown(told)
        if "vgg19" in self.scratch:
            error = _mse(self.scratch["vgg16"]) ** 0.5
            gap = comparisons.difference(
                self.scratch["vgg19"], self.scratch["vgg16"], self._faces("vgg19"), **self._draws
            )
            told = f"RMSE of VGG-19 minus that of VGG-16: {gap} px, at {error:.2f} px"
            found = verdicts.between(gap, -SAME * error, SAME * error)
        statement = "VGG-16 and VGG-19 from scratch do alike (within 5% of the error)."
        return verdicts.Tested("S0.8", statement, "13.17 and 13.18 px²", told, found)

    def _faces(self, name: str) -> face_sets.Faces:
        return self.very_few if name.startswith("vgg") else self.few

    @property
    def _draws(self) -> dict[str, Any]:
        return {"repeats": self.repeats, "seed": self.seed}


def claims(like: Mapping[str, Layers], repeats: int = 1000, seed: int = 0) -> list[verdicts.Tested]:
    """What the earlier report says of VGG's maps (S0.5): the early ones look like a face, the late ones do not.

    like: `likeness` of the 18 layers by the weights.  A claim holds if it does for all weights.
    """
    tested = []
    for identity, number, beyond, statement in (
        ("S0.5 early", 1, verdicts.above, "The early layers of VGG-16 (block 1) still look like a face."),
        ("S0.5 late", 5, verdicts.below, "The late layers of VGG-16 (block 5) do not."),
    ):
        found = {name: block(layers, number, repeats, seed) for name, layers in like.items()}
        told = "|r| with this face minus another: " + ", ".join(f"{name} {gap}" for name, gap in found.items())
        verdict = verdicts.all_hold(beyond(gap, ALIKE) for gap in found.values())
        tested.append(verdicts.Tested(identity, statement, "so it looks, for one face", told, verdict))
    return tested


def finding(like: Layers, reads: Mapping[str, metrics.Estimate], weights: str) -> str:
    """What the notebook found, in one sentence: of maps with random weights, and of readouts with these weights."""
    gaps = list(differences(like).values())
    best = lowest(reads)
    return (
        f"Maps of VGG-16 correlate with their own face {gaps[0]:.2f} more than with another in the first layer and"
        f" {gaps[-1]:.2f} more in the last; points can be read to {reads['image'].value:.2f} px from the image,"
        f" to {reads[best].value:.2f} px from layer {best} ({weights})."
    )


def _mse(run: runs.Run) -> float:
    return run.scores["evaluation"]["mse"]
