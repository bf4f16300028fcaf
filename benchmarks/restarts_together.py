"""Restarts of one small network trained at once, with `jax.vmap`, against one after the other, in JAX as well.

Both take the same steps from the same weights in the same order of faces; the largest difference of a weight after one
step is told.  The network is that of notebook 08, with its optimizer.  Times are medians over repeats, without the
compilation.  Without JAX, which the project does not need, it says so and ends.

    python benchmarks/restarts_together.py [--restarts 8] [--faces 400] [--side 32] [--batch 8]
        [--steps 20] [--repeats 5]
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from typing import Any

JAX = importlib.util.find_spec("jax") is not None
if JAX:
    os.environ["KERAS_BACKEND"] = "jax"

import _options  # noqa: E402

from fkp_utils.system import backend  # noqa: E402

backend.load_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402

from fkp_utils.models import architectures  # noqa: E402
from fkp_utils.system import devices  # noqa: E402
from fkp_utils.training import data_views, losses  # noqa: E402

RATE, MOMENTUM = 0.42, 0.9


def step_of(model: keras.Model, images: Any, points: Any, half: float) -> Callable[..., Any]:
    """A step of SGD with Nesterov momentum: weights, velocities and the numbers of its faces to the next two."""
    import jax

    fixed = [variable.value for variable in model.non_trainable_variables]

    def error(weights: list[Any], rows: Any) -> Any:
        predicted, _ = model.stateless_call(weights, fixed, images[rows], training=True)
        return losses.mse(points[rows] / half, predicted / half)

    def step(weights: list[Any], velocities: list[Any], rows: Any) -> tuple[list[Any], list[Any]]:
        gradients = jax.grad(error)(weights, rows)
        velocities = [MOMENTUM * v - RATE * g for v, g in zip(velocities, gradients, strict=True)]
        moved = zip(weights, velocities, gradients, strict=True)
        return [w + MOMENTUM * v - RATE * g for w, v, g in moved], velocities

    return step


def train(step: Callable[..., Any], weights: list[Any], orders: Any) -> list[Any]:
    """The weights after a step for each row of `orders`, from velocities of 0."""
    import jax

    velocities = [0 * weight for weight in weights]
    for rows in orders:
        weights, velocities = step(weights, velocities, rows)
    return jax.block_until_ready(weights)


def timed(work: Callable[[], Any], repeats: int) -> float:
    """Median seconds."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def main(arguments: list[str] | None = None) -> int:
    options = _options.parse(__doc__, arguments, restarts=8, faces=400, side=32, batch=8, steps=20, repeats=5)
    if not JAX:
        print("restarts_together is left out: it compares two ways of JAX, which is not installed")
        return 0
    import jax
    from jax import numpy as jnp

    faces = data_views.Data(limit=options.faces).parts().training.resize((options.side, options.side))
    built = []
    for seed in range(options.restarts):
        keras.utils.set_random_seed(seed)
        built.append(architectures.build("three_conv", len(faces.keypoints), faces.size))
    starts = [[variable.value for variable in each.trainable_variables] for each in built]
    stacked = [jnp.stack(weights) for weights in zip(*starts, strict=True)]
    random = np.random.default_rng(0)
    orders = jnp.asarray(random.integers(0, len(faces), (options.steps, options.restarts, options.batch)))
    images, points = jnp.asarray(np.asarray(faces.images), jnp.float32), jnp.asarray(faces.points)
    step = step_of(built[0], images, points, options.side / 2)
    one, every = jax.jit(step), jax.jit(jax.vmap(step))

    def one_by_one(steps: int) -> list[list[Any]]:
        return [train(one, weights, orders[:steps, number]) for number, weights in enumerate(starts)]

    apart, together = one_by_one(1), train(every, stacked, orders[:1])  # which also compile
    largest = max(
        float(jnp.abs(weight[number] - each).max())
        for number, own in enumerate(apart)
        for weight, each in zip(together, own, strict=True)
    )
    seconds = {
        "one after the other": timed(lambda: one_by_one(options.steps), options.repeats),
        "together": timed(lambda: train(every, stacked, orders), options.repeats),
    }
    print(
        f"{options.restarts} restarts, batches of {options.batch} faces of {options.side} px, {devices.accelerator()}"
    )
    for name, each in seconds.items():
        print(f"{name:20}{1e3 * each / options.steps:8.1f} ms a step of all")
    print(f"largest difference of a weight after one step {largest:.1e}")
    print(f"restarts_together {seconds['one after the other'] / seconds['together']:.2f} times as fast")
    return 0


if __name__ == "__main__":
    sys.exit(main())
