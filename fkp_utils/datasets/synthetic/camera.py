"""The camera of a synthetic face: rays onto the head, what is in front of it and behind, and the photo."""

from __future__ import annotations

import types
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from fkp_utils.datasets.synthetic import covers, landmarks, lens, light, scene, sensor, skin
from fkp_utils.datasets.synthetic import head as heads

SIZE = sensor.SIZE
FINE = sensor.FINE
COARSE = 4  # pixels between the rays of the first pass
NEAR = 6.0  # millimetres from the surface at which a ray has hit it
BEHIND, BEHIND_JAW = 8.0, 25.0  # millimetres behind the surface from which a point is hidden; the jaw is steep
STEEP = 12.0  # millimetres of depth between neighbouring pixels that make an edge


class Photo(NamedTuple):
    """levels: (SIZE, SIZE) uint8; points, visible: (2, 15, 2) and (2, 15) in both label conventions.

    landmarks, landmarks_visible: (68, 2) and (68,), the points of LANDMARKS_68, some of which may lie outside.
    """

    levels: np.ndarray
    points: np.ndarray
    visible: np.ndarray
    landmarks: np.ndarray
    landmarks_visible: np.ndarray


def _texel(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance from the axis, row and column (fractions) of points on the head's map.  It computes in their memory."""
    square = x * x
    distance = z * z
    distance += square
    np.sqrt(distance, out=distance)
    z += distance
    z *= z
    square *= heads.BEND
    z += square
    z += 1e-6
    column = np.divide(x, np.sqrt(z, out=z), out=x)
    column *= heads.SCALE
    column += heads.HALF
    row = np.subtract(y, heads.TOP, out=y)
    row *= 1 / heads.STEP
    np.minimum(np.maximum(row, 0, out=row), heads.ROWS - 1.01, out=row)
    np.minimum(column, 2 * heads.HALF - 0.01, out=column)
    np.maximum(column, 0, out=column)
    return distance, row, column


def _march(
    flat: np.ndarray, origin: np.ndarray, ways: list[np.ndarray], depth: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Depths along the rays after some steps towards the surface, and the smallest gap on the way, in millimetres."""
    nearest = np.full_like(depth, 1e3)
    for _ in range(steps):
        gap, _, _ = _reach(flat, origin, ways, depth)
        np.minimum(nearest, gap, out=nearest)
        gap *= 0.72
        depth = np.add(depth, gap, out=gap)
    return depth, nearest


def _reach(
    flat: np.ndarray, origin: np.ndarray, ways: list[np.ndarray], depth: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gap to the surface at these depths, in millimetres, and the row and column there."""
    at = [depth * way for way in ways]
    for values, start in zip(at, origin, strict=True):
        values += start
    gap, row, column = _texel(*at)
    gap -= flat.take(_index(row, column))
    return gap, row, column


def see(camera: lens.Camera, head: heads.Head, glow: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Brightness and share of the head in each fine pixel, both (FINE SIZE, FINE SIZE), and depth (SIZE, SIZE)."""
    flat, limit = head.radius.ravel(), camera.distance + 60
    origin, ways = camera.rays(COARSE)
    start = np.full(ways[0].shape, camera.distance - 150, np.float32)
    depth, _ = _march(flat, origin, ways, start, 10)
    depth = ndimage.minimum_filter(np.minimum(depth, limit), 3) - 2
    origin, ways = camera.rays(1)
    depth, _ = _march(flat, origin, ways, np.repeat(np.repeat(depth, COARSE, axis=0), COARSE, axis=1), 5)
    near = ndimage.minimum_filter(depth, 3)
    start = np.where(ndimage.maximum_filter(depth, 3) - near < STEEP, depth, near - 2)
    origin, ways = camera.rays(1 / FINE)
    fine, nearest = _march(flat, origin, ways, _between_pixels(start), 1)
    gap, row, column = _reach(flat, origin, ways, fine)
    late = np.flatnonzero((np.abs(gap) >= NEAR) & (fine < limit))  # on its way past an edge, or too deep
    late_ways = [way.take(late) for way in ways]
    further, late_nearest = _march(flat, origin, late_ways, fine.take(late), 10)
    last, late_row, late_column = _reach(flat, origin, late_ways, further)
    nearest.put(late, np.minimum(nearest.take(late), late_nearest))
    row.put(late, late_row)
    column.put(late, late_column)
    gap.put(late, np.where((further < limit) & (last < 3 * NEAR), 0, last))  # so slow only along a surface
    share = np.where(gap < NEAR, 1, heads.smoothstep(1.6 - nearest))
    return _between(glow, row, column), share, depth


def _between_pixels(values: np.ndarray) -> np.ndarray:
    """Values (n, n) at pixel centres to (2n, 2n), between them."""
    edged = np.pad(values, 1, mode="edge")
    rows = np.empty((2 * SIZE, SIZE + 2), np.float32)
    rows[::2] = 0.75 * edged[1:-1] + 0.25 * edged[:-2]
    rows[1::2] = 0.75 * edged[1:-1] + 0.25 * edged[2:]
    whole = np.empty((2 * SIZE, 2 * SIZE), np.float32)
    whole[:, ::2] = 0.75 * rows[:, 1:-1] + 0.25 * rows[:, :-2]
    whole[:, 1::2] = 0.75 * rows[:, 1:-1] + 0.25 * rows[:, 2:]
    return whole


def _index(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    return (row + 0.5).astype(np.int32) * (2 * heads.HALF + 1) + (column + 0.5).astype(np.int32)


def _between(values: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Bilinear values at fractional rows and columns."""
    flat, width = values.ravel(), values.shape[1]
    top, left = row.astype(np.int32), column.astype(np.int32)
    down, right = row - top.astype(np.float32), column - left.astype(np.float32)
    first = top * width + left
    upper = flat.take(first)
    upper += right * (flat.take(first + 1) - upper)
    first += width
    lower = flat.take(first)
    lower += right * (flat.take(first + 1) - lower)
    return upper + down * (lower - upper)


def photograph(face: types.SimpleNamespace) -> Photo:
    """The photo of a face.  Its parameters decide everything: equal ones make equal bytes."""
    head, texture, places, camera = _meet(face)
    image, share, depth = see(camera, head, light.glow(face, head, *skin.paint(face, head, *texture)))
    points = camera.project(places)
    row, column = np.rint(points[:, ::-1]).astype(int).clip(0, SIZE - 1).T
    rng = np.random.default_rng(face.scene)
    image, hidden = _compose(face, camera, image, share, points, rng)
    behind = np.where(np.arange(len(places)) < landmarks.JAW, BEHIND_JAW, BEHIND)
    visible = (camera.depths(places) < depth[row, column] + behind) & (hidden[row, column] < 0.5)
    visible &= (np.abs(points - (SIZE - 1) / 2) <= SIZE / 2).all(axis=1)
    visible[landmarks.EYES] &= not (face.glasses and face.sunglasses)
    named, seen = landmarks.named(points), landmarks.named(visible[:, None])[..., 0] > 0.5
    levels = sensor.pad(sensor.develop(image, face, rng), face, named.reshape(-1, 2))
    return Photo(levels, named, seen, points[:68], visible[:68])


def stages(face: types.SimpleNamespace) -> dict[str, np.ndarray]:
    """How the photo of a face is made: pictures (n, n) of its shape, paint, light, scene and the photo itself.

    The shape is of plaster, the paint in even light; brightness is 1 for a white wall in full light, and of the photo
    grey levels from 0 to 255.
    """
    head, texture, places, camera = _meet(face)
    albedo, shine = skin.paint(face, head, *texture)
    plaster = light.glow(face, head, np.full_like(albedo, 0.5), np.zeros_like(shine))
    lit, share, _ = see(camera, head, light.glow(face, head, albedo, shine))
    pictures = {"shape": see(camera, head, plaster)[0] * share, "paint": see(camera, head, albedo)[0] * share}
    image, _ = _compose(face, camera, lit, share, camera.project(places), np.random.default_rng(face.scene))
    return pictures | {"light": lit * share, "scene": image, "photo": photograph(face).levels}


def _meet(face: types.SimpleNamespace) -> tuple[heads.Head, list[np.ndarray], np.ndarray, lens.Camera]:
    """The head, the textures that `skin.paint` takes, the points (70, 3) on the head, and the camera."""
    rng = np.random.default_rng(face.texture)
    extent = (heads.ROWS, 2 * heads.HALF + 1)
    names = ("grain", "blotches", "curls" if face.curls else "strands", "lumps")
    *texture, lumps = (scene.cut(name, extent, rng) for name in names)
    head = heads.build(face, texture[1], lumps)
    places = landmarks.places(face, head)
    return head, texture, places, lens.Camera(face, landmarks.named(places).reshape(-1, 3))


def _compose(
    face: types.SimpleNamespace,
    camera: lens.Camera,
    image: np.ndarray,
    share: np.ndarray,
    points: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """The head with what is behind it and in front of it, fine, and what share of each pixel the latter hides."""
    behind = np.repeat(np.repeat(scene.backdrop(face, rng), FINE, axis=0), FINE, axis=1)
    if face.uneven:
        uneven = np.exp(face.uneven * scene.cut("clouds", image.shape, rng))
        image, behind = image * uneven, behind * uneven
    image = behind + (image - behind) * share
    if face.glasses:
        scene.glasses(face, camera, image)
    if not face.cover:
        return image, np.zeros((SIZE, SIZE), np.float32)
    return image, covers.cover(face, image, points[[48, 54]].mean(0), camera.focus / camera.distance, rng)
