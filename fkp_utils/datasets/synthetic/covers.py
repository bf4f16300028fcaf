"""What comes between a synthetic face and the camera: microphones, hands, arms and captions, locks of hair."""

from __future__ import annotations

import types

import numpy as np

from fkp_utils.datasets.synthetic import head as heads
from fkp_utils.datasets.synthetic import sensor


def cover(
    face: types.SimpleNamespace, image: np.ndarray, mouth: np.ndarray, scale: float, rng: np.random.Generator
) -> np.ndarray:
    """Paints `face.cover` over the fine image (n, n), in place; returns what share of each pixel (n/2, n/2) it hides.

    mouth: (2,) in pixels; scale: pixels a millimetre on the face.
    """
    y, x = np.mgrid[0 : len(image), 0 : len(image)].astype(np.float32)
    x = ((x + 0.5) / 2 - 0.5 - mouth[0]) / scale - face.cover_x
    y = ((y + 0.5) / 2 - 0.5 - mouth[1]) / scale - face.cover_y
    turn = np.radians(face.cover_turn)
    x, y = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    kinds = (_microphone, _hand, _bar, _strand)
    mask, tone = kinds[face.cover - 1](face, x / face.cover_size, y / face.cover_size, rng)
    image += (tone - image) * mask
    return sensor.whole_pixels(mask)


def _microphone(
    face: types.SimpleNamespace, x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A ball of wire or foam, and its handle below."""
    wide, high = rng.uniform(11, 19), rng.uniform(13, 22)
    ball = np.sqrt((x / wide) ** 2 + ((y - high) / high) ** 2)
    thick = rng.uniform(5, 9)
    handle = heads.smoothstep(thick - np.abs(x) + 0.5) * (y > high)
    mask = np.maximum(heads.smoothstep((1.03 - ball) * wide / 2), handle)
    spark = rng.uniform(0, 0.5) * np.exp(-((x + 5) ** 2 + (y - high + 6) ** 2) / 30)
    light = 0.35 + 0.9 * np.clip(1 - ball, 0, 1) + spark
    return mask, face.cover_tone * np.where(ball < 1.03, light, 0.7 + 0.5 * np.exp(-((x + 2) ** 2) / 6))


def _hand(
    face: types.SimpleNamespace, x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Four fingers and the back of a hand that comes from below."""
    skin = face.skin * (face.ambient + 0.7 * face.key)
    mask, tone = np.zeros_like(x), np.full_like(x, skin)
    back = np.sqrt((x / 34) ** 2 + ((y - 52) / 38) ** 2)
    mask = np.maximum(mask, heads.smoothstep((1 - back) * 20))
    tone *= 0.75 + 0.35 * np.clip(1.2 - back, 0, 1)
    for finger in range(4):
        middle, tip = 16.5 * finger - 25, rng.uniform(-8, 8) - 6 * (finger in (1, 2))
        away = np.hypot(x - middle, np.maximum(tip - y, 0) + np.maximum(y - 46, 0)) / 8.8
        part = heads.smoothstep((1 - away) * 7)
        tone += (skin * (0.45 + 0.7 * np.sqrt(np.clip(1 - away * away, 0, 1))) - tone) * part
        mask = np.maximum(mask, part)
    return mask, tone


def _bar(
    face: types.SimpleNamespace, x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """An arm, a sheet of paper or a caption below the mouth."""
    mask = heads.smoothstep((y - rng.uniform(2, 26)) / rng.uniform(1, 3) + 0.5)
    return mask, face.cover_tone * (1 + rng.uniform(0, 0.6) * np.cos(x / rng.uniform(1.5, 30)))


def _strand(
    face: types.SimpleNamespace, x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A lock of hair over an eye and the cheek."""
    side, wide = rng.choice([-1, 1]), rng.uniform(4, 15)
    middle = side * (rng.uniform(22, 42) + 0.0035 * (y + 85) ** 2 * rng.uniform(0.2, 1.2))
    mask = heads.smoothstep((wide - np.abs(x - middle)) / 3 + 0.5) * heads.smoothstep((rng.uniform(-30, 40) - y) / 12)
    return mask * 0.95, face.hair_tone * (1 + 0.5 * np.cos((x - middle) / 1.7) + 0.2 * np.cos((x - middle) / 4))
