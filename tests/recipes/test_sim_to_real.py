import dataclasses
import importlib.util
import json
import re

import numpy as np
import pytest
from PIL import Image

from fkp_utils import metrics
from fkp_utils.recipes import sim_to_real
from fkp_utils.system import places

SAMPLE = str(places.CHECKOUT / "data" / "sample")
HALVES = {"fractions": (0.5, 0.25, 0.25)}


def test_photos_are_those_of_the_complete_source_each_once():
    found = sim_to_real.photos(SAMPLE)
    assert set(found.source) == {0}
    assert len(np.unique(found.image_groups)) == len(found)


class Told:
    """A run that answers with given points."""

    def __init__(self, points):
        self.points = points

    def predict(self, faces):
        return self.points


def test_error_and_the_worst_faces():
    faces = sim_to_real.photos(SAMPLE)
    predicted = np.nan_to_num(faces.points, nan=50.0)
    predicted[3] += 6
    predicted[5, 0] += 2
    found = sim_to_real.error(Told(predicted), faces, repeats=50)
    assert found.value == pytest.approx(metrics.rmse(predicted, faces.points))
    assert found.low <= found.value <= found.high
    rows, errors = sim_to_real.worst(Told(predicted), faces, 2)
    assert rows.tolist() == [3, 5]
    assert errors[3] == pytest.approx(6)
    assert len(np.unique(faces.groups)) > 1


def test_errors_in_the_wild():
    faces = sim_to_real.photos(SAMPLE)
    faces = faces.select(faces.given.all(axis=1))
    boxes = np.tile([10, 20, 10 + 2 * 96, 20 + 2 * 96], (len(faces), 1))
    conditions = sim_to_real.wild_conditions(faces, boxes)
    assert list(conditions) == ["turn", "size", "light", "side light"]
    corners = [faces.keypoints.index(f"{side}_eye_outer_corner") for side in ("left", "right")]
    eyes = np.linalg.norm(faces.points[:, corners[0]] - faces.points[:, corners[1]], axis=1)
    np.testing.assert_allclose(conditions["size"], 2 * eyes, rtol=1e-5)
    off = faces.points + np.array([0.03, 0.04], np.float32) * eyes[:, None, None]
    off[0] += 30
    rows = sim_to_real.in_the_wild(off, faces, conditions, count=2)
    found = {row["of"]: row for row in rows}
    assert found["all"]["median"] == pytest.approx(5, rel=1e-3)
    assert found["without the worst 1%"]["mean"] == pytest.approx(5, rel=1e-3)
    assert found["nose_tip"]["mean"] == pytest.approx(found["all"]["mean"], rel=1e-3)
    assert sum(row["faces"] for row in rows if row["of"].startswith("turn")) == len(faces)


def test_the_other_photos_are_no_copies_of_those_reported_on():
    known, others = sim_to_real.photos(SAMPLE), sim_to_real.four_points(SAMPLE)
    assert len(others)
    assert set(others.source) == {1}
    assert not {image.tobytes() for image in known.images} & {image.tobytes() for image in others.images}


def test_an_offset_and_a_convention_are_told_apart():
    faces = sim_to_real.photos(SAMPLE)
    mouth = [faces.keypoints.index(f"mouth_{side}_corner") for side in ("left", "right")]
    eyes = [faces.keypoints.index(f"{side}_eye_center") for side in ("left", "right")]
    found = faces.points - (1.2, 0)
    found[:, eyes] -= np.array([[0.3, 0.5], [0.3, -0.5]])  # labels of both eyes lie to the right, one low, one high
    found[:, mouth] -= np.array([[3, 0.5], [-3, 0.5]])  # labels lie outward: the left corner is to the right
    expected = np.tile([1.2, 0.0], (15, 1))
    expected[eyes] = [[1.5, 0.5], [1.5, -0.5]]
    np.testing.assert_allclose(sim_to_real.offset(Told(found), faces), expected)
    outward = sim_to_real.conventions(Told(found), faces)
    assert outward["mouth_left_corner"] == pytest.approx((3, 0.5), abs=1e-3)
    assert outward["nose_tip"] == outward["left_eye_center"] == pytest.approx((0, 0), abs=1e-3)
    few = faces.points.copy()
    few[:, mouth] = np.nan
    expected[mouth, 0] = np.delete(expected, mouth, axis=0)[:, 0].mean().round(1)
    np.testing.assert_allclose(sim_to_real.offset(Told(found), dataclasses.replace(faces, points=few)), expected)
    nothing = dataclasses.replace(faces, points=np.full_like(faces.points, np.nan))
    assert sim_to_real.offset(Told(found), nothing) == ()


def test_answers_move_to_where_the_labels_of_other_people_lie():
    faces = sim_to_real.photos(SAMPLE)
    aside = np.linspace(-3, 3, 30).reshape(15, 2)  # what one means by a point, the same of all people
    np.testing.assert_allclose(sim_to_real.moved_to_labels(faces.points - aside, faces), faces.points)
    person = {each: rank for rank, each in enumerate(np.unique(faces.groups))}
    own = np.array([person[each] for each in faces.groups], float)[:, None, None] * np.ones(
        (1, 15, 2)
    )  # other for each
    left = faces.points - sim_to_real.moved_to_labels(faces.points - own, faces)
    assert np.nanmin(np.abs(left)) > 0  # nobody's own labels are looked at
    blank = dataclasses.replace(faces, points=np.where(np.arange(15)[:, None] == 3, np.nan, faces.points))
    moved = sim_to_real.moved_to_labels(faces.points - aside, blank)
    np.testing.assert_allclose(moved[:, 3], faces.points[:, 3] - aside[3])  # no label says how far


@pytest.fixture
def benchmark(monkeypatch, tmp_path):
    monkeypatch.setenv("FKP_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FKP_CACHE", str(tmp_path / "cache"))
    path = places.CHECKOUT / "benchmarks" / "sim_to_real.py"
    monkeypatch.syspath_prepend(str(path.parent))
    spec = importlib.util.spec_from_file_location("sim_to_real_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    options = ["--root", SAMPLE, "--model", "lenet5", "--epochs", "1", "--results", str(tmp_path)]
    return lambda *more: module.main([*options, *more])


@pytest.mark.slow
def test_the_benchmark_trains_tunes_and_tells(benchmark, tmp_path, capsys):
    options = ("--sizes", "60,40", "--shares", "0.5", "--tuning-epochs", "1", "--note", "noses")
    assert benchmark(*options, "--worst", str(tmp_path / "worst.png")) == 0
    lines = capsys.readouterr().out.splitlines()
    facts = json.loads((tmp_path / "sim_to_real.json").read_text())
    rows = facts["rows"]
    ways = [row["way"] for row in rows]
    assert ways[:2] + ways[8:] == ["synthetic alone"] * 2 + ["photos alone", "photos after synthetic"]
    answers = ("conventions learnt, ten views", "offset put in, one view", "offset put in, ten views")
    rests = (", without the worst 1%", "")
    assert ways[2:8] == [f"synthetic alone, {how}{rest}" for how in answers for rest in rests]
    assert all(rows[some]["rmse"] < rows[some + 1]["rmse"] for some in (2, 4, 6))
    assert [row["synthetic"] for row in rows] == [40] + [60] * 7 + [0, 60]
    assert all(row["low"] <= row["rmse"] <= row["high"] for row in rows)
    assert lines[-1] == f"sim_to_real_rmse_px {rows[7]['rmse']:.3f}"
    assert (tmp_path / "worst.png").stat().st_size > 1000
    log = json.loads((tmp_path / "generator_log.json").read_text())["rows"]
    assert [(row["note"], row["rmse"]) for row in log] == [("noses", rows[7]["rmse"])]


def test_the_benchmark_compares_conventions_of_68_points(benchmark, tmp_path, capsys):
    frames = tmp_path / "frames"
    (frames / "training").mkdir(parents=True)
    points = np.random.default_rng(0).uniform(10, 90, (2, 136)).round(2)
    rows = [",".join([f"Ann_{k}.jpg", *map(str, row)]) for k, row in enumerate(points)]
    header = "," + ",".join(map(str, range(136)))
    (frames / "training_frames_keypoints.csv").write_text("\n".join([header, *rows]) + "\n")
    for k in range(2):
        Image.new("RGB", (100, 100), (200, 100, 50)).save(frames / "training" / f"Ann_{k}.jpg")
    assert benchmark("--sizes", "40", "--shares", "", "--conventions", str(frames)) == 0
    said = next(line for line in capsys.readouterr().out.splitlines() if " out " in line)
    assert re.match(r"left_eye_center [+-][\d.]+ out [+-][\d.]+ down, ", said)
    assert len(said.split(", ")) == 9
    assert "right" not in said


@pytest.mark.slow
def test_the_benchmark_leaves_ingredients_out(benchmark, tmp_path):
    assert benchmark("--sizes", "60", "--without", "light") == 0
    rows = json.loads((tmp_path / "ingredients.json").read_text())["rows"]
    assert [row["way"] for row in rows] == ["everything", "without light"]
    assert rows[0]["more"] == 0
    assert rows[1]["more"] == pytest.approx(rows[1]["rmse"] - rows[0]["rmse"])
