"""Paint on the head of a synthetic face, and the lines along which its features are painted."""

from __future__ import annotations

import types

import numpy as np

from fkp_utils.datasets.synthetic import head as heads


def lids(face: types.SimpleNamespace) -> tuple[float, float]:
    """How far the upper lid rises over the line between the corners of the eye, and the lower one falls, in mm."""
    return 5.6 * face.eye_open * face.lids, 3.6 * face.eye_open * (0.35 + 0.65 * face.lids) * (face.lids > 0)


def eye_arch(inside: np.ndarray) -> np.ndarray:
    """Share of its height that a lid has, 0 to 1 from one corner of the eye to the other."""
    return np.sqrt(4 * inside * (1 - inside)) ** 1.4


def brow_height(face: types.SimpleNamespace, along: np.ndarray) -> np.ndarray:
    """Height of a brow's middle line, 0 to 1 from its inner to its outer end."""
    inner = face.brow - face.brow_lift + 2.0 * face.frown - face.brow_slope
    outer = face.brow - face.brow_lift + face.brow_slope + 3.0
    skewed = along**1.35
    return inner + (outer - inner) * along - face.brow_arch * 4 * skewed * (1 - skewed)


def seam(face: types.SimpleNamespace, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights of the edges of the upper and the lower lip inside the mouth, x from -1 to 1 between its corners."""
    square = np.minimum(x * x, 1)
    top = face.mouth + (0.45 * face.opening - 8.0 * face.smile) * square
    return top, top + face.opening * (1 - square)


def lip_edges(face: types.SimpleNamespace, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights of the outer edges of the lips, x from -1 to 1 between the corners of the mouth."""
    top, bottom = seam(face, x)
    away = np.minimum(np.abs(x), 1)
    bow = (1 - away**1.7) * (0.86 + 0.17 * np.exp(-(((away - 0.24) / 0.16) ** 2)))
    return top - face.lip_top * bow, bottom + face.lip_bottom * (1 - away * away)


def paint(
    face: types.SimpleNamespace, head: heads.Head, noise: np.ndarray, mottled: np.ndarray, strands: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Share of the light that each texel (rows, columns) reflects in all directions, and as a mirror does."""
    g = heads.grid()
    albedo = face.skin * (1 + 0.045 * face.mottle * mottled + 0.025 * noise)
    if face.freckles:
        albedo *= 1 - 0.25 * face.freckles * heads.smoothstep(noise - 1.3)
    shine = np.full_like(albedo, face.gloss)
    _wrinkles(albedo, head.across, face)
    _beard(albedo, shine, head.across, face, noise)
    _lips(albedo, shine, head.across, face)
    _brows(albedo, head.across, face, noise)
    for side in (1, -1):
        _eye(albedo, shine, head.across, face, side)
    nostril_y = face.nose_tip + 9
    for side in (1, -1):
        rows, columns = heads.window(side * 7.5 - 9, side * 7.5 + 9, nostril_y - 7, nostril_y + 7)
        away = ((head.across[rows, columns] - side * 7.2 * face.nose_width) / 4.2) ** 2
        away = away + ((g.height[rows] - nostril_y) / 2.3) ** 2
        albedo[rows, columns] *= 1 - 0.8 * np.exp(-(away**1.5))
    hair = face.hair_tone * np.exp(0.42 * strands)
    albedo += (hair - albedo) * head.hair
    if face.hat > heads.TOP:
        albedo += (face.hat_tone * (1 + 0.05 * noise) - albedo) * head.hat
    shine *= 1 - 0.6 * np.maximum(head.hair, head.hat)
    cloth = heads.smoothstep((g.height - face.collar - 6 * g.cosine) / 3)
    tone = face.clothes if not face.shirt else np.where(np.abs(g.angle) < 0.5, 0.75, face.clothes)
    albedo += (tone * (1 + 0.06 * mottled) - albedo) * cloth * (1 - head.hair)
    shine *= 1 - cloth
    return albedo, shine


def _dent(albedo: np.ndarray, across: np.ndarray, x: float, y: float, width: float, height: float, dark: float) -> None:
    for centre in (x, -x) if x else (x,):
        rows, columns = heads.window(centre - 2.5 * width, centre + 2.5 * width, y - 2.5 * height, y + 2.5 * height)
        along = dark * heads.bell(heads.grid().height[rows], y, height)
        albedo[rows, columns] *= 1 - along * heads.bell(across[rows, columns], centre, width)


def _wrinkles(albedo: np.ndarray, across: np.ndarray, face: types.SimpleNamespace) -> None:
    """Shadows round the eyes, the fold from nose to mouth, frown lines, lines of the forehead."""
    _dent(albedo, across, face.eye - 3, 3, 13, 7, (0.16 + 0.1 * face.age) * face.sockets)
    _dent(albedo, across, 15, 0, 5, 7, 0.24 * face.sockets)
    _dent(albedo, across, face.eye, -8, 13, 4, 0.16 * face.sockets + 0.25 * face.makeup)
    _dent(albedo, across, face.nose_width * 15, face.nose_tip + 6, 2.4, 5, 0.25)
    _dent(albedo, across, 0, face.mouth + face.opening + face.lip_bottom + 5, 12, 2.6, 0.18)
    rows, columns = heads.window(-46, 46, face.nose_tip - 2, 84)
    y, x = heads.grid().height[rows], np.abs(across[rows, columns])
    fall = np.clip((y - face.nose_tip - 1) / 32, 0, 1.3)
    away = x - (15 + 3 * face.smile + (14 + 6 * face.smile) * fall**1.25)
    strength = (0.1 + 0.22 * face.age + 0.28 * max(face.smile, 0)) * heads.smoothstep(fall * 4)
    strength = strength * (fall < 1.25) * (1.25 - fall)
    albedo[rows, columns] *= 1 - strength * np.exp(-((away / (2.0 + 1.2 * (away > 0))) ** 2))
    if face.age > 0.45:
        for k, height in enumerate((-36.0, -44.0, -52.0)):
            _dent(albedo, across, 0, height + face.brow_lift, 24 - 3 * k, 1.2, 0.16 * face.age)
        _dent(albedo, across, face.eye - 2, 9.5, 10, 1.3, 0.24 * face.age)
    _dent(albedo, across, 5, face.brow + 2, 1.6, 6, 0.12 * face.age + 0.25 * face.frown)


def _brows(albedo: np.ndarray, across: np.ndarray, face: types.SimpleNamespace, noise: np.ndarray) -> None:
    for side in (1, -1):
        left, right = sorted((side * (face.brow_inner - 4), side * (face.brow_outer + 4)))
        rows, columns = heads.window(left, right, face.brow - 15, face.brow + 13)
        y = heads.grid().height[rows]
        along = (across[rows, columns] * side - face.brow_inner) / (face.brow_outer - face.brow_inner)
        inside = heads.smoothstep(along * 9 + 0.5) * heads.smoothstep((1 - along) * 12 + 0.5)
        along = np.clip(along, 0, 1)
        thinned = 0.25 + 0.75 * heads.smoothstep(along / face.brow_fade)  # hairs are sparse towards both ends
        thinned *= 0.4 + 0.6 * heads.smoothstep((1 - along) / (0.6 * face.brow_fade))
        thick = face.brow_thick * (0.55 + 1.9 * along**0.5 * (1 - along) + 0.1)
        away = np.abs(y - brow_height(face, along)) / thick
        hairy = (1.2 - away + 0.25 * noise[rows, columns]) / face.brow_soft + 0.4
        share = face.brow_dark * inside * thinned * heads.smoothstep(hairy)
        tone = min(0.6 * face.hair_tone + 0.01, 0.45 * face.skin)
        albedo[rows, columns] += (tone - albedo[rows, columns]) * share


def _eye(albedo: np.ndarray, shine: np.ndarray, across: np.ndarray, face: types.SimpleNamespace, side: int) -> None:
    middle, half = face.eye, face.eye_half
    left, right = sorted((side * (middle - half - 5), side * (middle + half + 6)))
    rows, columns = heads.window(left, right, -17, 14)
    y, x = heads.grid().height[rows], across[rows, columns] * side
    skin, gloss = albedo[rows, columns], shine[rows, columns]
    along = (x - middle + half) / (2 * half)
    inside = np.clip(along, 0, 1)
    arch = eye_arch(inside)
    line = face.eye_tilt * (1 - 2 * along)
    upper, lower = lids(face)
    above, below = y - (line - upper * arch), (line + lower * arch) - y
    opened = heads.smoothstep(np.minimum(above, below) / 1.3 + 0.5) * (upper > 0)
    within = heads.smoothstep(along * 12 + 0.5) * heads.smoothstep((1 - along) * 12 + 0.5)

    fold = y - (line - (upper * 0.9 + face.lid_fold) * (0.35 + 0.65 * arch))
    skin *= 1 - 0.3 * within * np.exp(-((fold / 1.1) ** 2))
    distance = np.sqrt((x - middle - side * face.gaze_x) ** 2 + (y - (lower - upper) / 2 - face.gaze_y + 0.5) ** 2)
    white = min(0.5, 0.2 + 0.6 * face.skin) * (0.45 + 0.55 * heads.smoothstep(above / 4)) * (0.6 + 0.4 * arch)
    iris = face.iris * (1.25 - 0.9 * heads.smoothstep((distance - 4.2) / 1.4))
    ball = iris + (white - iris) * heads.smoothstep((distance - 6.2) / 1.3 + 0.5)
    ball = ball * (1 - 0.95 * heads.smoothstep((2.3 - distance) / 1.1 + 0.5))
    skin += (ball - skin) * opened
    lash = (0.62 + 0.38 * face.makeup) * within * np.exp(-((above / (1.1 + 0.5 * face.makeup)) ** 2))
    skin *= 1 - lash
    skin *= 1 - (0.18 + 0.2 * face.makeup) * within * np.exp(-((below / 0.8) ** 2))
    gloss *= 1 - opened
    spark = (x - middle - side * (face.gaze_x + 1.6 * np.sign(face.light_side))) ** 2
    spark = spark + (y - (lower - upper) / 2 - face.gaze_y + 2.0) ** 2
    skin += 0.55 * opened * np.exp(-spark / 0.9)


def _lips(albedo: np.ndarray, shine: np.ndarray, across: np.ndarray, face: types.SimpleNamespace) -> None:
    half, middle, corner = face.mouth_half, face.mouth, seam(face, np.ones(1))[0].item()
    rows, columns = heads.window(-half - 6, half + 6, middle - 16, middle + face.opening + 20)
    y, x = heads.grid().height[rows], across[rows, columns] / half
    skin, gloss = albedo[rows, columns], shine[rows, columns]
    rest = 1 - np.minimum(x * x, 1)
    seam_top, seam_bottom = seam(face, x)
    edge_top, edge_bottom = lip_edges(face, x)
    above, below = y - edge_top, edge_bottom - y
    lips = heads.smoothstep(np.minimum(above, below) / 2.6 + 0.5) * heads.smoothstep((1 - np.abs(x)) * 9 + 0.3)
    upper_lip = heads.smoothstep((seam_top - y) / 1.5 + 0.5)
    skin *= 1 - lips * (1 - face.lip_tone * (1 - 0.2 * upper_lip))
    gloss += lips * (0.05 + 0.08 * face.makeup) * (1 - upper_lip)
    if face.opening > 1.0:
        gap = heads.smoothstep(np.minimum(y - seam_top, seam_bottom - y) / 1.4 + 0.3) * (np.abs(x) < 1)
        joy = max(face.smile, 0.0)
        shown = 0.45 + 0.55 * heads.smoothstep(np.array(joy / 0.35)).item()
        teeth = heads.smoothstep((seam_top + 3.5 + 5.5 * joy * rest - y) / 1.2)
        if face.opening > 9.0:  # the lower row, and the tongue between
            teeth = np.maximum(teeth, 0.7 * heads.smoothstep((y - seam_bottom + 3.0) / 1.4))
        teeth = teeth * heads.smoothstep((0.9 - np.abs(x)) * 6)
        tooth = 0.93 + 0.07 * np.cos(2 * np.pi * x * half / 7.5)
        tongue = 0.3 * face.lip_tone * face.skin * heads.smoothstep((y - seam_bottom + 0.45 * face.opening) / 3)
        inner = np.maximum(0.012 + tongue * (face.opening > 6.0), teeth * tooth * (0.62 - 0.3 * np.abs(x)) * shown)
        skin += (inner - skin) * gap
        gloss *= 1 - gap
    closed = np.exp(-(((y - seam_top) / 1.1) ** 2)) * heads.smoothstep((1.06 - np.abs(x)) * 8)
    skin *= 1 - 0.55 * closed * (face.opening <= 1.0)
    pit = (np.abs(across[rows, columns]) - half - 0.5) ** 2 / 5 + (y - corner) ** 2 / 4
    skin *= 1 - 0.3 * np.exp(-pit)


def _beard(
    albedo: np.ndarray, shine: np.ndarray, across: np.ndarray, face: types.SimpleNamespace, noise: np.ndarray
) -> None:
    """1 stubble, 2 full beard, 3 moustache, 4 beard of chin and lip."""
    if not face.beard:
        return
    rows = slice(int((face.nose_tip - heads.TOP) / heads.STEP), heads.ROWS)
    g = heads.grid()
    y, x, side = g.height[rows], np.abs(across[rows]), np.abs(g.angle)
    base, half = face.nose_tip + 12, face.mouth_half
    if face.beard in (1, 2):
        cheek = face.mouth - 2 - 52 * np.clip((x - half) / 46, 0, 1) ** 1.6 + 3 * noise[rows]
        area = heads.smoothstep((y - cheek) / 18 + 0.2) * heads.smoothstep((x - half + 2) / 7)
        area = np.maximum(area, heads.smoothstep((y - face.mouth - face.opening - 8) / 8))
        area = area * heads.smoothstep((1.5 - side) / 0.15)
    else:
        area = np.zeros_like(x)
    if face.beard == 4:
        area = heads.smoothstep((y - face.mouth - face.opening - 8) / 6) * heads.smoothstep((half - 1 - x) / 6)
        ring = heads.smoothstep((y - base - 2) / 3) * heads.smoothstep(1.2 - np.abs(x - half - 3) / 4)
        area = np.maximum(area, ring)
    lip = heads.smoothstep((y - base - x * 0.12) / 3) * heads.smoothstep((half + 3 - x) / 5)
    lip = lip * heads.smoothstep((face.mouth + 3 - y) / 4)
    area = np.maximum(area, lip) * heads.smoothstep((face.chin + face.jaw_drop + 14 - y) / 10)
    share = np.clip(face.beard_dark * area * (1 + 0.3 * noise[rows]), 0, 0.96)
    albedo[rows] += (np.minimum(face.hair_tone, 0.8 * face.skin) - albedo[rows]) * share
    shine[rows] *= 1 - share
