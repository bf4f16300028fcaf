"""The Keras layer behind `augment`: one draw of random numbers, one warp, then what spoils a photo."""

from __future__ import annotations

import math
from collections.abc import Mapping

import keras
from keras import ops

from fkp_utils.augmentation import corruptions, warp
from fkp_utils.system import devices

# One number each per face, drawn whatever is used: a seed gives a batch the same flips with and without the rest.
DRAWN = (
    "flip", "rotate", "scale", "shift_x", "shift_y", "crop", "crop_x", "crop_y", "brightness", "contrast",
    "occlusion_happens", "occlusion_x", "occlusion_y", "width", "height", "grey", "blur_happens", "blur",
    "pixelate_happens", "pixelate", "noise_happens", "noise",
)  # fmt: skip


@keras.saving.register_keras_serializable("fkp_utils")
class Augment(keras.layers.Layer):
    """[images, points] to the same, augmented; see `augment.layer`.  amounts: the fields of an `Augmentation`.

    For TensorFlow on a CPU it is made for a graph that XLA does not compile, which trains faster there, and tells Keras
    so (`supports_jit`); set that to True before the model is compiled to have it otherwise.
    """

    def __init__(
        self, amounts: Mapping[str, float], mirror: tuple[int, ...], size: tuple[int, int], seed: int, **options: object
    ) -> None:
        super().__init__(**{"dtype": "float32", **options})
        self.amounts, self.mirror, self.size, self.seed = dict(amounts), tuple(mirror), (*size,), seed
        self.random = keras.random.SeedGenerator(seed)
        self.supports_jit = devices.compiles()
        self.kernels = [corruptions.kernels(side, self.amounts["blur"], self.amounts["pixelate"]) for side in self.size]

    def call(self, inputs: list[keras.KerasTensor], training: bool = False) -> list[keras.KerasTensor]:
        images, points = inputs
        if not training:
            return [images, points]
        draw = self.draw(ops.shape(images)[0])
        amounts = self.amounts
        light = amounts["brightness"] or amounts["contrast"]
        mean = ops.mean(images, axis=(1, 2, 3)) if light else None  # of all pixels, also those that a crop removes
        if any(amounts[name] for name in ("flip", "rotate", "scale", "shift", "crop")):
            images, points = self.move(images, points, draw)
        if light:
            contrast, brightness = 1 + self._around(draw, "contrast"), 1 + self._around(draw, "brightness")
            images = corruptions.light(images, mean, contrast, brightness)
        if amounts["occlusion"]:
            largest = self._happens(draw, "occlusion") * amounts["occlusion"]
            sides = draw["width"] * largest, draw["height"] * largest
            images = corruptions.cover(images, sides, (draw["occlusion_x"], draw["occlusion_y"]), draw["grey"] * 255)
        if amounts["blur"] or amounts["pixelate"]:
            blur = self._level(draw, "blur", corruptions.LEVELS if amounts["blur"] else 0)
            pixelate = self._level(draw, "pixelate", amounts["pixelate"] - 1)
            images = corruptions.soften(images, self.kernels[0], self.kernels[1], blur, pixelate)
        if amounts["noise"]:
            deviation = self._happens(draw, "noise") * draw["noise"] * amounts["noise"]
            images = corruptions.grain(images, deviation, self.random)
        return [ops.clip(images, 0, 255) if light or amounts["noise"] else images, points]

    def draw(self, count: int) -> dict[str, keras.KerasTensor]:
        """Random numbers from 0 to 1 for `count` faces: (B,) for each of DRAWN."""
        numbers = keras.random.uniform((len(DRAWN), count), seed=self.random)
        return {name: numbers[row] for row, name in enumerate(DRAWN)}

    def matrix(self, draw: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
        """(B, 2, 3): where the pixels of each face go, as `warp.matrix` composes it."""
        height, width = self.size
        return warp.matrix(
            flip=draw["flip"] < self.amounts["flip"],
            angle=self._around(draw, "rotate") * (math.pi / 180),
            scale=1 + self._around(draw, "scale"),
            shift=(self._around(draw, "shift", "_x") * width, self._around(draw, "shift", "_y") * height),
            cut=draw["crop"] * self.amounts["crop"],
            place=(draw["crop_x"], draw["crop_y"]),
            size=self.size,
        )

    def move(
        self, images: keras.KerasTensor, points: keras.KerasTensor, draw: Mapping[str, keras.KerasTensor]
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Images and points after flip, rotation, scale, shift and crop."""
        matrix = self.matrix(draw)
        points = warp.move(points, matrix)
        if self.amounts["flip"] and self.amounts["swap"]:
            flipped = (draw["flip"] < self.amounts["flip"])[:, None, None]
            points = ops.where(flipped, ops.take(points, list(self.mirror), axis=1), points)
        return warp.sample(images, warp.inverse(matrix), self.supports_jit), warp.visible(points, self.size)

    def _around(self, draw: Mapping[str, keras.KerasTensor], name: str, axis: str = "") -> keras.KerasTensor:
        """A number between plus and minus the amount."""
        return (draw[name + axis] * 2 - 1) * self.amounts[name]

    def _happens(self, draw: Mapping[str, keras.KerasTensor], name: str) -> keras.KerasTensor:
        """1 where it happens to the face, else 0."""
        return ops.cast(draw[f"{name}_happens"] < self.amounts["chance"], "float32")

    def _level(self, draw: Mapping[str, keras.KerasTensor], name: str, count: float) -> keras.KerasTensor:
        """A whole number from 1 to `count` where it happens, else 0."""
        count = max(0, count)
        return ops.minimum(ops.floor(draw[name] * count) + 1, count) * self._happens(draw, name)

    def get_config(self) -> dict[str, object]:
        """What makes the layer again."""
        own = {"amounts": self.amounts, "mirror": self.mirror, "size": self.size, "seed": self.seed}
        return {**super().get_config(), **own}
