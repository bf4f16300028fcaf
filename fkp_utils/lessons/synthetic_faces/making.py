"""How one synthetic face is made, for a page that builds it in view: its head, points, camera and lamp."""

from __future__ import annotations

import types
from collections.abc import Sequence

import numpy as np

from fkp_utils import faces as face_sets
from fkp_utils import keypoints
from fkp_utils.datasets.synthetic import camera, generator, landmarks, lens, light, people, scene
from fkp_utils.datasets.synthetic import head as heads

# A face that is easy to look at: parameters of `people.draw`.
PLAIN = {
    "cover": 0, "coarse": 1.0, "blur": 0.4, "hat": people.HATLESS, "exposure": 0.35, "pitch": 0.0, "roll": 0.0,
    "lids": 1.0, "frown": 0.0, "hair_tone": 0.02, "bald": 0, "has_hair": 1.0, "hairline": -64.0,
}  # fmt: skip

# What the face has while one of SWEPT changes, and the values that each of these takes.
STEADY = PLAIN | {
    "yaw": 10.0, "beard": 0, "beard_dark": 0.8, "cover_y": 8.0, "jpeg_quality": 100, "noise": 1.0, "key": 0.9,
    "ambient": 0.2, "fill": 0.05, "rim": 0.0, "light_above": 20.0, "padding_x": 0, "padding_y": 0,
}  # fmt: skip
SWEPT = {
    "opening": np.linspace(0, 24, 7),
    "smile": np.linspace(0, 1.2, 7),
    "nose_height": np.linspace(8, 32, 7),
    "light_side": np.linspace(-90, 90, 7),
    "beard": np.array([0, 2, 3, 4]),  # 1, stubble, differs from 2 by its tone alone
    "cover": np.arange(5),
    "blur": np.linspace(0.2, 2.6, 7),
    "jpeg_quality": np.array([90, 60, 40, 25, 15, 10, 5]),
}

# What an earlier report saw fail, as parameters of a face, and the same parameters of a face without it.
UNCHANGED = {"beard": 0, "cover": 0, "opening": 0.0, "jaw_drop": 0.0, "smile": 0.0, "yaw": 0.0}
CHANGES: dict[str, dict[str, float]] = {
    "beard": {"beard": 2, "beard_dark": 0.85},
    "cover": {"cover": 2, "cover_y": 8.0, "cover_size": 1.2},
    "expression": {"opening": 22.0, "jaw_drop": 19.8, "smile": 0.0},
    "profile": {"yaw": 55.0},
}


def face_of(drawn: dict[str, np.ndarray], row: int) -> types.SimpleNamespace:
    """The parameters of one of the faces that `people.draw` gives."""
    return types.SimpleNamespace(**{name: values[row].item() for name, values in drawn.items()})


def altered(face: types.SimpleNamespace, **values: float) -> types.SimpleNamespace:
    """The face with some parameters at other values.  ValueError for a name that no parameter has."""
    if unknown := sorted(set(values) - set(vars(face))):
        raise ValueError(f"no parameter {', '.join(unknown)}; there are {', '.join(vars(face))}")
    return types.SimpleNamespace(**vars(face) | values)


def clearest(drawn: dict[str, np.ndarray]) -> int:
    """Row of the face on which most can be seen: frontal, level, sharp, dark hair, open eyes, nothing before it."""
    turned = 3 * np.abs(drawn["yaw"]) + 3 * np.abs(drawn["pitch"]) + 3 * np.abs(drawn["roll"])
    covered = (drawn["cover"] > 0) + drawn["glasses"] + (drawn["hat"] > heads.TOP) + drawn["long_hair"] + drawn["bald"]
    coarse = (drawn["coarse"] > 1) + (drawn["lids"] < 0.7) + (drawn["padding_x"] != 0) + (drawn["padding_y"] != 0)
    coarse = coarse + (drawn["jpeg_quality"] < 60) + (drawn["motion"] > 0)
    pale = 30 * drawn["blur"] + 100 * drawn["hair_tone"] + 200 * drawn["haze"] + 5 * drawn["noise"]
    pale -= 90 * np.minimum(drawn["exposure"], 0.5) + 20 * drawn["contrast"]
    return int(np.argmin(turned + 60.0 * coarse + 60.0 * covered + pale))


def render(
    people_: Sequence[types.SimpleNamespace], points_of: keypoints.KeypointSet = keypoints.LANDMARKS_68
) -> face_sets.Faces:
    """The photos of faces, with all points, as `generator.render`."""
    parameters = {name: np.array([getattr(face, name) for face in people_]) for name in vars(people_[0])}
    return generator.render(parameters, points_of=points_of)


def meet(face: types.SimpleNamespace) -> tuple[heads.Head, np.ndarray, lens.Camera]:
    """The head, its points of LANDMARKS_68 (68, 3) in millimetres on it, and the camera, as `camera` has them."""
    rng = np.random.default_rng(face.texture)
    extent = (heads.ROWS, 2 * heads.HALF + 1)
    names = ("grain", "blotches", "curls" if face.curls else "strands", "lumps")
    textures = {name: scene.cut(name, extent, rng) for name in names}
    head = heads.build(face, textures["blotches"], textures["lumps"])
    places = landmarks.places(face, head)
    return head, places[:68], lens.Camera(face, landmarks.named(places).reshape(-1, 3))


def surface(head: heads.Head) -> np.ndarray:
    """Places (rows, columns, 3) in millimetres of the head's map of radii, with hair and hat."""
    grid = heads.grid()
    height = np.broadcast_to(grid.height, head.radius.shape)
    return np.stack([head.radius * grid.sine, height, head.radius * grid.cosine], axis=-1)


def lamp_light(face: types.SimpleNamespace, head: heads.Head, side: float, above: float) -> np.ndarray:
    """Light (rows, columns) of the head in white plaster under one lamp alone, as `light.glow` has it.

    side, above: of the lamp, in degrees.  It casts no shadow, and nothing throws light back.
    """
    nothing = {"ambient": 0.0, "fill": 0.0, "rim": 0.0, "shadow": 0.0, "uneven": 0.0}
    alone = altered(face, key=1.0, light_side=side, light_above=above, **nothing)
    return light.glow(alone, head, np.ones_like(head.radius), np.zeros_like(head.radius))


def picture(of: lens.Camera, head: heads.Head, values: np.ndarray) -> np.ndarray:
    """Values (rows, columns) on the head as the camera sees them, fine; 0 beside the head."""
    seen, share, _ = camera.see(of, head, values.astype(np.float32))
    return seen * share


def depths(of: lens.Camera, head: heads.Head) -> np.ndarray:
    """Depth (SIZE, SIZE) in millimetres of the head in each pixel, as `camera.see` finds it; NaN beside it."""
    found = camera.see(of, head, np.zeros_like(head.radius))[2]
    return np.where(found < of.distance + 50, found, np.nan)


def stages(face: types.SimpleNamespace) -> dict[str, np.ndarray]:
    """The pictures of `camera.stages` by what makes them; the plaster of the head is a little darker."""
    head, skin, lit, scene_, photo = camera.stages(face).values()
    return {"head": 0.6 * head, "skin": skin, "light": lit, "scene": scene_, "sensor": photo}


def sweeps(seed: int) -> dict[str, face_sets.Faces]:
    """One person with one parameter of SWEPT changed in each."""
    found = {}
    for name, values in SWEPT.items():
        others = {key: value for key, value in STEADY.items() if key != name}
        found[name] = generator.sweep(name, values.tolist(), seed=seed, **others)
    return found


def kinds(faces: face_sets.Faces) -> dict[str, int]:
    """How many of the faces are turned, bearded and so on, by a word for each."""
    of = faces.attributes
    return {
        "are turned by more than 30°": int((np.abs(of["yaw"]) > 30).sum()),
        "have a beard or stubble": int((of["beard"] > 0).sum()),
        "wear glasses": int(of["glasses"].sum()),
        "have something before the face": int((of["cover"] > 0).sum()),
        "show children": int((of["child"] > 0).sum()),
    }
