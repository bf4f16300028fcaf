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

from fkp_utils import runtime

runtime.load_keras()

import numpy as np  # noqa: E402

from fkp_utils import augment, devices, experiment, faults, files, folds, summary, suspects  # noqa: E402

PLANTED = 0.05  # share of 1,000 synthetic faces


def described(data: folds.Spoilt, options: argparse.Namespace) -> experiment.Experiment:
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
    used = described(folds.Spoilt("kaggle", options.root), options)
    whole = used.data.whole()
    listed = suspects.rank(whole, *suspects.out_of_fold(used, options.folds), options.count)
    path = summary.RESULTS / "suspected_labels.csv"
    files.write_text(path, listed.to_csv(index=False, float_format="%.2f"))
    facts = {
        "faces": len(whole),
        "fingerprint": used.data.fingerprint(),
        "network": f"{used.label}, {options.epochs} epochs, {options.folds} folds of persons",
        "device": devices.accelerator(),
        "versions": runtime.versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    files.write_text(path.with_suffix(".json"), json.dumps(facts, indent=1))
    print(listed.to_string(index=False))


def planted(options: argparse.Namespace) -> None:
    used = described(folds.Spoilt(limit=1000, faults=PLANTED), options)
    whole = used.data.whole()
    rows = np.flatnonzero(whole.attributes["fault"])
    listed = suspects.rank(whole, *suspects.out_of_fold(used, options.folds), 2 * len(rows))
    names = np.array(faults.KINDS)[whole.attributes["fault"][rows]]
    for name in faults.KINDS[1:]:
        print(f"{name:13} {suspects.recall(listed, rows[names == name]):.0%} of {(names == name).sum()}")
    print(f"suspect_recall {suspects.recall(listed, rows):.2f} of {len(rows)} faults among the first {2 * len(rows)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default="", help="folder of photos in Kaggle's layout")
    parser.add_argument("--model", default="small")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--count", type=int, default=30)
    options = parser.parse_args()
    (photos if options.root else planted)(options)


if __name__ == "__main__":
    main()
