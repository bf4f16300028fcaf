"""How fast networks learn and answer on this machine, in one run: the heat-map networks beside LeNet-5 and VGG-16.

Prints faces a second in training (forward, backward, update; 96×96 grey, batch 32), the arithmetic of that as a share
of what a large matrix product reaches here, and milliseconds a face to answer one at a time and 256 at once.  Writes
results/network_speed.json.

    python benchmarks/network_speed.py [--repeats 5] [--models lenet5,heatmap_wide,vgg16] [--results FOLDER]
"""

from __future__ import annotations

import dataclasses
import pathlib
import statistics
import sys
import time
from collections.abc import Callable

import _options

from fkp_utils.system import backend

backend.load_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import ops  # noqa: E402

from fkp_utils import keypoints as keypoint_sets  # noqa: E402
from fkp_utils.augmentation import augment  # noqa: E402
from fkp_utils.course import summary  # noqa: E402
from fkp_utils.models import architectures, label_sources  # noqa: E402
from fkp_utils.recipes import earlier_networks  # noqa: E402
from fkp_utils.training import data_views, experiment, loop, runs  # noqa: E402

SIZE, BATCH, MANY = (96, 96), 32, 256


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median of some runs after one that is not counted."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def peak(repeats: int, side: int = 2048) -> float:
    """Operations a second (one multiplication, one addition are two) of a product of large float32 matrices."""
    matrix = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(side, side)).astype(np.float32))
    return 2 * side**3 / seconds(lambda: ops.convert_to_numpy(ops.matmul(matrix, matrix)), repeats)


def operations(model: keras.Model) -> float:
    """Multiplications and additions of the convolutions and dense layers for one face, forward."""
    count = 0.0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
            places = np.prod(layer.output.shape[1:-1]) if isinstance(layer, keras.layers.Conv2D) else 1
            count += 2 * places * np.prod(layer.kernel.shape)
    return float(count)


def measure(name: str, precision: str, repeats: int, most: float) -> dict[str, object]:
    """A row of the table; most: what `peak` gave."""
    meaning = label_sources.apart(keypoint_sets.KAGGLE_15)
    images = np.random.default_rng(0).integers(0, 256, (MANY, *SIZE, 1), dtype=np.uint8)
    targets = np.random.default_rng(1).uniform(0, 95, (MANY, len(meaning), 2)).astype(np.float32)
    described = experiment.Experiment(model=name, precision=precision, batch=BATCH, augmentation=augment.MODERATE)
    parts = data_views.Data(limit=80).parts()
    model = runs.build(dataclasses.replace(described, sources="apart"), parts, 0)
    whole = loop.trainer(model, described.augmentation, meaning.mirror, 0)
    loop.compile_trainer(whole, described, 1)
    pair = images[:BATCH], targets[:BATCH]
    step = seconds(lambda: whole.train_on_batch(list(pair), pair[1]), repeats)
    answer = architectures.build(name, len(meaning), SIZE)
    one, many = (images[:count].astype(np.float32) for count in (1, MANY))
    return {
        "network": f"{name}, {precision}",
        "parameters": model.count_params(),
        "million operations": operations(model) / 1e6,
        "faces a second": BATCH / step,
        "share of the peak": 3 * operations(model) * BATCH / step / most,  # backward costs about twice forward
        "ms alone": 1e3 * seconds(lambda: answer.predict_on_batch(one), repeats),
        "ms of 256": 1e3 * seconds(lambda: answer.predict_on_batch(many), repeats) / MANY,
    }


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(
        __doc__,
        arguments,
        repeats=5,
        models=("lenet5", "small", "heatmap", "heatmap_wide", "vgg16"),
        results=pathlib.Path,
    )
    most = peak(options.repeats)
    print(f"matrix product: {most / 1e9:.0f} billion operations a second in float32")
    rows = []
    for name in options.models:
        for precision in dict.fromkeys(["float32", earlier_networks.precision() if "heatmap" in name else "float32"]):
            rows.append(measure(name, precision, options.repeats, most))
            print(
                ", ".join(
                    f"{key} {value:.3g}" if isinstance(value, float) else f"{value}" for key, value in rows[-1].items()
                )
            )
    text = f"batch {BATCH}, matrix product {most / 1e9:.0f} billion operations a second"
    path = summary.publish_rows("network_speed", rows, data_views.Data(), {"made": MANY}, text, options.results)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
