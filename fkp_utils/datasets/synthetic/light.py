"""Light on the head of a synthetic face: a lamp with its shadows, what the surroundings throw back, and shine."""

from __future__ import annotations

import types

import numpy as np
from scipy import ndimage

from fkp_utils.datasets.synthetic import head as heads


def glow(face: types.SimpleNamespace, head: heads.Head, albedo: np.ndarray, shine: np.ndarray) -> np.ndarray:
    """Light that leaves each texel (rows, columns) towards the camera, 1 for a white wall in full light."""
    g, radius = heads.grid(), head.radius
    slope = np.empty_like(radius)
    slope[:, 1:-1] = (radius[:, 2:] - radius[:, :-2]) / (g.angle[:, 2:] - g.angle[:, :-2])
    slope[:, [0, -1]] = 0
    slope /= radius
    down = np.empty_like(radius)
    down[1:-1] = (radius[2:] - radius[:-2]) / (2 * heads.STEP)
    down[[0, -1]] = down[[1, -2]]
    nx, nz = g.sine - slope * g.cosine, g.cosine + slope * g.sine
    length = 1 / np.sqrt(nx * nx + nz * nz + down * down)
    nx, ny, nz = nx * length, -down * length, nz * length

    axes = heads.rotation(face)
    side, above = np.radians([face.light_side, face.light_above])
    key = np.array([np.sin(side) * np.cos(above), -np.sin(above), np.cos(side) * np.cos(above)], np.float32) @ axes
    view = np.array([0, 0, 1], np.float32) @ axes
    other = np.array([-np.sin(side), -0.2, 0.6], np.float32) @ axes
    behind = np.radians(face.rim_side)
    rim = np.array([np.sin(behind), -0.3, np.cos(behind)], np.float32) @ axes
    sky = np.array([0, -1, 0.5], np.float32) @ axes

    def facing(direction: np.ndarray) -> np.ndarray:
        return nx * direction[0] + ny * direction[1] + nz * direction[2]

    key_light = np.maximum((facing(key) + 0.16) / 1.16, 0)
    half = (key + view) / np.linalg.norm(key + view)
    mirror = np.maximum(facing(half), 0) ** 2
    mirror = mirror * mirror
    mirror = mirror * mirror * mirror
    lit = 1 - face.shadow * _shadow(radius * g.cosine, key)
    open_sky = _open(radius)
    key_light = key_light * lit * face.key
    around = face.ambient * (0.62 + 0.38 * facing(sky)) + face.fill * np.maximum(facing(other), 0)
    if face.rim:
        around = around + face.rim * np.maximum(facing(rim), 0)
    return albedo * (key_light + around * open_sky) + shine * face.key * mirror * lit * open_sky


def _half(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values[::2, ::2])


def _whole(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return np.repeat(np.repeat(values, 2, axis=0), 2, axis=1)[: shape[0], : shape[1]]


def _open(radius: np.ndarray) -> np.ndarray:
    """Share of the sky that a texel sees, from how far it lies below its surroundings."""
    coarse = _half(radius)
    near = ndimage.uniform_filter(coarse, 6)
    wide = ndimage.uniform_filter(coarse, 15)
    below = 0.075 * np.maximum(near - coarse, -1.5) + 0.035 * np.maximum(wide - coarse, -2)
    return _whole(ndimage.uniform_filter(np.minimum(np.maximum(1 - below, 0.4), 1.1), 3), radius.shape)


def _shadow(depth: np.ndarray, light: np.ndarray) -> np.ndarray:
    """0 where the light arrives, 1 in the shadow that the relief of the front casts."""
    coarse = _half(depth)
    flat = float(np.hypot(light[0], light[1])) + 1e-3
    shadow = np.zeros_like(coarse)
    rows, columns = coarse.shape
    padded = np.pad(coarse, 16, mode="edge")
    for step in (4.0, 8.0, 13.0, 19.0, 26.0):
        right, down = round(step * light[0] / flat / 2.8), round(step * light[1] / flat / 2.9)
        moved = padded[16 + down : 16 + down + rows, 16 + right : 16 + right + columns]
        np.maximum(shadow, (moved - coarse - step * max(light[2], 0.05) / flat) / (2 + 0.4 * step), out=shadow)
    return _whole(ndimage.uniform_filter(np.minimum(shadow, 1), 3), depth.shape)
