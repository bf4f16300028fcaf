"""The camera of a synthetic face: rays onto the head, glasses, background, lens and sensor."""

from __future__ import annotations

import functools
import io
import types

import numpy as np
from PIL import Image
from scipy import ndimage

from fkp_utils.datasets import synthetic_head as heads
from fkp_utils.datasets import synthetic_light as light
from fkp_utils.datasets import synthetic_skin as skin

SIZE = 96
FINE = 2  # rays a pixel and axis
COARSE = 4  # pixels of the fine grid between the rays of the first pass
NEAR = 6.0  # millimetres from the surface at which a ray has hit it
EYES_TO_MOUTH = (48.0, 55.5)  # where the middle of eyes and mouth lies in the image


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
    }
    return {name: (tile / tile.std()).astype(np.float32) for name, tile in found.items()}


def cut(name: str, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A random piece of the tile `name`."""
    row, column = rng.integers(0, 512 - shape[0]), rng.integers(0, 512 - shape[1])
    return tiles()[name][row : row + shape[0], column : column + shape[1]]


class Camera:
    """A pinhole camera, aimed at a head so that eyes and mouth come to lie where a detector of faces puts them."""

    def __init__(self, face: types.SimpleNamespace, anchors: np.ndarray) -> None:
        self.axes = heads.rotation(face)
        self.focus = face.zoom * (face.distance - 85)
        self.distance = face.distance
        self.centre = np.zeros(2)
        seen = self.project(anchors)
        self.centre = np.add(EYES_TO_MOUTH, [face.shift_x, face.shift_y]) - seen.mean(0)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points (K, 3) of the head as (K, 2) in pixels of the image, (0, 0) the centre of the first."""
        turned = points @ self.axes.T
        return self.centre + self.focus * turned[:, :2] / (self.distance - turned[:, 2:])

    def rays(self, step: float) -> tuple[np.ndarray, list[np.ndarray]]:
        """Origin (3,) and directions, three arrays (n, n), of rays `step` pixels apart, in the axes of the head."""
        at = (np.arange(round(SIZE / step)) + 0.5) * step - 0.5
        x = ((at - self.centre[0]) / self.focus).astype(np.float32)[None]
        y = ((at - self.centre[1]) / self.focus).astype(np.float32)[:, None]
        directions = [x * self.axes[0, k] + y * self.axes[1, k] - self.axes[2, k] for k in range(3)]
        return self.distance * self.axes[2], directions


def _texel(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance from the axis, row and column (fractions) of points on the head's map."""
    square = x * x
    distance = np.sqrt(square + z * z)
    reach = distance + z
    column = x / np.sqrt(reach * reach + heads.BEND * square + 1e-6)
    column *= heads.SCALE
    column += heads.HALF
    row = (y - heads.TOP) * (1 / heads.STEP)
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
        depth = depth + 0.72 * gap
    return depth, nearest


def _reach(
    flat: np.ndarray, origin: np.ndarray, ways: list[np.ndarray], depth: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gap to the surface at these depths, in millimetres, and the row and column there."""
    distance, row, column = _texel(*(origin[k] + depth * ways[k] for k in range(3)))
    return distance - flat.take(_index(row, column)), row, column


def see(camera: Camera, head: heads.Head, glow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Brightness and share of the head in each fine pixel, both (FINE SIZE, FINE SIZE)."""
    flat = head.radius.ravel()
    origin, ways = camera.rays(COARSE / FINE)
    start = np.full(ways[0].shape, camera.distance - 150, np.float32)
    depth, _ = _march(flat, origin, ways, start, 20)
    depth = ndimage.minimum_filter(np.minimum(depth, camera.distance + 60), 3) - 2
    depth = np.repeat(np.repeat(depth, COARSE, axis=0), COARSE, axis=1)
    origin, ways = camera.rays(1 / FINE)
    depth, nearest = _march(flat, origin, ways, depth, 5)
    gap, row, column = _reach(flat, origin, ways, depth)
    late = (gap >= NEAR) & (depth < camera.distance + 60)  # on its way past an edge
    late_ways = [way[late] for way in ways]
    further, late_nearest = _march(flat, origin, late_ways, depth[late], 12)
    nearest[late] = np.minimum(nearest[late], late_nearest)
    gap[late], row[late], column[late] = _reach(flat, origin, late_ways, further)
    share = np.where(gap < NEAR, 1, heads.smoothstep(1.6 - nearest))
    return _between(glow, row, column), share


def _index(row: np.ndarray, column: np.ndarray) -> np.ndarray:
    return (row + 0.5).astype(np.int32) * (2 * heads.HALF + 1) + (column + 0.5).astype(np.int32)


def _between(values: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Bilinear values at fractional rows and columns."""
    flat, width = values.ravel(), values.shape[1]
    top, left = row.astype(np.int32), column.astype(np.int32)
    down, right = row - top, column - left
    first = top * width + left
    upper = flat.take(first)
    upper += right * (flat.take(first + 1) - upper)
    first += width
    lower = flat.take(first)
    lower += right * (flat.take(first + 1) - lower)
    return upper + down * (lower - upper)


def backdrop(face: types.SimpleNamespace, rng: np.random.Generator) -> np.ndarray:
    """What lies behind the head (SIZE, SIZE): a wall with a gradient and clouds, and at times bars, boxes and lamps."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    wall = face.backdrop * (1 + rng.uniform(-0.6, 0.6) * (x * np.cos(turn) + y * np.sin(turn)))
    wall = wall * np.exp(rng.uniform(0.05, 0.45) * cut("clouds", (SIZE, SIZE), rng))
    if face.backdrop_structure < 0.65:
        for _ in range(rng.integers(1, 9)):
            tone = np.clip(face.backdrop * np.exp(rng.normal(0, 0.8)), 0.004, 0.95)
            left, top = rng.integers(-20, SIZE, 2)
            wide, high = rng.integers(3, 60, 2)
            high = high if rng.random() < 0.6 else 2 * SIZE
            wall[max(top, 0) : top + high, max(left, 0) : left + wide] = tone
        wall = ndimage.gaussian_filter(wall, rng.uniform(0.3, 3.5))
    return wall


def glasses(face: types.SimpleNamespace, camera: Camera, image: np.ndarray) -> None:
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


def develop(image: np.ndarray, face: types.SimpleNamespace, rng: np.random.Generator) -> np.ndarray:
    """The lens and the sensor: brightness (FINE SIZE, FINE SIZE) to grey levels (SIZE, SIZE) uint8."""
    image = image.reshape(SIZE, FINE, SIZE, FINE).mean((1, 3))
    image = ndimage.gaussian_filter(image, face.blur, truncate=3)
    if face.motion:
        image = ndimage.gaussian_filter1d(image, face.motion, axis=1, truncate=2)
    level = np.percentile(image[20:84, 20:76], 80)
    grey = (np.maximum(image, 0) * (face.exposure / (level + 0.02))) ** (1 / 2.2)
    grey = 0.5 + (grey - 0.5) * face.contrast
    grey = 255 * np.where(grey > 0.8, 0.8 + 0.2 * np.tanh((grey - 0.8) / 0.2), grey)
    if face.coarse > 1:
        small = round(SIZE / face.coarse)
        picture = Image.fromarray(grey.astype(np.float32)).resize((small, small), Image.Resampling.BOX)
        grey = np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    grey = grey + face.noise * rng.standard_normal((SIZE, SIZE), dtype=np.float32)
    levels = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    if face.jpeg_quality < 100:
        stream = io.BytesIO()
        Image.fromarray(levels).save(stream, "JPEG", quality=int(face.jpeg_quality))
        levels = np.asarray(Image.open(stream))
    return levels


def photograph(face: types.SimpleNamespace, seed: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """One face: grey levels (SIZE, SIZE) uint8, and its 15 points in both label conventions (2, 15, 2) in pixels."""
    rng = np.random.default_rng(seed)
    shape = (heads.ROWS, 2 * heads.HALF + 1)
    fine, blotches = cut("grain", shape, rng), cut("blotches", shape, rng)
    locks = cut("curls" if face.curls else "strands", shape, rng)
    head = heads.build(face, blotches)
    points = np.stack([heads.locate(head, skin.frontal_points(face, source)) for source in (0, 1)])
    camera = Camera(face, points[0, [0, 1, 11, 12]])
    glow = light.glow(face, head, *skin.paint(face, head, fine, blotches, locks))
    image, share = see(camera, head, glow)
    behind = np.repeat(np.repeat(backdrop(face, rng), FINE, axis=0), FINE, axis=1)
    image = behind + (image - behind) * share
    if face.glasses:
        glasses(face, camera, image)
    return develop(image, face, rng), np.stack([camera.project(each) for each in points])
