"""What networks that have only met synthetic faces know about photos, and what that is worth for learning from photos.

Trains on synthetic faces as the best model does before it meets photos (`best_model.before`), on each number of them,
and reports the error on the given labels of the photos of the source that labels all points (each image once, nothing
else left out), with its interval over persons.  If the photos have a second source, the offset of its labels
(`sim_to_real.offset`) is measured, on images that are not among those reported on, and the error after putting it into
the answers is reported too, of one view and of the mean of ten mirrored and shifted views, the last line; of both also
without the photos with the largest errors, as most of these have wrong labels.  Before these comes what is left if each
point is moved to where labels of other people have it (`sim_to_real.moved_to_labels`).  Then it trains on some of the
photos, from scratch and from the largest synthetic training, and reports the errors on the photos kept for evaluation.
The table goes to results/sim_to_real.json.  A benchmark that is killed goes on where it was.

With --wild, a folder of photos with 68 points (300-W), it also reports the error on faces in the wild, cut out of them
as the app does and grey: the mean distance of the 15 points in units of that between the outer eye corners (NME), mean
and median, of each point, and by the turn, the size and the light of the face (results/sim_to_real_wild.json).  It is
told once more for points that are moved as above.

With --conventions, it also says how far labels of a folder of landmarks68 lie from what the largest training finds.

With --without, it measures instead how the largest size does with one ingredient of the faces left out at a time
(results/ingredients.json); with --note, it adds its number to the log of the generator (results/generator_log.json).

    python benchmarks/sim_to_real.py --root FOLDER [--model heatmap] [--sizes 2000,16000] [--epochs 8]
        [--shares 0.05,0.2,1] [--tuning-epochs 6] [--without all] [--note TEXT] [--worst sheet.png]
        [--wild FOLDER] [--conventions FOLDER] [--results FOLDER]
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import sys
from typing import Any

import _options

from fkp_utils.system import backend

backend.load_keras()

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from fkp_utils import faces as face_sets  # noqa: E402
from fkp_utils import metrics, profiles  # noqa: E402
from fkp_utils.app import shipped_model  # noqa: E402
from fkp_utils.course import summary  # noqa: E402
from fkp_utils.datasets.synthetic import generator as synthetic  # noqa: E402
from fkp_utils.evaluation import bootstrap, errors, test_time_augmentation  # noqa: E402
from fkp_utils.lessons.synthetic_faces import ingredients  # noqa: E402
from fkp_utils.recipes import best_model, sim_to_real  # noqa: E402
from fkp_utils.training import data_views, experiment, runs  # noqa: E402

QUICK = profiles.profile("quick")


def curve(options: argparse.Namespace, known: face_sets.Faces) -> tuple[list[dict[str, Any]], experiment.Experiment]:
    """A row for each number of synthetic faces, and the experiment of the largest."""
    rows = []
    for count in sorted(options.sizes):
        described = learns(options, count)
        run = runs.run(described)
        found = sim_to_real.error(run, known)
        rows.append(row("synthetic alone", count, 0, found, len(known)))
        print(f"{count:,} synthetic faces: {found} px on {len(known)} photos")
    print(", ".join(f"{name} {each:.2f}" for name, each in points(run, known).items()))
    others = sim_to_real.four_points(options.root)
    if others is not None:
        described = dataclasses.replace(described, offset=sim_to_real.offset(run, others))
        print(f"labels lie aside on {len(others)} other photos by {described.offset} px")
        put, ten = np.array(described.offset or 0), test_time_augmentation.predict(run, known).points
        answers = {
            "conventions learnt, ten views": sim_to_real.moved_to_labels(ten, known),
            "offset put in, one view": run.predict(known) + put,
            "offset put in, ten views": ten + put,
        }
        for how, answer in answers.items():
            kept = errors.without_worst(answer, known.points)
            for rest, some in ((", without the worst 1%", kept), ("", np.ones(len(known), bool))):
                found = bootstrap.rmse(answer[some], known.points[some], known.groups[some])
                way = f"synthetic alone, {how}{rest}"
                rows.append(row(way, count, 0, found, int(some.sum())))
                print(f"{way}: {found} px")
    if options.conventions:
        print(
            ", ".join(
                f"{name} {out:+.1f} out {down:+.1f} down" for name, (out, down) in conventions(run, options).items()
            )
        )
    if options.worst:
        sheet(run, known, options.worst)
    return rows, described


def conventions(run: runs.Run, options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """Of photos with 68 labels, in px of faces cut out as Kaggle's are, converted to the points that the run knows."""
    return sim_to_real.conventions(run, shipped_model.crops(options.conventions)[0])


def wild(options: argparse.Namespace, described: experiment.Experiment) -> list[dict[str, Any]]:
    """Rows of the NME in percent on faces in the wild, of the mean of ten mirrored and shifted views."""
    faces, boxes = shipped_model.crops(options.wild)
    predicted = test_time_augmentation.predict(runs.run(dataclasses.replace(described, offset=())), faces).points
    rows = sim_to_real.in_the_wild(predicted, faces, sim_to_real.wild_conditions(faces, boxes))
    moved = sim_to_real.in_the_wild(sim_to_real.moved_to_labels(predicted, faces), faces, {})[0]
    rows.insert(1, moved | {"of": "all, conventions learnt"})
    for found in rows:
        median = f", median {found['median']:.2f}%" if "median" in found else ""
        print(f"in the wild, {found['of']} ({found['faces']}): NME {found['mean']:.2f}%{median}")
    data, text = data_views.Data("landmarks68", options.wild), f"{options.model}, {options.epochs} epochs, ten views"
    summary.publish_rows("sim_to_real_wild", rows, data, {"in the wild": len(faces)}, text, options.results)
    return rows


def learns(options: argparse.Namespace, count: int) -> experiment.Experiment:
    profile = dataclasses.replace(QUICK, best_synthetic=count, best_before=options.epochs)
    return best_model.before(profile, model=options.model)


def left_out(options: argparse.Namespace, known: face_sets.Faces) -> list[dict[str, Any]]:
    """A row for all ingredients, and one for each that is left out, with how much that adds to the error."""
    names = list(ingredients.INGREDIENTS) if options.without == ("all",) else options.without
    rows, whole = [], None
    for name in ("", *names):
        data = data_views.Data(limit=max(options.sizes)).through(ingredients.Rendered(name))
        described = learns(options, max(options.sizes))
        run = runs.run(dataclasses.replace(described, data=data, sources="together"))
        predicted = run.predict(known)
        whole = predicted if whole is None else whole
        cost = bootstrap.rmse_difference(predicted, whole, known.points, known.groups)
        found = row(
            f"without {name}" if name else "everything",
            max(options.sizes),
            0,
            sim_to_real.error(run, known),
            len(known),
        )
        rows.append(found | {"more": cost.value, "more low": cost.low, "more high": cost.high})
        print(f"{found['way']}: {found['rmse']:.3f} px, {cost} more")
    return rows


def note(options: argparse.Namespace, found: dict[str, Any], data: data_views.Data, known: int) -> None:
    """Adds the number to the log of what each change of the generator gave."""
    name = "generator_log"
    before = summary.published(name, options.results)
    rows = [] if before is None else [each.dropna().to_dict() for _, each in before[0].iterrows()]
    text = f"{options.model}, {options.epochs} epochs as best_model.before"
    fields = {"generator": synthetic.fingerprint(), "note": options.note, "network": text}
    summary.publish_rows(
        name, [*rows, fields | found], data, {"fully labelled": known}, "one training each", options.results
    )


def points(run: runs.Run, known: face_sets.Faces) -> dict[str, float]:
    return dict(zip(known.keypoints.names, metrics.per_point(run.predict(known), known.points), strict=True))


def tuned(options: argparse.Namespace, start: experiment.Experiment) -> list[dict[str, Any]]:
    """Two rows for each share of the photos: learnt from scratch, and after the synthetic faces.

    The offset of the labels is measured on the photos that are learnt from, by the network that has met none.
    """
    rows, first = [], dataclasses.replace(start, offset=())
    for share in sorted(options.shares):
        data = data_views.Data("kaggle", options.root).through(data_views.Portion(share))
        faces = data.parts()
        for way, pretrained in (("photos alone", None), ("photos after synthetic", first)):
            away = sim_to_real.offset(runs.run(first), faces.training) if pretrained else ()
            described = dataclasses.replace(
                first, data=data, pretrained=pretrained, offset=away, epochs=options.tuning_epochs
            )
            run = runs.run(described)
            kept = faces.evaluation
            found = bootstrap.rmse(run.predict(kept), kept.points, kept.groups)
            count = start.data.limit if pretrained else 0
            rows.append(row(way, count or 0, len(faces.training), found, len(kept)))
            print(f"{way}, {share:.0%} of the photos ({len(faces.training)}): {found} px on {len(kept)} photos")
    return rows


def row(way: str, synthetic: int, learnt: int, found: metrics.Estimate, counted: int) -> dict[str, Any]:
    numbers = {"synthetic": synthetic, "photos": learnt, "counted": counted}
    return {"way": way, **numbers, "rmse": found.value, "low": found.low, "high": found.high}


def sheet(run: runs.Run, known: face_sets.Faces, path: pathlib.Path, count: int = 48, side: int = 12) -> None:
    """The worst photos with their labels (light) and what the network says (dark); for the eye, not to be published."""
    rows, _ = sim_to_real.worst(run, known, count)
    predicted = run.predict(known)
    height, width = known.size
    canvas = np.zeros((-(-count // side) * 2 * height, side * 2 * width, 3), np.uint8)
    for place, at in enumerate(rows):
        tile = np.repeat(known.images[[at]][0], 2, 0).repeat(2, 1).repeat(4 - known.images.shape[3], 2)[..., :3].copy()
        for marks, colour in ((known.points[at], (80, 255, 80)), (predicted[at], (255, 40, 40))):
            for x, y in np.rint(2 * marks[np.isfinite(marks[:, 0])] + 0.5).astype(int):
                tile[max(y - 1, 0) : y + 1, max(x - 1, 0) : x + 1] = colour
        top, left = place // side * 2 * height, place % side * 2 * width
        canvas[top : top + 2 * height, left : left + 2 * width] = tile
    Image.fromarray(canvas).save(path)


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(
        __doc__,
        arguments,
        root=str,
        model=best_model.RECIPE["model"],
        sizes=(2000, QUICK.best_synthetic),
        epochs=QUICK.best_before,
        shares=(0.05, 0.2, 1.0),
        tuning_epochs=6,
        without=(),
        note="",
        wild=str,
        conventions=str,
        worst=pathlib.Path,
        results=pathlib.Path,
    )
    if not options.root:
        _options.refuse("--root is missing; expected a folder of photos in Kaggle's layout")
    known, data = sim_to_real.photos(options.root), data_views.Data("kaggle", options.root)
    if options.without:
        rows, text = left_out(options, known), f"{options.model}, {options.epochs} epochs, 1 training each"
        print(summary.publish_rows("ingredients", rows, data, {"fully labelled": len(known)}, text, options.results))
        return 0
    rows, start = curve(options, known)
    number = rows[-1]["rmse"]
    seen = wild(options, start)[0] if options.wild else None
    if options.note:
        kept = next(each["rmse"] for each in rows[::-1] if "without the worst 1%" in each["way"])
        told = {"without the worst 1%": kept} | ({"wild NME %": seen["mean"], "median": seen["median"]} if seen else {})
        note(options, rows[-1] | told, data, len(known))
    rows += tuned(options, start)
    text = f"{options.model}, {options.epochs} epochs on synthetic faces, {options.tuning_epochs} on photos, once each"
    counts = {"fully labelled": len(known), "evaluation": len(data.parts().evaluation)}
    path = summary.publish_rows("sim_to_real", rows, data, counts, text, folder=options.results)
    print(path)
    print(f"sim_to_real_rmse_px {number:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
