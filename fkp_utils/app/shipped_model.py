"""`make model`: the model that comes with the package, and its card.

It has learnt from synthetic faces alone, so it is free to give away with the code, and it is asked about photos only to
say in its card how far off it is.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import sys
import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints, metrics, profiles
from fkp_utils.app import prediction
from fkp_utils.datasets import landmarks68
from fkp_utils.evaluation import bootstrap, test_time_augmentation
from fkp_utils.recipes import best_model, dense_landmarks
from fkp_utils.system import backend, files
from fkp_utils.training import data_views

if TYPE_CHECKING:
    import keras

    from fkp_utils.training import experiment, runs

CARD = prediction.SHIPPED.with_name("README.md")  # for people
FACTS = prediction.SHIPPED.with_suffix(".json")  # the same for programs
# What Keras 3.15 writes of layers and older versions refuse, at the values that change nothing.
NEWER: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99},
    "GlorotUniform": {"input_axes": None, "output_axes": None},
}
TEXT = """\
# The model that comes with the package

Written by `make model`. `points68.keras` answers {outputs} points in an image of 96×96 grey levels, those of 300-W; the
15 points of Kaggle's set are converted from them (an eye's centre is the mean of the six points of its lids).

- **Learnt from:** {faces:,} synthetic faces and no photo, for {epochs} epochs, in {seconds:.0f} s.
- **Network:** `{model}`, {parameters:,} weights, {bytes:,} bytes; the recipe is `shipped_model.learns()`.
- **Code version:** {key}; {versions}.
- **Licence:** that of this repository.

| Photos, which it has not seen | Faces | Error |
|---|---|---|
{rows}

Errors are those of the mean of ten mirrored and shifted views, as `fkp_utils.predict` answers. RMSE counts the given
labels of the 15 points; NME is the mean distance in percent of the distance between the outer eye corners. Labels of
photos are placed by other conventions than those of synthetic faces, and a part of each error is that.

**Limits.** All faces it has learnt from were drawn by a program. On photos it errs more the further a head is
turned (`benchmarks/sim_to_real.py --wild` prints errors by turn, size and light), and it was not tested on
babies, on faces that hands or masks cover, or for differences between groups of people. It says where points
are, not who a person is, and must not be used to judge people. Learning from photos too, without their labels, would
lower its errors on other photos by a few percent (`benchmarks/self_training.py`).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains the model, or finds it, and writes it with its card; 1 and a line on standard error if that cannot be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kaggle", required=True, help="folder in Kaggle's layout, for the card")
    parser.add_argument("--wild", required=True, help="folder of photos with 68 points (300-W), for the card")
    parser.add_argument("--card", action="store_true", help="train nothing; measure the model that is there again")
    options = parser.parse_args(arguments)
    backend.load_keras()
    from fkp_utils.recipes import sim_to_real
    from fkp_utils.training import runs

    try:
        shares = {points: prediction.share_of_crop(len(keypoints.LANDMARKS_68), points) for points in prediction.SETS}
        wild = [crops(options.wild, points, share)[0] for points, share in shares.items()]
        known = sim_to_real.photos(options.kaggle)
        if options.card:
            told = json.loads(FACTS.read_text(encoding="utf-8"))
        else:
            told = write(runs.run(learns()), prediction.SHIPPED.parent)
        write_card(told, known, wild, prediction.SHIPPED.parent)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(CARD.read_text(encoding="utf-8"))
    return 0


def learns() -> experiment.Experiment:
    """The training: that of the best model before it meets photos, on all 68 points, and a network that is smaller."""
    first = best_model.before(profiles.profile("quick"), model="heatmap", sources="together")
    return dataclasses.replace(
        first, data=dataclasses.replace(first.data, views=()).through(dense_landmarks.Landmarks68())
    )


def write(run: runs.Run, folder: pathlib.Path) -> dict[str, Any]:
    """The run's model, into `folder`; returns what the card tells of it and of its training."""
    facts, described = run.facts, run.facts["described"]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / prediction.SHIPPED.name
    with files.replacing(target) as new:
        copy_for_older_keras(run.path / "model.keras", new)
    return {
        "outputs": prediction.load(target).output.shape[1],
        "faces": described["data"]["limit"],
        "epochs": described["epochs"],
        "seconds": facts["seconds"],
        "model": described["model"],
        "parameters": facts["parameters"],
        "bytes": target.stat().st_size,
        "key": facts["key"],
        "versions": ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
    }


def write_card(
    told: dict[str, Any], known: face_sets.Faces, wild: Sequence[face_sets.Faces], folder: pathlib.Path
) -> None:
    """The card of the model in `folder`, and its facts; told: of `write`; known and wild: see `scores`."""
    found = scores(prediction.load(folder / prediction.SHIPPED.name), known, wild)
    kaggle, *wild_ones = found.values()
    rows = [
        f"| Kaggle's layout, the source that labels all points | {kaggle['faces']} | RMSE {kaggle['rmse']:.2f} px"
        f" [{kaggle['low']:.2f}, {kaggle['high']:.2f}] |",
        *(
            f"| 300-W, cut out by their labels, {points} points | {each['faces']} | NME {each['nme']:.2f}%,"
            f" median {each['median']:.2f}% |"
            for points, each in zip(prediction.SETS, wild_ones, strict=True)
        ),
    ]
    files.write_text(folder / CARD.name, TEXT.format(rows="\n".join(rows), **told))
    files.write_text(folder / FACTS.name, json.dumps(told | {"scores": found}, indent=1))


def copy_for_older_keras(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copies a model's file without the settings in NEWER, so that versions of Keras that do not know them load it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "config.json":
                content = json.dumps(json.loads(content, object_hook=_without_newer)).encode()
            new.writestr(entry, content)


def _without_newer(part: dict[str, Any]) -> dict[str, Any]:
    newer = NEWER.get(str(part.get("class_name")), {})
    if newer:
        part["config"] = {name: value for name, value in part["config"].items() if newer.get(name, part) != value}
    return part


def scores(network: keras.Model, known: face_sets.Faces, wild: Sequence[face_sets.Faces]) -> dict[str, dict[str, Any]]:
    """Errors of the mean of ten views: RMSE in px on faces of Kaggle's layout, NME in percent on `crops` of 300-W.

    wild: those with 15 points, and those with 68.
    """

    def errors(faces: face_sets.Faces) -> dict[str, Any]:
        run = prediction.as_run(network, faces.keypoints)
        answers = test_time_augmentation.predict(run, faces).points
        each = 100 * metrics.nme_of_faces(answers, faces.points, faces.keypoints)
        return {"faces": len(faces), "nme": float(each.mean()), "median": float(np.median(each))}

    points = test_time_augmentation.predict(prediction.as_run(network), known).points
    found = bootstrap.rmse(points, known.points, known.groups)
    return {
        "kaggle": {"faces": len(known), "rmse": found.value, "low": found.low, "high": found.high},
        **dict(zip(("wild", "wild, 68 points"), map(errors, wild), strict=True)),
    }


def crops(
    root: str, points: int = 15, share: float = prediction.RADIUS, side: int = 400
) -> tuple[face_sets.Faces, np.ndarray]:
    """The grey faces (96, 96) of photos with 68 points, and their boxes in the photos.

    points: 15 or 68, those that the faces have.  share: of the crop, as `prediction.around` has it.  side: of the
    squares, in px, that the photos are scaled into.
    """
    photos = landmarks68.load(root, size=(side, side))
    boxes = np.array([prediction.box_of(each, share) for each in photos.to(keypoints.KAGGLE_15).points])
    cut = photos.to(prediction.SETS[points]).crop(boxes, (96, 96))
    levels = np.rint(cut.images[:] @ np.array(data_views.LUMA)).astype(np.uint8)
    return dataclasses.replace(cut, images=levels[..., None]), boxes


if __name__ == "__main__":
    sys.exit(main())
