"""Faces in batches: those that a training reads, and what a model answers for some."""

from __future__ import annotations

import functools

import keras
import numpy as np

from fkp_utils import faces

PREDICT = 256  # faces at a time


class Batches(keras.utils.PyDataset):
    """Images and targets of the faces, batch after batch, epoch after epoch, without end.

    Shuffled by (seed, epoch).  first: the epoch of the first batch.
    """

    def __init__(
        self, images: np.ndarray | faces.StoredImages, targets: np.ndarray, size: int, seed: int, first: int = 0
    ) -> None:
        super().__init__(workers=2)  # with one, TensorFlow tunes how it reads, and ends a training when it next looks
        self.images, self.targets, self.size, self.seed, self.first = images, targets, size, seed, first
        self.steps = -(-len(images) // size)  # of an epoch

    @property
    def num_batches(self) -> None:
        """There is no end."""

    def __getitem__(self, index: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        epoch, step = divmod(index, self.steps)
        rows = _order(len(self.images), self.seed, self.first + epoch)[step * self.size : (step + 1) * self.size]
        targets = self.targets[rows]
        return (self.images[rows], targets), targets


@functools.lru_cache(maxsize=4)
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


def outputs(model: keras.Model, shown: faces.Faces) -> np.ndarray:
    """(N, O, 2) what the model answers for the faces, which are read batch by batch."""
    return np.concatenate([model.predict_on_batch(images.astype(np.float32)) for _, images in shown.batches(PREDICT)])
