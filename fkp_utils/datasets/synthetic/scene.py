"""What surrounds a synthetic face: textures to cut from, the background, and glasses."""

from __future__ import annotations

import functools
import math
import types

import numpy as np
from scipy import ndimage

from fkp_utils.datasets.synthetic import head as heads
from fkp_utils.datasets.synthetic import lens, sensor

SIZE = sensor.SIZE
FINE = sensor.FINE


@functools.cache
def tiles() -> dict[str, np.ndarray]:
    """Noise of unit deviation (512, 512) to cut from, the same for every seed, by the name of what it looks like."""
    rng = np.random.default_rng(15)

    def smooth(*sigma: float) -> np.ndarray:
        values = ndimage.gaussian_filter(rng.standard_normal((512, 512)), sigma, mode="wrap")
        return values / values.std()

    found = {
        "grain": 0.7 * smooth(0.7, 0.7) + 0.5 * smooth(2, 2),
        "blotches": smooth(4, 4) + smooth(8, 8),
        "strands": 0.55 * smooth(9, 0.8) + 0.55 * smooth(16, 2) + 0.6 * smooth(22, 5),
        "curls": 0.6 * smooth(1.5, 1.5) + smooth(3.5, 3.5),
        "clouds": 0.9 * smooth(40, 40) + 0.35 * smooth(14, 14),
        "lumps": smooth(9, 9) + 1.5 * smooth(20, 20),
    }
    return {name: (tile / tile.std()).astype(np.float32) for name, tile in found.items()}


def cut(name: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A random piece of the tile `name`."""
    row, column = rng.integers(0, 512 - shape[0]), rng.integers(0, 512 - shape[1])
    return tiles()[name][row : row + shape[0], column : column + shape[1]]


def backdrop(face: types.SimpleNamespace, rng: np.random.Generator) -> np.ndarray:
    """What lies behind the head (SIZE, SIZE): a wall with a gradient and clouds, and at times bars, boxes and lamps."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    wall = face.backdrop * (1 + rng.uniform(-0.6, 0.6) * (x * math.cos(turn) + y * math.sin(turn)))
    wall *= np.exp(rng.uniform(0.05, 0.45) * cut("clouds", (SIZE, SIZE), rng))
    if face.backdrop_structure < 0.65:
        for _ in range(rng.integers(1, 9)):
            tone = np.clip(face.backdrop * np.exp(rng.normal(0, 0.8)), 0.004, 0.95)
            left, top = rng.integers(-20, SIZE, 2)
            wide, high = rng.integers(3, 60, 2)
            high = high if rng.random() < 0.6 else 2 * SIZE
            wall[max(top, 0) : top + high, max(left, 0) : left + wide] = tone
        if face.backdrop_structure < 0.12:
            wall[cut("curls", (SIZE, SIZE), rng) > 0.7] = np.clip(face.backdrop * np.exp(rng.normal(0, 1)), 0.004, 0.95)
        wall = ndimage.gaussian_filter(wall, rng.uniform(0.3, 3.5))
    return wall


def glasses(face: types.SimpleNamespace, camera: lens.Camera, image: np.ndarray) -> None:
    """Frames, lenses and temples over the fine image, in place."""
    scale = FINE
    front = 104.0
    origin, ways = camera.rays(1 / FINE)
    reach = (front - origin[2]) / ways[2]
    x, y = origin[0] + reach * ways[0], origin[1] + reach * ways[1] - 2.5
    wide, high = 24.5 * face.glasses_size, 17.5 * face.glasses_size
    middle = wide + 8.5
    round_off = face.glasses_round * high
    out_x = np.maximum(np.abs(np.abs(x) - middle) - wide + round_off, 0)
    out_y = np.maximum(np.abs(y) - high + round_off, 0)
    edge = np.sqrt(out_x**2 + out_y**2) - round_off
    inside = heads.smoothstep(0.5 - edge / 1.5)
    if face.sunglasses:
        image *= 1 - 0.93 * inside
    else:
        glare = np.clip((x * np.sign(face.light_side) + y * 0.7) / 30, 0, 1)
        image += inside * 0.05 * face.key * glare
    width = 0.7 + face.glasses_width
    frame = heads.smoothstep(1.1 - np.abs(edge - width / 2) / width)
    bridge = (np.abs(x) < 9.5) * heads.smoothstep(1.1 - np.abs(y + high * 0.45) / width)
    frame = np.maximum(frame, bridge)
    grid_y, grid_x = np.mgrid[0 : scale * SIZE, 0 : scale * SIZE].astype(np.float32)
    for side in (1, -1):
        if side * face.yaw > 12:
            continue
        ends = np.array([[side * (middle + wide), -4.0, front], [side * 76.0, -2.0, 35.0]])
        (ax, ay), (bx, by) = (camera.project(ends) + 0.5) * scale - 0.5
        along = ((grid_x - ax) * (bx - ax) + (grid_y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2 + 1e-3)
        along = np.clip(along, 0, 1)
        away = np.hypot(grid_x - ax - along * (bx - ax), grid_y - ay - along * (by - ay))
        frame = np.maximum(frame, heads.smoothstep(1.2 - away / (width * face.zoom * scale)))
    image += (face.glasses_tone - image) * frame
