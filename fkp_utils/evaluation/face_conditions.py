"""How each face is held, framed and seen: what may make it hard for a network (S0.12, S1.5, notebook 06)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import ndimage

from fkp_utils import faces as face_sets
from fkp_utils import keypoints as keypoint_sets
from fkp_utils.geometry import pose

# What `measure` measures, with the unit a figure shows.
UNITS = {
    "tilt": "|tilt| (degrees)",
    "turn": "|turn| (eye distances)",
    "off centre": "off centre (px)",
    "sharpness": "sharpness (log10)",
    "pixelation": "pixelation",
    "padding": "padding (px)",
}
PERIODS = (2, 8.5)  # px between the borders of coarse pixels
MOST = 500  # faces among which clear ones are looked for
SAME = 2  # grey levels between lines of pixels that padding repeats


def measure(faces: face_sets.Faces) -> pd.DataFrame:
    """How each face is held, framed and seen, a row a face; NaN where the labels do not tell.

    tilt, turn: without sign, as `pose` reads them from the labels.  off centre: px from the middle between the eyes to
    where that usually is.  sharpness: log10 of the variance of the image's Laplacian over that of the image; low is
    blurred.  pixelation: how much of the mean step between neighbouring pixels repeats regularly, as coarse pixels do.
    padding: lines of pixels at the four edges that repeat the outermost one.
    """
    eyes = pose.eyes_and_nose(faces.points, faces.keypoints)[:, :2].mean(axis=1)
    seen: dict[str, list[np.ndarray]] = {"sharpness": [], "pixelation": [], "padding": []}
    for _, images in faces.batches():
        grey = images.astype(float).mean(axis=3)
        seen["sharpness"].append(sharpness(grey))
        seen["pixelation"].append(pixelation(grey))
        seen["padding"].append(padding(grey))
    return pd.DataFrame(
        {
            "tilt": np.abs(pose.tilt(faces.points, faces.keypoints)),
            "turn": np.abs(pose.turn(faces.points, faces.keypoints)),
            "off centre": np.linalg.norm(eyes - np.nanmedian(eyes, axis=0), axis=1),
            **{name: np.concatenate(values) for name, values in seen.items()},
        }
    )


def sharpness(grey: np.ndarray) -> np.ndarray:
    """(N,) log10 of the variance of the Laplacian of images (N, H, W), over the variance of the image."""
    edges = ndimage.convolve(grey, np.array([[[0, 1, 0], [1, -4, 1], [0, 1, 0]]], float), mode="nearest")
    return np.log10(np.maximum(edges.var(axis=(1, 2)), 1e-6) / np.maximum(grey.var(axis=(1, 2)), 1e-6))


def pixelation(grey: np.ndarray) -> np.ndarray:
    """(N,) the strongest regular repetition, every 2 to 8 px, of the steps between neighbouring pixels (N, H, W).

    As a share of the mean step; the mean of rows and columns.
    """
    found = []
    for axis in (1, 2):
        steps = np.abs(np.diff(grey, axis=axis)).mean(axis=3 - axis)
        usual = ndimage.uniform_filter1d(steps, 9, axis=1, mode="nearest")
        waves = np.abs(np.fft.rfft((steps - usual) / np.maximum(usual, 0.1), axis=1)) * 2 / steps.shape[1]
        period = steps.shape[1] / np.maximum(np.arange(waves.shape[1]), 1)
        found.append(waves[:, (period >= PERIODS[0]) & (period <= PERIODS[1])].max(axis=1))
    return np.mean(found, axis=0)


def padding(grey: np.ndarray) -> np.ndarray:
    """(N,) lines of pixels of images (N, H, W), in px and over all four edges, that repeat the line at their edge."""
    total = np.zeros(len(grey))
    for axis in (1, 2):
        lines = np.moveaxis(grey, axis, 1)
        for sided in (lines, lines[:, ::-1]):
            same = (np.abs(sided[:, 1:] - sided[:, :1]) <= SAME).all(axis=2)
            total += np.where(same.all(axis=1), same.shape[1], same.argmin(axis=1))
    return total


def kinds(faces: face_sets.Faces, measured: pd.DataFrame) -> dict[str, np.ndarray]:
    """Kinds of faces that earlier reports call hard, each with the faces (N,) bool that are of it.

    Off centre and tilted: the fifth that is most so; profile: the tenth that is turned most; padded: 4 px or more.  Of
    synthetic faces, whose attributes are known, also: beard (more than stubble) and expression (a wide smile or an open
    mouth); of IMM's six images of a person, expression: the second, joyful, and the last, as the person likes.
    """
    found = {
        "off centre": measured["off centre"] > measured["off centre"].quantile(0.8),
        "tilted": measured["tilt"] > measured["tilt"].quantile(0.8),
        "padded": measured["padding"] >= 4,
        "profile": measured["turn"] > measured["turn"].quantile(0.9),
    }
    known = faces.attributes
    if {"beard", "smile", "opening"} <= known.keys():
        found["beard"] = known["beard"] > 1
        found["expression"] = (known["smile"] > 0.6) | (known["opening"] > 8)
    if faces.keypoints == keypoint_sets.IMM_58 and "image" in known:
        found["expression"] = np.isin(known["image"], (2, 6))
    return {name: np.asarray(values, bool) for name, values in found.items()}


def clearest(faces: face_sets.Faces, count: int) -> np.ndarray:
    """(count,) the rows of bright faces that have many labels and look ahead, the brightest of them first.

    Eyes close to each other are those of a head seen from the side, whatever its nose says.
    """
    labels = faces.given.sum(axis=1)
    rows = np.argsort(-labels, kind="stable")[:MOST]
    rows = rows[labels[rows] >= labels[rows][:count].min()]
    left, right, _ = np.moveaxis(pose.eyes_and_nose(faces.points[rows], faces.keypoints), 1, 0)
    apart = np.nan_to_num(np.linalg.norm(left - right, axis=1))
    aside = np.abs(pose.turn(faces.points[rows], faces.keypoints))
    aside = np.where((apart >= np.median(apart)) & ~np.isnan(aside), aside, np.inf)
    rows = rows[np.argsort(aside, kind="stable")][: max(count, len(rows) // 3)]
    brightness = faces.images[rows].reshape(len(rows), -1).mean(axis=1)
    return rows[np.argsort(-brightness, kind="stable")][:count]
