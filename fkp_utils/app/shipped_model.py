"""`make model`: the model that comes with the package, and its card.

It has learnt from synthetic faces alone, so it is free to give away with the code, and it is asked about photos only to
say in its card how far off it is.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints, metrics, profiles
from fkp_utils.app import prediction
from fkp_utils.datasets import landmarks68
from fkp_utils.evaluation import bootstrap, test_time_augmentation
from fkp_utils.recipes import best_model
from fkp_utils.system import backend, files

if TYPE_CHECKING:
    import keras

    from fkp_utils.training import experiment, runs

CARD = prediction.SHIPPED.with_name("README.md")  # for people
FACTS = prediction.SHIPPED.with_suffix(".json")  # the same for programs
TEXT = """\
# The model that comes with the package

Written by `make model`. `points15.keras` answers {outputs} points in an image of 96×96 grey levels: the 15 of Kaggle's
set, and the nose tip and the bottom lip once more, as the second source of that set labels them.

- **Learnt from:** {faces:,} synthetic faces and no photo, for {epochs} epochs, in {seconds:.0f} s.
- **Network:** `{model}`, {parameters:,} weights, {bytes:,} bytes; the recipe is `shipped_model.learns()`.
- **Code version:** {key}; {versions}.
- **Licence:** that of this repository.

| Photos, which it has not seen | Faces | Error |
|---|---|---|
{rows}

Errors are those of the mean of ten mirrored and shifted views, as `fkp_utils.predict` answers. RMSE counts the given
labels; NME is the mean distance of the 15 points in percent of the distance between the outer eye corners. Labels of
photos are placed by other conventions than those of synthetic faces, and a part of each error is that.

**Limits.** All faces it has learnt from were drawn by a program. On photos it errs more the further a head is
turned (`benchmarks/sim_to_real.py --wild` prints errors by turn, size and light), and it was not tested on
babies, on faces that hands or masks cover, or for differences between groups of people. It says where points
are, not who a person is, and must not be used to judge people.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains the model, or finds it, and writes it with its card; 1 and a line on standard error if that cannot be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kaggle", required=True, help="folder in Kaggle's layout, for the card")
    parser.add_argument("--wild", required=True, help="folder of photos with 68 points (300-W), for the card")
    options = parser.parse_args(arguments)
    backend.load_keras()
    from fkp_utils.recipes import sim_to_real
    from fkp_utils.training import runs

    try:
        known, wild = sim_to_real.photos(options.kaggle), crops(options.wild)[0]
        write(runs.run(learns()), known, wild, prediction.SHIPPED.parent)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(CARD.read_text(encoding="utf-8"))
    return 0


def learns() -> experiment.Experiment:
    """The training: that of the best model before it meets photos, with a network small enough to come along."""
    return best_model.before(profiles.profile("quick"), model="heatmap_half")


def write(run: runs.Run, known: face_sets.Faces, wild: face_sets.Faces, folder: pathlib.Path) -> None:
    """The run's model, its card and the card's facts, into `folder`; `known` and `wild`: see `scores`."""
    facts, described = run.facts, run.facts["described"]
    folder.mkdir(parents=True, exist_ok=True)
    with files.replacing(folder / prediction.SHIPPED.name) as new:
        shutil.copyfile(run.path / "model.keras", new)
    size = (folder / prediction.SHIPPED.name).stat().st_size
    network = prediction.load(folder / prediction.SHIPPED.name)
    found = scores(network, known, wild)
    kaggle, helen = found["kaggle"], found["wild"]
    rows = [
        f"| Kaggle's layout, the source that labels all points | {kaggle['faces']} | RMSE {kaggle['rmse']:.2f} px"
        f" [{kaggle['low']:.2f}, {kaggle['high']:.2f}] |",
        f"| 300-W, cut out by their labels | {helen['faces']} | NME {helen['nme']:.2f}%,"
        f" median {helen['median']:.2f}% |",
    ]
    told = {
        "outputs": network.output.shape[1],
        "faces": described["data"]["limit"],
        "epochs": described["epochs"],
        "seconds": facts["seconds"],
        "model": described["model"],
        "parameters": facts["parameters"],
        "bytes": size,
        "key": facts["key"],
        "versions": ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
    }
    files.write_text(folder / CARD.name, TEXT.format(rows="\n".join(rows), **told))
    files.write_text(folder / FACTS.name, json.dumps(told | {"scores": found}, indent=1))


def scores(network: keras.Model, known: face_sets.Faces, wild: face_sets.Faces) -> dict[str, dict[str, Any]]:
    """Errors of the mean of ten views: RMSE in px on faces of Kaggle's layout, NME in percent on `crops` of 300-W."""
    run = prediction.as_run(network)
    points, in_the_wild = (test_time_augmentation.predict(run, faces).points for faces in (known, wild))
    found = bootstrap.rmse(points, known.points, known.groups)
    each = 100 * metrics.nme_of_faces(in_the_wild, wild.points, wild.keypoints)
    return {
        "kaggle": {"faces": len(known), "rmse": found.value, "low": found.low, "high": found.high},
        "wild": {"faces": len(wild), "nme": float(each.mean()), "median": float(np.median(each))},
    }


def crops(root: str, side: int = 400) -> tuple[face_sets.Faces, np.ndarray]:
    """The grey faces (96, 96) of photos with 68 points, with those of KAGGLE_15, and their boxes in the photos.

    side: of the squares, in px, that the photos are scaled into.
    """
    from fkp_utils.training import data_views

    photos = landmarks68.load(root, size=(side, side)).to(keypoints.KAGGLE_15)
    boxes = np.array([prediction.box_of(points) for points in photos.points])
    cut = photos.crop(boxes, (96, 96))
    levels = np.rint(cut.images[:] @ np.array(data_views.LUMA)).astype(np.uint8)
    return dataclasses.replace(cut, images=levels[..., None]), boxes


if __name__ == "__main__":
    sys.exit(main())
