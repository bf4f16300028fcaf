"""What photos without labels add to the model of the package, which comes from synthetic faces alone: self-training.

The model is the teacher.  It answers the 68 points of every second photo, from ten views; the photos' own labels only
say where the faces are.  The surest three quarters of its answers, by how far the views disagree, become labels (Lee,
2013, "Pseudo-Label").  From the teacher's weights two pupils learn for as many steps: one from synthetic faces alone,
of new people, one with photos, each several times, in the place of half of them.  Only what differs between these two
is due to the photos.

Reported for the teacher and each pupil are the errors of its card, measured on the other photos with 68 points (NME),
and on photos in Kaggle's layout, of which none is learnt from (RMSE); and over the seeds, the change by the photos with
its 95% interval.  The table goes to results/self_training.json.

    python benchmarks/self_training.py --root FOLDER --wild FOLDER [--faces 4000] [--epochs 4] [--seeds 3]
        [--results FOLDER]
"""

from __future__ import annotations

import dataclasses
import pathlib
import sys
from typing import Any

import _options

from fkp_utils.system import backend

backend.load_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from fkp_utils import faces as face_sets  # noqa: E402
from fkp_utils import keypoints  # noqa: E402
from fkp_utils.app import prediction, shipped_model  # noqa: E402
from fkp_utils.course import summary  # noqa: E402
from fkp_utils.datasets.synthetic import generator as synthetic  # noqa: E402
from fkp_utils.evaluation import comparisons, test_time_augmentation  # noqa: E402
from fkp_utils.recipes import sim_to_real  # noqa: E402
from fkp_utils.training import data_views, loop  # noqa: E402

SURE = 0.75  # share of the photos whose answers are learnt
SEED = 7  # of the synthetic people, who are others than the teacher's
ALONE, WITH = "synthetic faces alone", "with photos"
RECIPE = dataclasses.replace(shipped_model.learns(), learning_rate=3e-3)  # a little lower, from the teacher's weights
ERRORS = {"wild": "NME, 15 points (%)", "wild, 68 points": "NME, 68 points (%)", "kaggle": "RMSE (px)"}


def answered(photos: face_sets.Faces) -> face_sets.Faces:
    """The photos of whose points the teacher is surest, with its answers for labels."""
    teacher = prediction.as_run(prediction.load(), keypoints.LANDMARKS_68)
    found = test_time_augmentation.predict(teacher, photos)
    sure = np.flatnonzero(found.face <= np.quantile(found.face, SURE))
    return dataclasses.replace(photos.select(sure), points=found.points[sure].astype(np.float32))


def pupil(parts: list[face_sets.Faces], epochs: int, seed: int) -> keras.Model:
    """The teacher, trained further on all faces of the parts."""
    images = np.concatenate([each.images[:] for each in parts])
    points = np.concatenate([each.points for each in parts])
    keras.utils.set_random_seed(seed)
    network = prediction.load()
    whole = loop.trainer(network, RECIPE.augmentation, keypoints.LANDMARKS_68.mirror, seed)
    loop.compile_trainer(whole, RECIPE, epochs * -(-len(images) // RECIPE.batch))
    whole.fit([images, points], points, batch_size=RECIPE.batch, epochs=epochs, verbose=0)
    return network


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(
        __doc__, arguments, root=str, wild=str, faces=4000, epochs=4, seeds=3, results=pathlib.Path
    )
    if not options.root or not options.wild:
        _options.refuse("--root names photos in Kaggle's layout, --wild a folder of photos with 68 points")

    def every_second(first: int, points: int, share: float) -> face_sets.Faces:
        cut, _ = shipped_model.crops(options.wild, points, share)
        return cut.select(np.arange(first, len(cut), 2))

    loose, close = (prediction.share_of_crop(68, points) for points in (68, 15))
    known, judged = sim_to_real.photos(options.root), [every_second(1, 15, close), every_second(1, 68, loose)]
    photos = [answered(every_second(0, 68, share)) for share in (loose, close)]
    half = options.faces // 2
    photos = [each.select(np.resize(np.arange(len(each)), half // 2)) for each in photos]  # again and again
    drawn = synthetic.load(limit=options.faces, seed=SEED, points_of=keypoints.LANDMARKS_68)
    made, rest = drawn.select(slice(half)), drawn.select(slice(half, None))
    rows = [row("teacher", 0, prediction.load(), known, judged)]
    for seed in range(options.seeds):
        for way, parts in {ALONE: [made, rest], WITH: [*photos, rest]}.items():
            rows.append(row(way, seed, pupil(parts, options.epochs, seed), known, judged))
    for error, unit in ERRORS.items():
        after, before = (np.array([each[error] for each in rows if each["way"] == way]) for way in (WITH, ALONE))
        print(f"{unit}: the photos change it by {comparisons.over_restarts(after, before, paired=True)}")
    counts = {"judged": len(judged[0]), "Kaggle's layout": len(known)}
    text = f"{options.faces:,} faces, {options.epochs} epochs, {options.seeds} seeds"
    data = data_views.Data("landmarks68", options.wild)
    print(summary.publish_rows("self_training", rows, data, counts, text, options.results))
    return 0


def row(
    way: str, seed: int, network: keras.Model, known: face_sets.Faces, judged: list[face_sets.Faces]
) -> dict[str, Any]:
    found = shipped_model.scores(network, known, judged)
    errors = {name: found[name].get("nme", found[name].get("rmse")) for name in ERRORS}
    text = ", ".join(f"{ERRORS[name]} {value:.3f}" for name, value in errors.items())
    print(f"{way}, seed {seed}: {text}", flush=True)
    return {"way": way, "seed": seed} | errors


if __name__ == "__main__":
    sys.exit(main())
