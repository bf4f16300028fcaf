"""What a network looks at: Grad-CAM and its kin for any coordinate, through tf-keras-vis, and the same maps on JAX.

The only module that knows TensorFlow.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops
from PIL import Image

Score = Callable[[Any], Any]  # points (B, O, 2) in pixels to one number for each face (B,)
METHODS = ("gradcam", "gradcam++", "layercam", "saliency")


def coordinate(output: int, axis: int) -> Score:
    """One coordinate of one output in px: axis 0 is x, 1 is y.  What raises it moves the point right, or down."""
    return lambda points: points[:, output, axis]


def nearness(output: int, places: np.ndarray) -> Score:
    """Minus half the squared distance in px² of one output from `places` (B, 2): what raises it holds the point there.

    At the predicted point itself its gradient is zero: a place beside it is needed.
    """
    return lambda points: (
        -0.5 * ops.sum(ops.square(points[:, output] - ops.convert_to_tensor(places, "float32")), axis=-1)
    )


def input_gradient(model: keras.Model, images: np.ndarray, score: Score | tuple[int, int]) -> np.ndarray:
    """The gradient (B, H, W, C) of each face's score with respect to its image, in units of the score per grey level.

    images: (B, H, W, C) in grey levels.  score: a function of the outputs, or (output, axis) for a coordinate.
    """
    images, score = np.asarray(images, np.float32), _score(score)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        inputs = tf.convert_to_tensor(images)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            total = tf.reduce_sum(score(model(inputs, training=False)))
        return np.asarray(tape.gradient(total, inputs))
    return _jax_gradient(model, lambda inputs: score(_jax_outputs(model, inputs)), images)


def maps(
    model: keras.Model,
    images: np.ndarray,
    score: Score | tuple[int, int],
    layer: str | None = None,
    method: str = "gradcam",
) -> np.ndarray:
    """A map (B, H, W) of each face: how much each place raises the score, 0 to 1 at the strongest place of the face.

    method: "gradcam" (Selvaraju et al., 2017), "gradcam++" (Chattopadhay et al., 2018) and "layercam" (Jiang et al.,
    2021) weigh the maps of the layer called `layer`; "saliency" (Simonyan et al., 2014) is the size of the gradient of
    the image and takes no layer.  A map is resized to the image with its cells' centres in place.  All 0 where nothing
    raises the score.  ValueError for another method, for a layer that the model lacks or that has no maps, and for a
    backend that is neither TensorFlow nor JAX.
    """
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    if keras.backend.backend() not in ("tensorflow", "jax"):
        raise ValueError(f"the backend is {keras.backend.backend()}; maps need tensorflow or jax")
    images, score = np.asarray(images, np.float32), _score(score)
    if method == "saliency":
        return _scaled(np.abs(input_gradient(model, images, score)).max(axis=-1))
    known = [each.name for each in model.layers if len(each.output.shape) == 4]
    if layer is None or layer not in known:
        raise ValueError(f"no layer {layer!r} with maps; {model.name} has {', '.join(known)}")
    start = np.asarray(ops.convert_to_numpy(score(model(images, training=False))))
    raw = _library_maps if keras.backend.backend() == "tensorflow" else _jax_maps
    found = raw(model, images, lambda points: score(points) - start, layer, method)
    return enlarged(found, images.shape[1:3])


def _score(score: Score | tuple[int, int]) -> Score:
    return score if callable(score) else coordinate(*score)


def _library_maps(model: keras.Model, images: np.ndarray, score: Score, layer: str, method: str) -> np.ndarray:
    from tf_keras_vis import gradcam, gradcam_plus_plus, layercam

    kinds = {"gradcam": gradcam.Gradcam, "gradcam++": gradcam_plus_plus.GradcamPlusPlus, "layercam": layercam.Layercam}
    options = {"seek_penultimate_conv_layer": False, "expand_cam": False, "normalize_cam": False}
    with warnings.catch_warnings():  # of a list of one input, which the library passes as its only member
        warnings.filterwarnings("ignore", "The structure of `inputs`")
        return np.asarray(kinds[method](model, clone=False)(score, images, penultimate_layer=layer, **options))


def _jax_maps(model: keras.Model, images: np.ndarray, score: Score, layer: str, method: str) -> np.ndarray:
    """The formulas of tf-keras-vis on JAX; the score starts at 0, so its exponential in Grad-CAM++ is 1."""
    part = model.get_layer(layer)
    values = np.asarray(keras.Model(model.input, part.output)(images, training=False))

    def outputs(change: Any) -> Any:
        with _changed(part, change):
            return score(_jax_outputs(model, images))

    gradient = _jax_gradient(model, outputs, np.zeros_like(values))
    if method == "layercam":
        return np.maximum((values * np.maximum(gradient, 0)).sum(axis=-1), 0)
    if method == "gradcam":
        return np.maximum((values * gradient.mean(axis=(1, 2), keepdims=True)).sum(axis=-1), 0)
    square = gradient**2
    below = 2 * square + square * gradient * values.sum(axis=(1, 2), keepdims=True)
    alphas = square / np.where(square == 0, below + 1, below)
    whole = alphas.sum(axis=(1, 2), keepdims=True)
    alphas = alphas / np.where(whole == 0, 1, whole)
    weights = (np.maximum(gradient, 0) * alphas).sum(axis=(1, 2), keepdims=True)
    return np.maximum((values * weights).sum(axis=-1), 0)


def _jax_outputs(model: keras.Model, images: Any) -> Any:
    trainable = [variable.value for variable in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]
    return model.stateless_call(trainable, others, images, training=False)[0]


def _jax_gradient(model: keras.Model, outputs: Callable[[Any], Any], at: np.ndarray) -> np.ndarray:
    import jax

    return np.asarray(jax.grad(lambda values: outputs(values).sum())(at))


@contextlib.contextmanager
def _changed(layer: keras.Layer, change: Any) -> Iterator[None]:
    """Adds `change` to what the layer puts out, for the gradient with respect to it."""
    call = layer.call
    layer.call = lambda *inputs, **options: call(*inputs, **options) + change
    try:
        yield
    finally:
        layer.call = call


def enlarged(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(N, H, W) maps (N, h, w) at `size` (height, width), each scaled so that its highest place is 1; all 0 stays so.

    The centres of cells keep their places.
    """
    images = [Image.fromarray(each.astype(np.float32)).resize(size[::-1], Image.Resampling.BILINEAR) for each in maps]
    return _scaled(np.stack([np.asarray(image) for image in images]))


def _scaled(maps: np.ndarray) -> np.ndarray:
    highest = maps.max(axis=(1, 2), keepdims=True)
    return np.divide(maps, highest, out=np.zeros_like(maps), where=highest > 0)
