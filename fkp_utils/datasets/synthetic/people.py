"""Who is on a synthetic face and how it is seen: every parameter of every face, drawn from one seed."""

from __future__ import annotations

import numpy as np

COVERS = ("nothing", "microphone", "hand", "bar", "strand")  # what `cover` counts: things in front of the face
HATLESS = -200.0  # a brim so high that there is no hat


# What a child of about four years has more than an adult, at a scale at which their outer eye corners are as far apart
# (Farkas, Anthropometry of the Head and Face, 1994: from nose and mouth that are shorter and a chin that is nearer).
CHILD = {
    "nose_tip": -4.5, "nose_height": -6.0, "nose_width": -0.1, "bridge": -1.5, "mouth": -5.5, "mouth_width": -2.0,
    "lip_full": 0.15, "chin": -13.0, "jaw_corner": -9.0, "cheeks": 1.0, "fat": 2.0, "neck": -8.0, "collar": -8.0,
    "brow_ridge": -2.0, "depth": -1.0, "eye_open": 0.2, "brow_thick": -0.8, "brow_dark": -0.2, "brow": -1.5,
    "sockets": -0.5, "lip_tone": 0.05, "mottle": -0.5, "hairline": -4.0,
}  # fmt: skip


def draw(count: int, seed: int) -> dict[str, np.ndarray]:
    """Parameters of `count` faces, each (count,); `subject` says which faces show one person.

    Lengths in millimetres on the head, those of the camera in pixels, angles in degrees, tones as the share of light
    that is reflected.  A person has 1 to 4 faces, which share the features but neither the pose, the light, the camera
    nor the expression.  `texture` and `scene` are the seeds of what is random on the head, and around it.
    """
    rng = np.random.default_rng([seed, 1])
    subject = np.repeat(np.arange(count), rng.integers(1, 5, count))[:count]
    persons = _persons(rng, int(subject.max(initial=-1)) + 1)
    drawn = {"subject": subject, **{name: values[subject] for name, values in persons.items()}}
    return {**drawn, **_occasions(rng, drawn)}


def _persons(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    def normal(mean: float | np.ndarray, deviation: float) -> np.ndarray:
        return mean + deviation * np.clip(rng.standard_normal(count), -2.5, 2.5)

    def some(share: float | np.ndarray) -> np.ndarray:
        return rng.random(count) < share

    female = some(0.42)
    child = some(0.16) * rng.uniform(0.4, 1.0, count)  # 1 at about four years of age, 0 for adults
    age = np.where(child > 0, 0.0, rng.random(count) ** 1.2)
    dark = some(0.22)
    skin = np.where(dark, rng.uniform(0.09, 0.24, count), rng.uniform(0.28, 0.52, count))
    grey = some(np.clip(1.6 * age - 0.75, 0, 0.85))
    blond = some(0.3) & ~dark & ~grey
    hair_tone = np.where(grey, rng.uniform(0.2, 0.5, count), rng.uniform(0.008, 0.05, count))
    hair_tone = np.where(blond, rng.uniform(0.1, 0.36, count), hair_tone)
    long = np.where(female, some(0.68), some(0.04))
    bald = some(np.where(female, 0.0, 0.06 + 0.16 * age)) & (child == 0)
    receding = some(np.where(female, 0.0, 0.15 + 0.4 * age)) & (child == 0)
    fringe = some(np.where(female, 0.3, 0.16)) & ~receding
    thinned = np.where(receding, 0.6, 1) * ~bald
    beard_kind = np.where(female, 0, rng.choice(5, count, p=[0.46, 0.22, 0.14, 0.08, 0.1]))
    adults = {
        "female": female,
        "age": age,
        "skin": skin,
        "hair_tone": hair_tone,
        "bald": bald,
        "long_hair": long,
        "breadth": normal(np.where(female, 0.94, 0.98), 0.045),
        "cheeks": normal(np.where(female, -0.8, 0.6), 2.4),
        "fat": np.abs(normal(0, 2.6)) * some(0.6),
        "chin": normal(np.where(female, 106.0, 111.0), 4.5),
        "chin_forward": normal(0, 1.8),
        "chin_ball": normal(0, 1),
        "jaw_corner": normal(np.where(female, 73.0, 79.0), 4),
        "neck": normal(np.where(female, 50.0, 60.0), 3),
        "collar": normal(134.0, 6),
        "brow_ridge": normal(np.where(female, -0.6, 1.2), 0.9),
        "depth": normal(np.where(female, 0.0, 1.2), 1.0),
        "cheekbones": normal(0, 1.2),
        "nose_tip": normal(np.where(female, 31.0, 33.0), 2.6),
        "nose_height": normal(np.where(female, 19.0, 22.0), 2.8) - 2.5 * dark,
        "nose_width": normal(np.where(female, 0.93, 1.05), 0.1) + 0.16 * dark,
        "bridge": normal(0, 1.3) - 1.0 * dark,
        "mouth": normal(np.where(female, 62.5, 65.5), 2.6),
        "mouth_width": normal(np.where(female, 25.0, 26.5), 2.0),
        "lip_full": normal(np.where(female, 1.1, 0.92) - 0.2 * age, 0.2) + 0.3 * dark,
        "lip_tone": np.clip(normal(np.where(female, 0.6, 0.76), 0.1), 0.35, 0.9) * np.where(dark, 0.95, 1),
        "eye": normal(31.2, 1.6),
        "eye_half": normal(14.2, 1.1),
        "eye_open": normal(1.06, 0.16),
        "eye_tilt": normal(0.8, 1.2),
        "lid_fold": normal(3.6, 1.0),
        "iris": np.where(some(0.4) & ~dark, rng.uniform(0.07, 0.22, count), rng.uniform(0.012, 0.05, count)),
        "makeup": np.where(female & (child == 0), rng.random(count), 0.0),
        "brow_inner": normal(13.0, 2.2),
        "brow_outer": normal(54.0, 2.6),
        "brow": normal(np.where(female, -16.5, -14.5), 2.1),
        "brow_arch": normal(np.where(female, 5.5, 4.2), 1.3),
        "brow_slope": normal(0, 1.3),
        "brow_thick": np.clip(normal(np.where(female, 2.5, 3.7), 0.8), 1.3, 5.6),
        "brow_dark": np.clip(normal(np.where(grey | blond, 0.5, 0.82), 0.15), 0.15, 1.0),
        "ears": np.clip(normal(11.0, 2.5), 5, 17),
        "hairline": normal(-66.0, 5) - np.where(receding, 16, 0) - np.where(bald, 70, 0),
        "temples": normal(4.0, 4) + np.where(receding, rng.uniform(10, 26, count), 0),
        "sideburn": normal(np.where(female, 8.0, 16.0), 8),
        "hair_length": np.where(long, rng.uniform(95, 175, count), normal(np.where(female, 40.0, 14.0), 14)),
        "curtain": normal(1.0, 0.14),
        "parting": normal(0, 7.0),
        "fringe": np.where(fringe, rng.uniform(14, 52, count), 0.0),
        "ruffle": rng.uniform(1.0, 6.0, count),
        "softness": rng.uniform(4.0, 12.0, count),
        "volume": np.where(female, rng.uniform(9, 24, count), rng.uniform(3, 16, count)) * thinned,
        "curls": some(0.22),
        "has_hair": np.where(bald, rng.choice([0.1, 0.7, 0.9], count), 1.0),
        "glasses": some(0.08 + 0.16 * age),
        "glasses_size": rng.uniform(0.82, 1.2, count),
        "glasses_round": rng.uniform(0.15, 0.95, count),
        "glasses_width": rng.uniform(0.5, 2.2, count),
        "glasses_tone": rng.choice([0.008, 0.02, 0.03, 0.2], count),
        "beard": beard_kind,
        "beard_dark": np.where(beard_kind == 1, rng.uniform(0.15, 0.4, count), rng.uniform(0.5, 0.97, count)),
        "freckles": np.where(some(0.3), rng.random(count), 0.0),
        "brow_soft": rng.uniform(0.5, 2.0, count),
        "brow_fade": rng.uniform(0.02, 0.4, count),
        "sockets": normal(0.85, 0.45).clip(0),
        "mottle": rng.gamma(2.0, 0.5, count),
        "lumps": rng.gamma(2.0, 0.45, count).clip(0, 2.5),
        "texture": rng.integers(0, 2**31, count),
    }
    adults["beard"] = np.where(child > 0, 0, adults["beard"])
    for name, change in CHILD.items():
        adults[name] = adults[name] + change * child
    for name, least in (("brow_dark", 0.1), ("sockets", 0.0)):
        adults[name] = adults[name].clip(least)
    return {**adults, "child": child}


def _occasions(rng: np.random.Generator, person: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    count = len(person["subject"])

    def normal(mean: float | np.ndarray, deviation: float | np.ndarray) -> np.ndarray:
        return mean + deviation * np.clip(rng.standard_normal(count), -2.5, 2.5)

    def some(share: float) -> np.ndarray:
        return rng.random(count) < share

    # 1 is a full smile, whose corners move by 13 mm out and up (14 on average: Paletz et al., The shape of a normal
    # smile, 1994).
    smile = np.where(some(0.6), rng.random(count), normal(-0.05, 0.1))
    opening = np.where(some(0.5), rng.gamma(1.3, 5.5, count), 0.0).clip(0, 40)
    opening = np.maximum(opening, np.clip(14 * smile - 3.5, 0, 9) * some(0.8))
    full = person["lip_full"] * (1 - 0.22 * np.clip(smile, 0, 1))
    lids = np.where(some(0.08), 0.0, np.clip(normal(0.92, 0.2) - 0.3 * np.clip(smile, 0, 1), 0.25, 1.3))
    yaw = np.where(some(0.66), normal(0, 15), rng.uniform(-60, 60, count))
    cover = np.where(some(0.16), rng.integers(1, len(COVERS), count), 0)
    key = rng.uniform(0.35, 1.0, count)
    blur = np.where(some(0.75), rng.uniform(0.2, 0.8, count), rng.uniform(0.8, 1.7, count))
    return {
        "yaw": yaw.clip(-60, 60),
        "pitch": np.where(some(0.85), normal(-2, 9.5), rng.uniform(-30, 38, count)),
        "roll": normal(0, 9.5),
        "smile": smile,
        "opening": opening,
        "jaw_drop": 0.9 * opening,
        "mouth": person["mouth"] - 1.5 * np.clip(smile, 0, 1),
        "mouth_half": person["mouth_width"] * (1 + 0.36 * np.clip(smile, 0, 1) - 0.009 * opening),
        "lip_top": 7.2 * full,
        "lip_bottom": 9.2 * full,
        "lids": lids,
        "gaze_x": normal(0, 2.4),
        "gaze_y": normal(0.3, 1.0),
        "brow_lift": normal(0, 2.2),
        "frown": np.where(some(0.25), rng.random(count), 0.0),
        "distance": rng.uniform(650, 1800, count),
        "zoom": normal(0.555, 0.04),
        "shift_x": normal(0, 2.2),
        "shift_y": normal(0, 2.2),
        "light_side": np.where(some(0.8), normal(0, 45), rng.uniform(-110, 110, count)),
        "light_above": normal(26, 17),
        "key": key,
        "fill": rng.uniform(0.02, 0.3, count),
        "ambient": rng.uniform(0.12, 0.6, count),
        "rim": np.where(some(0.3), rng.uniform(0.1, 1.2, count), 0.0),
        "rim_side": rng.choice([-1, 1], count) * rng.uniform(80, 150, count),
        "shadow": rng.uniform(0.2, 0.9, count),
        "uneven": np.where(some(0.5), rng.gamma(2.0, 0.08, count), 0.0),
        "gloss": rng.uniform(0.02, 0.2, count),
        "exposure": np.clip(normal(0.34, 0.14), 0.07, 0.8),
        "contrast": np.clip(normal(1.35, 0.25), 0.7, 2.0),
        "clothes": np.where(some(0.55), rng.uniform(0.01, 0.06, count), rng.uniform(0.1, 0.7, count)),
        "shirt": some(0.35),
        "backdrop": rng.beta(0.7, 2.8, count) * 0.7 + 0.006,
        "backdrop_structure": rng.random(count),
        "sunglasses": some(0.22) & person["glasses"],
        "blur": blur,
        "motion": np.where(some(0.05), rng.uniform(0.8, 2.2, count), 0.0),
        "interlace": np.where(some(0.02), rng.integers(-3, 4, count), 0),
        "sharpen": np.where(some(0.3), rng.uniform(0.2, 1.4, count), 0.0),
        "haze": np.where(some(0.15), rng.uniform(0.0, 0.15, count), 0.0),
        "padding_x": np.where(some(0.08), rng.integers(-16, 17, count), 0),
        "padding_y": np.where(some(0.08), rng.integers(-16, 17, count), 0),
        "noise": np.where(some(0.5), rng.gamma(2.0, 0.9, count), rng.uniform(0, 1.2, count)),
        "jpeg_quality": np.where(some(0.65), rng.integers(20, 90, count), 100),
        "coarse": np.where(some(0.08), rng.uniform(1.4, 2.6, count), 1.0),
        "blocks": some(0.3),
        "hat": np.where(some(0.07), rng.uniform(-62, -38, count), HATLESS),
        "hat_tone": rng.beta(0.8, 1.6, count) * 0.7 + 0.01,
        "cover": cover,
        "cover_x": normal(0, 16),
        "cover_y": normal(20, 10),
        "cover_size": rng.uniform(0.7, 1.4, count),
        "cover_turn": normal(0, 28),
        "cover_tone": rng.beta(0.8, 1.8, count) * 0.8 + 0.01,
        "scene": rng.integers(0, 2**31, count),
    }
