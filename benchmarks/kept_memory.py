"""What it gives a training on the processor to keep the memory that it frees (`backend.keep_memory`).

The heat-map network learns in processes of its own, by turns with malloc as glibc has it and as we set it; the second
epoch of each counts.  Prints the times, the pages that were cleared, and how many times as fast ours is.

    python benchmarks/kept_memory.py [--faces 600] [--repeats 3] [--model heatmap]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

import _options

LEARNS = """
import resource, sys
from fkp_utils.system import backend
backend.load_keras()
from fkp_utils.augmentation import augment
from fkp_utils.training import data_views, experiment, runs
data = data_views.Data(limit=int(sys.argv[1]))
described = experiment.Experiment(data=data, model=sys.argv[2], batch=32, epochs=2, augmentation=augment.MODERATE)
data.parts()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
seconds = runs.run(described).history["seconds"].iloc[-1]
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
WAYS = {"as glibc has it": {"MALLOC_PERTURB_": "0"}, "kept": {}}  # a setting of malloc leaves the others as they are


def main() -> None:
    options = _options.parse(__doc__, faces=600, repeats=3, model="heatmap")
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(options.repeats):
        for name, settings in WAYS.items():
            seconds, pages = learn(options, settings)
            taken[name].append(seconds)
            print(f"{name:16} {seconds:6.1f} s an epoch, {pages:,} pages cleared in all")
    before, now = map(statistics.median, taken.values())
    print(f"kept memory makes it {before / now:.2f} times as fast")


def learn(options: argparse.Namespace, settings: dict[str, str]) -> tuple[float, int]:
    """Seconds of the second epoch, and pages cleared, in a process with these settings of malloc alone."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", LEARNS, str(options.faces), options.model]
        environment = plain | settings | {"FKP_RUNS": folder}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seconds, pages = done.stdout.split()[-2:]
    return float(seconds), int(pages)


if __name__ == "__main__":
    main()
