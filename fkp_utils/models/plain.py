"""The networks of the report on nose tips and on 58 points (S1.1, S1.2): convolutions, max pooling and dense layers."""

from __future__ import annotations

import dataclasses

import keras

from fkp_utils.models import layers


@dataclasses.dataclass(frozen=True)
class _Plain:
    """filters: of each convolution.  sides: of their kernels.  units: of the dense layers before the coordinates.

    pools: so many convolutions, from the first, have a pooling behind them.
    """

    filters: int
    sides: tuple[int, ...]
    units: tuple[int, ...]
    pools: int


_NETWORKS = {
    "nose_tip": _Plain(32, (7, 7, 5), (240,), 3),
    "nose_tip_3x3": _Plain(32, (3, 3, 3), (240,), 3),
    "nose_tip_16": _Plain(16, (7, 7, 5), (120,), 3),
    "six_conv": _Plain(65, (3,) * 6, (2000, 300), 5),
}


def build(name: str, outputs: int, size: tuple[int, int], channels: int, dropout: float) -> keras.Model:
    """Convolutions without padding, each with ReLU and 2×2 max pooling (none after the sixth), then dense layers.

    "nose_tip" sees with kernels of 7, 7 and 5 px, "nose_tip_3x3" with kernels of 3 px, "nose_tip_16" through 16 filters
    a layer in place of 32, with 120 units in place of 240.  At 60×80 px, 480, 1,280 and 240 values reach the dense
    layers; at 160×240 px, 195 do in "six_conv": the report's figures.  It also says that the dense layers of the last
    have max pooling, which its figures leave no room for.  Notebook 11 trains them.  Arguments as in
    `architectures.build`.
    """
    network = _NETWORKS[name]
    image = layers.image(size, channels)
    x = layers.centred(image)
    for number, side in enumerate(network.sides, 1):
        x = keras.layers.Conv2D(network.filters, side, activation="relu", name=f"conv{number}")(x)
        if number <= network.pools:
            x = keras.layers.MaxPooling2D(2, name=f"pool{number}")(x)
    return keras.Model(image, layers.head(x, outputs, size, network.units, dropout), name=name)
