"""How much of its crop a face should fill: the error of the model of the package by the share of the crop.

Faces are cut out of photos with 68 points by their labels, so that their points have a radius (the root of their mean
squared distance from their mean) of each of these shares of the crop's side; 0.247 is that of Kaggle's photos.
Reported: the mean distance of the points from their labels in percent of that between the outer eye corners (NME),
from ten views, its mean with a 95% interval over faces, and its median.  `prediction.CLOSER` was chosen by this table
on frames of landmarks68.

    python benchmarks/framing.py --root FOLDER [--points 15] [--faces 900]
        [--shares 0.22,0.247,0.27,0.29,0.31,0.33] [--model FILE]
"""

from __future__ import annotations

import pathlib
import sys

import _options

from fkp_utils.system import backend

backend.load_keras()

import numpy as np  # noqa: E402

from fkp_utils import metrics  # noqa: E402
from fkp_utils.app import prediction, shipped_model  # noqa: E402
from fkp_utils.evaluation import bootstrap, test_time_augmentation  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    shares = (0.22, 0.247, 0.27, 0.29, 0.31, 0.33)
    options = _options.parse(__doc__, arguments, root=str, points=15, faces=900, shares=shares, model=pathlib.Path)
    if not options.root or options.points not in prediction.SETS:
        _options.refuse("--root names a folder of photos with 68 points; --points is 15 or 68")
    run = prediction.as_run(prediction.load(options.model), prediction.SETS[options.points])
    for share in options.shares:
        cut, _ = shipped_model.crops(options.root, options.points, share)
        faces = cut.select(np.sort(np.random.default_rng(0).permutation(len(cut))[: options.faces]))
        answers = test_time_augmentation.predict(run, faces).points
        each = 100 * metrics.nme_of_faces(answers, faces.points, faces.keypoints)
        found = bootstrap.mean(each)
        print(f"share {share:.3f} of {len(faces)} faces: NME {found} %, median {np.median(each):.2f}%", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
