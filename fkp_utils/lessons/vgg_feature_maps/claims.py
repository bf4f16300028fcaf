"""What the earlier report says of VGG's maps (S0.5), of VGG-19 (S0.8) and of ImageNet weights (S0.9), tested."""

from __future__ import annotations

from collections.abc import Mapping

from fkp_utils import faces as face_sets
from fkp_utils import metrics
from fkp_utils.evaluation import comparisons, verdicts
from fkp_utils.lessons.vgg_feature_maps import map_likeness, trainings
from fkp_utils.training import runs

ALIKE = 0.1  # difference of |r| from which maps are said to look like the face
SAME = 0.05  # share of an error within which two networks do alike


def maps(like: Mapping[str, map_likeness.Layers], repeats: int = 1000, seed: int = 0) -> list[verdicts.Tested]:
    """Whether the early maps look like a face and the late ones do not (S0.5).

    like: `map_likeness.measure` of the 18 layers by the weights.  A claim holds if it does for all weights.
    """
    tested = []
    for identity, number, beyond, statement in (
        ("S0.5 early", 1, verdicts.above, "The early layers of VGG-16 (block 1) still look like a face."),
        ("S0.5 late", 5, verdicts.below, "The late layers of VGG-16 (block 5) do not."),
    ):
        found = {name: map_likeness.block(layers, number, repeats, seed) for name, layers in like.items()}
        gaps = ", ".join(f"{name} {gap}" for name, gap in found.items())
        told = f"r without its sign, with this face minus with another: {gaps}"
        verdict = verdicts.all_hold(beyond(gap, ALIKE) for gap in found.values())
        tested.append(verdicts.Tested(identity, statement, "so it looks, for one face", told, verdict))
    return tested


def networks(starts: trainings.Starts, data: str, profile: str) -> list[verdicts.Tested]:
    """Whether ImageNet weights lower the error (S0.9), and whether VGG-16 and VGG-19 do alike (S0.8).

    data, profile: by name; they say why something cannot be told.
    """
    return [
        *_imagenet(starts, "vgg16", "", profile),
        *_imagenet(starts, "squeezenet", " squeezenet", profile),
        _synthetic(starts, data),
        _alike(starts, profile),
    ]


def _imagenet(starts: trainings.Starts, name: str, suffix: str, profile: str) -> list[verdicts.Tested]:
    told = f"the ImageNet weights of {name} are not to be had"
    if name in starts.known:
        told = f"{name} is not trained from them in the profile {profile}"
    found = [verdicts.unknown(told)] * 2
    if name in starts.pairs:
        after, before = starts.pairs[name][trainings.IMAGENET], starts.pairs[name][trainings.SCRATCH]
        faces = starts.faces(name)
        if starts.learnt(name, (after, before)):
            found = [comparisons.is_lower(after, before, faces, factor, **starts.draws) for factor in (1, 0.5)]
        else:
            found = [verdicts.unlearnt(name)] * 2
        told = f"{_mse(before, faces):.2f} to {_mse(after, faces):.2f} px² ({name})"
    theirs = "13.17 to 4.37 px² (VGG-16), 13.18 to 4.29 (VGG-19)"
    lower = "Training from ImageNet weights ends lower than from scratch."
    half = "Training from ImageNet weights at least halves the mean squared error."
    return [
        verdicts.Tested(f"S0.9 lower{suffix}", lower, theirs, told, found[0]),
        verdicts.Tested(f"S0.9 half{suffix}", half, theirs, told, found[1]),
    ]


def _synthetic(starts: trainings.Starts, data: str) -> verdicts.Tested:
    before, after = (starts.pairs["small"][start] for start in (trainings.SCRATCH, trainings.SYNTHETIC))
    gain = starts.gain("small", trainings.SYNTHETIC)
    faces = starts.faces("small")
    told = f"{_mse(before, faces):.2f} to {_mse(after, faces):.2f} px², RMSE changes by {gain} px"
    found = comparisons.is_lower(after, before, faces, **starts.draws)
    if data == "synthetic":
        told += "; but our faces are synthetic, too: this shows what more faces bring"
        found = verdicts.unknown("no photo is here")
    statement = "Pretraining on synthetic faces, too, ends lower than from scratch on photos."
    return verdicts.Tested("S0.9 synthetic", statement, "not tried", told, found)


def _alike(starts: trainings.Starts, profile: str) -> verdicts.Tested:
    told = f"VGG-19 is not trained in the profile {profile}"
    found = verdicts.unknown(told)
    if "vgg19" in starts.scratch:
        first, second = starts.scratch["vgg16"], starts.scratch["vgg19"]
        faces = starts.faces("vgg19")
        error = _mse(first, faces) ** 0.5
        gap = comparisons.difference(second, first, faces, **starts.draws)
        told = f"RMSE of VGG-19 minus that of VGG-16: {gap} px, at {error:.2f} px"
        found = verdicts.unlearnt("VGG-16")
        if starts.learnt("vgg16", (first, second)):
            found = verdicts.between(gap, -SAME * error, SAME * error)
    statement = "VGG-16 and VGG-19 from scratch do alike (within 5% of the error)."
    return verdicts.Tested("S0.8", statement, "13.17 and 13.18 px²", told, found)


def finding(like: map_likeness.Layers, reads: Mapping[str, metrics.Estimate], weights: str) -> str:
    """What the notebook found, in two sentences: of maps with random weights, and of readouts with these weights."""
    gaps = list(map_likeness.differences(like).values())
    best = trainings.lowest(reads)
    return (
        f"With random weights, a map of VGG-16's first layer correlates {gaps[0]:.2f} more with its own face than with"
        f" another, one of its last layer {gaps[-1]:.2f} more. A linear probe finds the points to"
        f" {reads['image'].value:.2f} px from the image itself, and to {reads[best].value:.2f} px from {best}, the best"
        f" layer ({weights})."
    )


def _mse(run: runs.Run, faces: face_sets.Faces) -> float:
    return metrics.mse(run.predict(faces), faces.points)
