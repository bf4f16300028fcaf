"""The head of a synthetic face: a surface in cylinder coordinates, and the places of its features.

Millimetres about the head's axis at the height of the pupils: x to the subject's left, y down, z to the front.  The
surface is a map of radii over rows of constant y and columns of constant angle; columns are dense in front.
Proportions follow Farkas, Anthropometry of the Head and Face (1994).
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types

import numpy as np
from scipy import ndimage

TOP, STEP, ROWS = -116.0, 1.5, 172
SCALE, HALF, BEND = 150.7, 86, 2.78  # columns per unit of x / sqrt((r + z)² + BEND x²)


@dataclasses.dataclass(frozen=True)
class Grid:
    """Heights (rows, 1) in millimetres, and angles from the front (1, columns) in radians with their sines."""

    height: np.ndarray
    angle: np.ndarray
    sine: np.ndarray
    cosine: np.ndarray


@functools.cache
def grid() -> Grid:
    """The grid of every head."""
    unit = np.arange(-HALF, HALF + 1) / SCALE
    angle = 2 * np.arctan(unit / np.sqrt(1 - BEND * unit**2))[None].astype(np.float32)
    height = (TOP + STEP * np.arange(ROWS, dtype=np.float32))[:, None]
    return Grid(height, angle, np.sin(angle), np.cos(angle))


@dataclasses.dataclass(frozen=True)
class Head:
    """Radii and frontal positions `across` of each texel (rows, columns), and its shares of hair and hat, 0 to 1.

    bare: radii without the hair and the hat, on which the points lie.
    """

    radius: np.ndarray
    bare: np.ndarray
    across: np.ndarray
    hair: np.ndarray
    hat: np.ndarray


def window(left: float, right: float, top: float, bottom: float) -> tuple[slice, slice]:
    """Rows and columns of the grid that cover a rectangle on the front of the face, in millimetres."""
    columns = []
    for x in (left, right):
        sine = min(max(x / 84, -0.99), 0.99)
        half = sine / (1 + math.sqrt(1 - sine * sine))  # the tangent of half the angle
        columns.append(int(HALF + SCALE * half / math.sqrt(1 + BEND * half**2)))
    first, last = int((top - TOP) / STEP), int((bottom - TOP) / STEP) + 2
    return slice(max(first, 0), min(last, ROWS)), slice(max(columns[0] - 1, 0), columns[1] + 3)


def smoothstep(values: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    values = np.minimum(np.maximum(values, 0), 1)
    return values * values * (3 - 2 * values)


def bell(values: np.ndarray, middle: float, width: float) -> np.ndarray:
    """exp(-t² / 2), where t is how many widths a value lies from the middle."""
    values = values - middle
    values /= width
    values *= values
    values *= -0.5
    return np.exp(values, out=values)


def rotation(face: types.SimpleNamespace) -> np.ndarray:
    """Head to camera axes: yaw towards the subject's left, pitch downwards, roll clockwise in the image."""
    yaw, pitch, roll = np.radians([face.yaw, face.pitch, face.roll])
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return (tilt @ nod @ turn).astype(np.float32)


def _curve(at: np.ndarray, knots: list[tuple[float, float]], blur: float = 0.0) -> np.ndarray:
    x, y = zip(*knots, strict=True)
    values = np.interp(at.ravel(), x, y)
    values = ndimage.gaussian_filter1d(values, blur, mode="nearest") if blur else values
    return values.reshape(at.shape).astype(np.float32)


def _chin(face: types.SimpleNamespace) -> float:
    return face.chin + 0.85 * face.jaw_drop


def jaw_line(face: types.SimpleNamespace, angle: np.ndarray) -> np.ndarray:
    """Height of the edge between jaw and neck at angles from the front, 0 or more."""
    chin, corner = _chin(face), face.jaw_corner
    return _curve(
        angle,
        [(0, chin), (0.2, chin - 1.5), (0.45, chin - 11), (0.8, corner + 6 + face.jaw_drop / 3), (1.15, corner),
         (1.45, corner - 14), (2.1, corner - 18)],
        4 if angle.ndim > 1 else 0,
    )  # fmt: skip


def _bump(radius: np.ndarray, across: np.ndarray, x: float, y: float, width: float, height: float, rise: float) -> None:
    """Add a bell at (x, y) of the given standard deviations, and its mirror image if x is not 0."""
    for centre in (x, -x) if x else (x,):
        rows, columns = window(centre - 2.8 * width, centre + 2.8 * width, y - 2.8 * height, y + 2.8 * height)
        along = rise * bell(grid().height[rows], y, height)
        radius[rows, columns] += along * bell(across[rows, columns], centre, width)


def build(face: types.SimpleNamespace, noise: np.ndarray, lumps: np.ndarray) -> Head:
    """The head of one face; `noise` ruffles the hair, `lumps` makes no two heads alike, both (rows, columns).

    Both are smooth and of unit deviation.  Lumps are the same on both sides.
    """
    g, drop = grid(), face.jaw_drop
    chin = _chin(face)
    breadth = face.breadth * _curve(
        g.height,
        [(-116, 16), (-110, 34), (-102, 47), (-90, 59), (-72, 68), (-50, 72.5), (-25, 72.5), (0, 71), (20, 69),
         (45, 64 + face.cheeks), (65, 58.5 + face.cheeks), (85, 52 + face.cheeks), (110, 44), (150, 40)],
        4,
    )  # fmt: skip
    front = _curve(
        g.height,
        [(-116, 18), (-110, 40), (-102, 55), (-90, 69), (-72, 82), (-52, 90), (-34, 93 + face.brow_ridge / 2),
         (-18, 94 + face.brow_ridge), (-2, 91), (20, 89), (44, 91), (60, 92.5), (72 + drop, 90), (84 + drop, 85.5),
         (chin - 13, 86.5 + face.chin_forward), (chin - 4, 84 + face.chin_forward), (chin + 4, 78), (150, 76)],
        3,
    )  # fmt: skip
    aside, ahead = (g.sine / breadth) ** 2, (g.cosine / front) ** 2
    radius = 0.8 / np.sqrt(aside + ahead) + 0.2 / np.sqrt(np.sqrt(aside * aside + ahead * ahead))
    jaw = jaw_line(face, np.abs(g.angle))
    below = 15 + 6 * np.abs(g.sine)
    neck = face.neck / np.sqrt(g.sine**2 + (g.cosine / 0.94 + 0.16) ** 2)
    neck = neck + 2.2 * np.maximum(g.height - face.collar, 0) * (0.15 + g.sine**2)
    radius += (np.minimum(neck, 150) - radius) * smoothstep((g.height - jaw + 4) / below)
    radius += face.lumps * 0.5 * (lumps + lumps[:, ::-1]) * smoothstep((chin + 20 - g.height) / 30)
    across = radius * g.sine
    _front(radius, across, face, chin)
    _ears(radius, face)
    bare = radius.copy()
    hair = _hair(radius, face, noise)
    return Head(radius, bare, across, hair, _hat(radius, face))


def _front(radius: np.ndarray, across: np.ndarray, face: types.SimpleNamespace, chin: float) -> None:
    """Sockets, brows, nose, cheeks, lips and chin, as bells and a ridge on the surface."""
    for bell in (
        (30, -1, 15, 9, -4.0 - face.depth),
        (15, 0, 5.5, 8, -4.0),
        (31, 0, 10.5, 7, 4.5),
        (28, -15, 17, 7, 1.5 + 0.6 * face.brow_ridge),
        (0, -20, 12, 8, 0.5),
        (66, -28, 9, 16, -2.5),
        (55, -11, 9, 8, 4.0),
        (48, 26, 13, 11, 3.0 + face.cheekbones),
        (46, 56, 13, 14, -3.0 + face.fat),
        (30, 32 - 4 * face.smile, 12, 9, 1.0 + 5.0 * face.smile),
        (22, 13, 8, 6, -1.5),
        (0, 62, 22, 15, 1.6),
        (0, 54, 2.6, 6, -1.4),
        (0, face.mouth + 20 + face.jaw_drop, 19, 5, -2.2),
        (0, chin - 12, 13, 8, 3.5 + face.chin_ball),
    ):
        _bump(radius, across, *bell)
    tip = face.nose_tip
    rows, columns = window(-36, 36, -22, tip + 20)
    y, x = grid().height[rows], across[rows, columns]
    rise = face.nose_height
    ridge = _curve(
        y,
        [(-22, 0), (-10, 1), (0, 3.5 + face.bridge), (12, 0.42 * rise + face.bridge), (tip - 10, 0.78 * rise),
         (tip - 4, 0.96 * rise), (tip + 1, 0.98 * rise), (tip + 4, 0.86 * rise), (tip + 9, 0.45 * rise),
         (tip + 13, 0.1 * rise), (tip + 19, 0)],
        1.8,
    )  # fmt: skip
    width = face.nose_width * _curve(y, [(-12, 6), (0, 5.4), (15, 6.4), (tip - 8, 7.4), (tip + 2, 8.0), (tip + 14, 6)])
    radius[rows, columns] += ridge * np.exp(-((x / width) ** 2) / 2)
    wing = 13.0 * face.nose_width
    _bump(radius, across, wing, tip + 4.5, 5.0, 5.0, 5.2)
    _bump(radius, across, wing + 9, tip + 7, 4.5, 7, -1.6)
    lip, middle = face.lip_bottom, face.mouth
    _bump(radius, across, face.mouth_half / 2.7, middle - 4, face.mouth_half / 3, 3.0, 1.6)
    _bump(radius, across, 0, middle + lip * 0.45 + face.opening, face.mouth_half / 2.2, 3.6, 2.8)
    _bump(radius, across, face.mouth_half + 2, middle - face.smile * 3, 5, 6, -1.6)


def _ears(radius: np.ndarray, face: types.SimpleNamespace) -> None:
    g = grid()
    shape = ((np.abs(g.angle) - 1.68) / 0.17) ** 2 + ((g.height - 22) / 27) ** 2
    radius += face.ears * (smoothstep(1.35 - shape) - 0.55 * smoothstep(0.75 - 1.6 * shape))


def _hair(radius: np.ndarray, face: types.SimpleNamespace, noise: np.ndarray) -> np.ndarray:
    """Raise the hair over the skull; returns its mask."""
    g, side = grid(), np.abs(grid().angle)
    low, temple, end = face.hairline, face.temples, face.hair_length
    line = _curve(
        side,
        [(0, low), (0.3, low - temple), (0.62, low + 10 - temple), (0.85, low + 30), (1.0, -18), (1.12, face.sideburn),
         (1.3, face.sideburn), (1.55, max(end, -8)), (1.9, max(end, 40)), (2.4, max(end, 55))], 4)  # fmt: skip
    edge = face.curtain
    if end > 60:
        line = np.where(side > edge, line + (end - line) * smoothstep((side - edge) / 0.3), line)
    line = line + face.parting * np.sin(2.2 * g.angle)
    line = line + face.fringe * np.exp(-(((g.angle - face.parting / 15) / 0.75) ** 4))
    ragged = line - g.height + face.ruffle * noise
    mask = smoothstep(ragged / face.softness + 0.5) * face.has_hair
    lift = face.volume * smoothstep(ragged / 34 + 0.12) * (0.55 + 0.45 * smoothstep((10 - g.height) / 60))
    if end > 60:
        beside = smoothstep((side - edge + 0.1) / 0.6)
        lift = lift + smoothstep((g.height + 10) / 90) * (26 + 0.4 * face.volume) * beside
    reach = np.where(side > edge - 0.3, 60, 14) if end > 60 else 14  # no cliff beside the cheeks
    radius += smoothstep(ragged / reach + 0.3) * face.has_hair * (lift + 0.1 * face.volume * noise + 1.0)
    if end > 60:
        count = int((side[0, :HALF] > edge - 0.25).sum())
        for part in (slice(0, count), slice(2 * HALF + 1 - count, None)):
            smooth = ndimage.gaussian_filter(radius[:, part], (3, 2.5), truncate=2)
            radius[:, part] += (smooth - radius[:, part]) * smoothstep((side[:, part] - edge + 0.25) / 0.25)
    return mask


def _hat(radius: np.ndarray, face: types.SimpleNamespace) -> np.ndarray:
    """A cap over the skull with a thick edge; returns its mask."""
    g = grid()
    edge = face.hat + 6 * (1 - g.cosine)
    mask = smoothstep((edge - g.height) / 2 + 0.5) * (face.hat > TOP)
    if face.hat > TOP:
        rows = slice(0, int((face.hat + 16 - TOP) / STEP))
        crown = radius[rows].max(1, keepdims=True)
        wide = np.maximum(radius[rows], 0.5 * radius[rows] + 0.5 * crown)
        wide = wide + 4 + 5 * np.exp(-(((g.height[rows] - edge + 4) / 4) ** 2)) * (1 + 1.5 * np.maximum(g.cosine, 0))
        radius[rows] += (wide - radius[rows]) * mask[rows]
    return mask


def locate(head: Head, points: np.ndarray) -> np.ndarray:
    """The surface at frontal positions (K, 2): points (K, 3) in millimetres."""
    first, part = _rows(points[:, 1])
    middle = slice(HALF - 65, HALF + 66)
    across = head.across[first, middle] * (1 - part) + head.across[first + 1, middle] * part
    right = (across < points[:, :1]).sum(axis=1).clip(1, across.shape[1] - 1)
    each = np.arange(len(points))
    low, high = across[each, right - 1], across[each, right]
    return _surface(head, points[:, 1], middle.start + right - 1 + ((points[:, 0] - low) / (high - low)).clip(0, 1))


def at_angles(head: Head, heights: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """The surface at heights and angles from the front (K,), radians: points (K, 3) in millimetres."""
    half = np.tan(angles / 2)
    return _surface(head, heights, HALF + SCALE * half / np.sqrt(1 + BEND * half**2))


def _rows(heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row = ((heights - TOP) / STEP).clip(0, ROWS - 1.01)
    return row.astype(int), (row % 1)[:, None]


def _surface(head: Head, heights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    first, part = _rows(heights)
    left = columns.astype(int)
    rows = np.stack([first, first + 1])
    length = head.bare[rows, left] * (1 - columns % 1) + head.bare[rows, left + 1] * (columns % 1)
    length = length[0] * (1 - part[:, 0]) + length[1] * part[:, 0]
    unit = (columns - HALF) / SCALE
    angle = 2 * np.arctan(unit / np.sqrt(1 - BEND * unit**2))
    return np.stack([length * np.sin(angle), heights, length * np.cos(angle)], axis=1)
