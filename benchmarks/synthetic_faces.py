"""Speed of the synthetic faces: how many a second, on all cores and in one process, and read again from the cache.

With --before, a checkout of an earlier version, also how many times as fast as that: medians of alternating processes,
each with the processor time of 150 faces.

Run it as `python benchmarks/synthetic_faces.py [--faces 3000] [--before FOLDER]`.
"""

from __future__ import annotations

import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import _options
import joblib

from fkp_utils import faces
from fkp_utils.datasets.synthetic import generator as synthetic

HERE = pathlib.Path(__file__).resolve().parents[1]
MEASURED = """
import time
try:
    from fkp_utils.datasets.synthetic import generator as synthetic
except ImportError:  # an earlier version
    from fkp_utils.datasets import synthetic
synthetic.make(12, workers=1)
start = time.process_time()
synthetic.make(150, seed=3, workers=1)
print(time.process_time() - start)
"""


def main() -> None:
    options = _options.parse(__doc__, faces=synthetic.FACES, before=pathlib.Path)
    count = options.faces
    cores = joblib.cpu_count()
    print(f"{count:,} faces, {cores} cores, load {os.getloadavg()[0]:.1f} before the start")
    synthetic.make(8, workers=1)  # imports and noise
    several = timed(f"{cores} processes, with their start", count, lambda: synthetic.make(count))
    part = min(count, 500)
    start = processor_time()
    one = timed("one process", part, lambda: synthetic.make(part, workers=1))
    print(f"{1e3 * (processor_time() - start) / part:.1f} ms of processor time a face")
    print(f"{cores} processes are {several / one:.2f} times as fast as one")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FKP_CACHE"] = folder
        synthetic.load(limit=part)
        cached = timed("from the cache", part, lambda: synthetic.load(limit=part))
    print(f"the cache is {cached / several:.0f} times as fast as making them")
    if options.before:
        both = [[alone(folder) for folder in (options.before.resolve(), HERE)] for _ in range(3)]
        earlier, now = (statistics.median(each) for each in zip(*both, strict=True))
        print(f"synthetic_faces_times_as_fast_as_before {earlier / now:.2f}")
    print(f"synthetic_faces_per_second {several:.1f}")


def alone(folder: pathlib.Path) -> float:
    """Seconds of one processor that the version in `folder` takes."""
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def timed(what: str, count: int, make: Callable[[], faces.Faces]) -> float:
    """Faces a second."""
    start = time.perf_counter()
    made = make()
    seconds = time.perf_counter() - start
    print(f"{what}: {len(made):,} faces in {seconds:.2f} s, {count / seconds:,.0f} a second")
    return count / seconds


def processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
