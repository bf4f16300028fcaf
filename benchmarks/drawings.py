"""How well networks that have met no drawing find the points of drawn faces, beside those of photos (S0.13).

Both are folders of pictures with 68 points (300-W).  Each face is cut out by its labels, grey and of 96×96 px, as the
model of the package knows faces.  Reported for each network and for the mean points, which are those of the photos, on
both kinds: the mean distance of the 15 points from their labels in percent of that between the outer eye corners (NME),
with its 95% interval over faces; on drawings also what the network gains on the mean points, the NME of each point, and
the worst drawings with what may make them hard.  The table goes to results/drawings.json.

    python benchmarks/drawings.py --drawings FOLDER --wild FOLDER [--models build/best.keras,…] [--results FOLDER]
"""

from __future__ import annotations

import pathlib
import sys
from typing import Any

import _options

from fkp_utils.system import backend

backend.load_keras()

import numpy as np  # noqa: E402

from fkp_utils import faces as face_sets  # noqa: E402
from fkp_utils import metrics  # noqa: E402
from fkp_utils.app import prediction, shipped_model  # noqa: E402
from fkp_utils.course import summary  # noqa: E402
from fkp_utils.evaluation import baselines, bootstrap, test_time_augmentation  # noqa: E402
from fkp_utils.recipes import sim_to_real  # noqa: E402
from fkp_utils.training import data_views  # noqa: E402

WORST = 5


def nme(points: np.ndarray, faces: face_sets.Faces) -> np.ndarray:
    """(N,) of each face, in percent."""
    return 100 * metrics.nme_of_faces(points, faces.points, faces.keypoints)


def told(found: metrics.Estimate) -> dict[str, float]:
    """An estimate as fields of a row."""
    return {"nme": found.value, "low": found.low, "high": found.high}


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(__doc__, arguments, drawings=str, wild=str, models=(), results=pathlib.Path)
    if not (options.drawings and options.wild):
        print("error: --drawings and --wild name two folders of pictures with 68 points", file=sys.stderr)
        return 2
    cut = {"drawings": shipped_model.crops(options.drawings), "photos": shipped_model.crops(options.wild)}
    kinds = {kind: faces for kind, (faces, _) in cut.items()}
    always = baselines.MeanPoints().fit(kinds["photos"])
    networks = {"the model of the package": None} | {pathlib.Path(path).stem: path for path in options.models}
    rows: list[dict[str, Any]] = []
    for kind, faces in kinds.items():
        found = bootstrap.mean(nme(always.predict(faces), faces))
        rows.append({"kind": kind, "network": "mean points", "faces": len(faces), **told(found)})
    for name, path in networks.items():
        run = prediction.as_run(prediction.load(path))
        for kind, faces in kinds.items():
            points = test_time_augmentation.predict(run, faces).points
            each = nme(points, faces)
            rows.append({"kind": kind, "network": name, "faces": len(faces), **told(bootstrap.mean(each))})
            print(f"{name} on {len(faces)} {kind}: NME {bootstrap.mean(each)}%")
            if kind == "drawings":
                gain = bootstrap.mean(each - nme(always.predict(faces), faces))
                rows.append({"kind": "against the mean points", "network": name, "faces": len(faces), **told(gain)})
                rows += details(name, points, faces, cut[kind][1])
    kept = {kind: len(faces) for kind, faces in kinds.items()}
    data = data_views.Data("landmarks68", options.drawings)
    print(summary.publish_rows("drawings", rows, data, kept, "ten views", options.results))
    return 0


def details(name: str, points: np.ndarray, faces: face_sets.Faces, boxes: np.ndarray) -> list[dict[str, Any]]:
    """Rows of a network's error on each point of the drawings, and of the worst drawings, with their conditions."""
    by_point = metrics.nme_of_points(points, faces.points, faces.keypoints)
    named = zip(faces.keypoints.names, 100 * by_point, strict=True)
    rows = [{"kind": "point", "network": name, "point": point, "nme": float(value)} for point, value in named]
    each, conditions = nme(points, faces), sim_to_real.wild_conditions(faces, boxes)
    for row in np.argsort(-each)[:WORST]:
        known = {condition: float(values[row]) for condition, values in conditions.items()}
        rows.append({"kind": "worst", "network": name, "face": int(row), "nme": float(each[row]), **known})
        print(f"  worst, {row}: NME {each[row]:.1f}%, " + ", ".join(f"{k} {v:.2f}" for k, v in known.items()))
    return rows


if __name__ == "__main__":
    sys.exit(main())
