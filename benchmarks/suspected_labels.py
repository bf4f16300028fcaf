"""Wrong labels, found: the faces whose labels are furthest from what a network expects that has not met the person.

With a folder in Kaggle's layout, writes results/suspected_labels.csv (row of training.csv from 0, score, kind, reason;
most suspect first) and, beside it, how it was made.  Without one, plants faults of four kinds in synthetic faces and
says how many of them are found.

    python benchmarks/suspected_labels.py --root FOLDER [--model small] [--epochs 14] [--folds 3] [--count 30]
"""

from __future__ import annotations

import argparse
import datetime
import json

import _options

from fkp_utils.system import backend

backend.load_keras()

import numpy as np  # noqa: E402

from fkp_utils.augmentation import augment  # noqa: E402
from fkp_utils.lessons.error_analysis import faults, suspects  # noqa: E402
from fkp_utils.system import devices, files, places  # noqa: E402
from fkp_utils.training import data_views, experiment  # noqa: E402

PLANTED = 0.05  # share of 1,000 synthetic faces


def described(data: data_views.Data, options: argparse.Namespace) -> experiment.Experiment:
    return experiment.Experiment(
        data=data,
        model=options.model,
        sources="apart",
        augmentation=augment.STANDARD,
        dropout=0.1,
        schedule="cosine",
        epochs=options.epochs,
    )


def photos(options: argparse.Namespace) -> None:
    used = described(data_views.Data("kaggle", options.root), options)
    whole = used.data.faces()
    listed = suspects.rank(whole, *suspects.out_of_fold(used, options.folds), options.count)
    path = places.RESULTS / "suspected_labels.csv"
    files.write_text(path, listed.to_csv(index=False, float_format="%.2f"))
    facts = {
        "faces": len(whole),
        "fingerprint": used.data.described()["fingerprint"],
        "network": f"{used.label}, {options.epochs} epochs, {options.folds} folds of persons",
        "device": devices.accelerator(),
        "versions": backend.versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    files.write_text(path.with_suffix(".json"), json.dumps(facts, indent=1))
    print(listed.to_string(index=False))


def planted(options: argparse.Namespace) -> None:
    used = described(data_views.Data(limit=1000).through(faults.Faults(PLANTED)), options)
    whole = used.data.faces()
    rows = np.flatnonzero(whole.attributes["fault"])
    listed = suspects.rank(whole, *suspects.out_of_fold(used, options.folds), 2 * len(rows))
    names = np.array(faults.KINDS)[whole.attributes["fault"][rows]]
    for name in faults.KINDS[1:]:
        print(f"{name:13} {suspects.recall(listed, rows[names == name]):.0%} of {(names == name).sum()}")
    print(f"suspect_recall {suspects.recall(listed, rows):.2f} of {len(rows)} faults among the first {2 * len(rows)}")


def main() -> None:
    options = _options.parse(__doc__, root="", model="small", epochs=14, folds=3, count=30)
    (photos if options.root else planted)(options)


if __name__ == "__main__":
    main()
