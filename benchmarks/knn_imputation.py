"""Seconds to fill 7,049×30 coordinates by KNN (k = 9): ours against `sklearn.impute.KNNImputer`.

The gaps are those of synthetic faces, which follow Kaggle's: few patterns, shared by thousands of rows.  Both are timed
in turn in one process, several times, and must give equal values.

    python benchmarks/knn_imputation.py [--rows 7049] [--repeats 3]
"""

from __future__ import annotations

import statistics
import sys
import time

import _options
import numpy as np
from sklearn import impute

from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.imputation import imputers

NEIGHBOURS = 9
CLAIM = 5  # times as fast
TOLERANCE = 1e-6  # px


def main() -> int:
    arguments = _options.parse(__doc__, rows=7049, repeats=3)
    faces = synthetic.load(limit=arguments.rows)
    table = faces.points.reshape(len(faces), -1).astype(float)
    patterns = len(np.unique(faces.given, axis=0))
    missing = f"{np.isnan(table).mean():.1%} missing in {patterns} patterns"
    print(f"data                  {len(table)} × {table.shape[1]}, {missing}")

    models = {
        "sklearn KNNImputer": impute.KNNImputer(n_neighbors=NEIGHBOURS),
        "fkp_utils": imputers.NearestNeighbours(NEIGHBOURS),
    }
    seconds: dict[str, list[float]] = {name: [] for name in models}
    filled = {}
    for _ in range(arguments.repeats):
        for name, model in models.items():
            start = time.perf_counter()
            filled[name] = model.fit_transform(table)
            seconds[name].append(time.perf_counter() - start)
    for name, times in seconds.items():
        every = ", ".join(f"{each:.2f}" for each in times)
        print(f"{name:21} median {statistics.median(times):.2f} s of {every}")
    theirs, ours = filled.values()
    difference = np.abs(theirs - ours).max()
    ratio = statistics.median(seconds["sklearn KNNImputer"]) / statistics.median(seconds["fkp_utils"])
    print(f"largest difference    {difference:.1e} px")
    print(f"ratio of the medians  {ratio:.1f} (claimed: at least {CLAIM})")
    return 0 if difference < TOLERANCE and ratio >= CLAIM else 1


if __name__ == "__main__":
    sys.exit(main())
