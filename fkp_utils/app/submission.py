"""`make submission`: trains the best model on a folder in Kaggle's layout, or finds it, and answers its test faces."""

from __future__ import annotations

import argparse
import csv
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Sequence

import numpy as np

from fkp_utils import metrics, profiles
from fkp_utils.datasets import kaggle, loading
from fkp_utils.recipes import best_model
from fkp_utils.system import backend, files, places

PATH = places.BUILD / "submission.csv"
MODEL = "best.keras"  # beside the submission


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the submission and the model's file; 1 and a line on standard error if that cannot be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="kaggle", help="kaggle: the layout with a test part")
    parser.add_argument("--root", default="", help="folder of the data")
    parser.add_argument("--profile", default="quick", choices=tuple(profiles.PROFILES))
    parser.add_argument("--out", type=pathlib.Path, default=PATH, help="file of the submission")
    options = parser.parse_args(arguments)
    try:
        if options.data != "kaggle":
            raise ValueError(
                f"DATA is {options.data!r}; a submission needs DATA=kaggle ROOT=<folder>, with test images"
            )
        backend.load_keras()  # quietly, before the next line does
        write(options.root, best_model.for_this_machine(profiles.profile(options.profile)), options.out)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def write(root: str, profile: profiles.Profile, path: pathlib.Path) -> None:
    """Trains or finds the members on all training rows; writes the submission, and the first member beside it.

    No test image is learnt from.  DatasetError if the folder lacks a file, OSError if nothing can be written there,
    ValueError if what was written is not what `IdLookupTable.csv` asks for.
    """
    asked = kaggle.asked(root)  # before hours of training, as what cannot be written
    files.refuse_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        pass
    test = loading.load("kaggle", root, part="test")
    from fkp_utils.training import runs

    trained = [runs.run(each) for each in best_model.members(best_model.everything("kaggle", root), profile)]
    kaggle.write_submission(path, best_model.answer(trained, test).points, root)
    check(path, asked)
    model = path.with_name(MODEL)
    with files.replacing(model) as new:
        shutil.copyfile(trained[0].path / "model.keras", new)
    print(f"{path}: {len(asked)} coordinates of {len(test)} faces; the model: {model}")
    held_back = best_model.everything("kaggle", root).parts().evaluation
    error = metrics.rmse(best_model.answer(trained, held_back).points, held_back.points)
    print(f"RMSE {error:.2f} px on {len(held_back)} rows of people not seen; benchmarks/accuracy.py says it well")


def check(path: pathlib.Path, asked: Sequence[int]) -> None:
    """ValueError, with the line, unless the file has each row that is asked for once, finite and inside the image."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = [int(row["RowId"]) for row in rows]
    if sorted(found) != sorted(asked):
        raise ValueError(
            f"{path}: {len(found)} rows, {len(set(found))} different; expected the {len(asked)} asked for, once"
        )
    for line, row in enumerate(rows, 2):
        value = float(row["Location"])
        if not (np.isfinite(value) and 0 <= value <= kaggle.SIZE - 1):
            raise ValueError(f"{path}, line {line}: {value}; expected a number from 0 to {kaggle.SIZE - 1}")


if __name__ == "__main__":
    sys.exit(main())
