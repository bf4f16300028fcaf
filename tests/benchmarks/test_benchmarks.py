"""The long benchmarks, at their smallest."""

import json
import os
import re
import runpy
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageOps

from fkp_utils import keypoints, profiles
from fkp_utils.datasets.synthetic import generator as synthetic
from fkp_utils.datasets.synthetic import people
from fkp_utils.models import architectures
from fkp_utils.recipes import best_model, sim_to_real
from fkp_utils.system import places

FOLDER = places.CHECKOUT / "benchmarks"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Where the runs are, so that one test finds what another has trained."""
    return tmp_path_factory.mktemp("benchmarks")


@pytest.fixture
def bench(kept, monkeypatch, capfd):
    """Runs a benchmark as `python benchmarks/NAME.py` does, but in this process, which has loaded keras already."""
    monkeypatch.setenv("FKP_RUNS", str(kept / "runs"))
    monkeypatch.setenv("FKP_CACHE", str(kept / "cache"))
    monkeypatch.chdir(kept)
    monkeypatch.syspath_prepend(str(FOLDER))

    def start(name, *options):
        path, code = str(FOLDER / f"{name}.py"), 0
        monkeypatch.setattr(sys, "argv", [path, *options])
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as stop:
            code = stop.code or 0
        return subprocess.CompletedProcess(sys.argv, code, *capfd.readouterr())

    return start


SMALLEST = ("--profile", "smoke", "--faces", "80", "--epochs", "1", "--restarts", "1", "--patience", "0")


@pytest.mark.slow
def test_variants_are_trained_once_and_published(bench, tmp_path):
    options = (*SMALLEST, "--models", "lenet5", "--results", str(tmp_path))
    done = bench("variants", *options)
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "variants.json").read_text())
    labels = {row["variant"] for row in facts["rows"]}
    assert {"mean points", "nearest faces", "lenet5, knn, drop-out 0.1", "lenet5, masked, drop-out 0.1"} <= labels
    assert "lenet5, masked, sources apart, augmented, drop-out 0.1" in labels
    assert len(labels) == len(facts["rows"]) == 9
    assert facts["profile"] == "smoke profile: up to 1 epochs, no early stopping, 1 restarts"
    assert facts["data"] | {"fingerprint": ""} == {"name": "synthetic", "fingerprint": "", "limit": 80, "seed": 0}
    assert sum(facts["faces"].values()) == 80
    assert facts["date"]
    again = bench("variants", *options)
    assert json.loads((tmp_path / "variants.json").read_text()) == facts, "it was trained a second time"
    assert "7 variants" in again.stdout


def test_an_unknown_model_is_refused(bench):
    refused = bench("variants", "--models", "lenet5,alexnet")
    assert refused.returncode == 2
    assert "no model alexnet; there are lenet5" in refused.stderr


@pytest.mark.slow
def test_the_cost_of_a_training_is_told(bench):
    done = bench(
        "training_step", "--faces", "80", "--repeats", "1", "--before", str(places.CHECKOUT), "--models", "lenet5"
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^training_overhead -?\d+\.\d%$", done.stdout, re.MULTILINE)
    assert re.search(r"^lenet5_times_as_fast_as_before \d+\.\d\d$", done.stdout, re.MULTILINE)


@pytest.mark.slow
def test_the_best_model_is_measured(bench, tmp_path, monkeypatch):
    monkeypatch.setitem(best_model.RECIPE, "model", "heatmap_half")  # a third of the work, and told in the same way
    done = bench("accuracy", "--profile", "smoke", "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "accuracy.json").read_text())["rows"]
    of = {kind: [row for row in rows if row["kind"] == kind] for kind in ("best", "point", "curve")}
    assert [row["name"] for row in of["best"]] == [
        f"{name}, {views}" for name in ("teacher", "one model") for views in ("one view", "ten views")
    ]
    minutes = [row["minutes"] for row in of["best"]]
    assert 0 < minutes[0] == minutes[1] < minutes[2] == minutes[3], "the model's include those of its teacher"
    taught = of["best"][3]
    assert taught["against the teacher low"] <= taught["against the teacher"] <= taught["against the teacher high"]
    assert taught["against the teacher"] == pytest.approx(taught["rmse"] - of["best"][1]["rmse"])
    assert all(row["rmse low"] <= row["rmse"] <= row["rmse high"] for row in of["best"])
    assert all(row["without the worst 1%"] < row["rmse"] for row in of["best"])
    assert len(of["point"]) == 15
    assert [row["name"] for row in of["curve"]] == ["teacher", "one model"]


@pytest.mark.slow
def test_the_best_model_without_an_ingredient(bench, tmp_path):
    limit = profiles.profile("smoke").best_synthetic
    data = {"name": "synthetic", "fingerprint": synthetic.fingerprint(), "limit": limit, "seed": 0}
    salt, old = {"name": "salt", "epochs": 1}, {"name": "everything", "epochs": 1, "rmse": 0}
    (tmp_path / "ablation.json").write_text(json.dumps({"data": data, "rows": [salt, old]}))
    small = ("--profile", "smoke", "--epochs", "1", "--seeds", "1", "--results", str(tmp_path))
    done = bench("ablation", *small, "--only", "without averaged weights")
    assert done.returncode == 0, done.stderr
    first, *rows = json.loads((tmp_path / "ablation.json").read_text())["rows"]
    assert first == salt, "rows of the same faces that are not made again stay"
    names = ["everything", "everything, ten views", "without averaged weights"]
    assert [(row["name"], row["epochs"], row["seeds"], row["sd"]) for row in rows] == [
        (name, 1, 1, None) for name in names
    ]
    assert rows[0]["change"] == 0 < rows[0]["rmse"]
    assert rows[2]["change"] == pytest.approx(rows[2]["rmse"] - rows[0]["rmse"]) != 0
    (tmp_path / "ablation.json").write_text(json.dumps({"data": data | {"seed": 1}, "rows": [salt]}))
    assert bench("ablation", *small, "--only", "").returncode == 0
    assert [row["name"] for row in json.loads((tmp_path / "ablation.json").read_text())["rows"]] == names[:2]


@pytest.mark.slow
def test_networks_are_timed_side_by_side(bench, tmp_path):
    done = bench("network_speed", "--models", "lenet5,small", "--repeats", "1", "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "network_speed.json").read_text())["rows"]
    assert [row["network"] for row in rows] == ["lenet5, float32", "small, float32"]
    lenet = rows[0]
    macs = 94 * 94 * 9 * 6 + 45 * 45 * 9 * 6 * 16 + 7744 * 120 + 120 * 84 + 84 * 34
    assert lenet["million operations"] == pytest.approx(2 * macs / 1e6)
    assert all(row["faces a second"] > 0 and row["ms alone"] > 0 and 0 < row["share of the peak"] < 1.5 for row in rows)


@pytest.mark.slow
def test_restarts_together_take_the_same_steps():
    pytest.importorskip("jax")
    small = ("--restarts", "2", "--faces", "80", "--side", "18", "--batch", "4", "--steps", "1", "--repeats", "1")
    command = [sys.executable, str(FOLDER / "restarts_together.py"), *small]  # a process: it has another backend
    quick = os.environ | {"XLA_FLAGS": "--xla_backend_optimization_level=0"}  # it compiles for longer than it computes
    done = subprocess.run(command, env=quick, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"after one step (\S+)$", done.stdout, re.MULTILINE).group(1)) < 1e-4
    assert re.search(r"^restarts_together \d+\.\d+ times as fast$", done.stdout, re.MULTILINE)


def test_face_finders_are_counted_on_annotated_photos(bench, tmp_path):
    circle = np.stack([np.cos(np.arange(68)), np.sin(np.arange(68))], axis=1)
    for number, image in enumerate(synthetic.sweep("yaw", [-5.0, 0.0, 5.0], seed=5, roll=0.0).images[:]):
        photo = np.full((260, 320), 90, np.uint8)
        photo[30:222, 60:252] = np.asarray(Image.fromarray(image[..., 0]).resize((192, 192)))
        Image.fromarray(photo).save(tmp_path / f"{number}.png")
        points = "\n".join(f"{x:.1f} {y:.1f}" for x, y in circle * 60 + [156, 130])
        (tmp_path / f"{number}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")
    done = bench("face_finders", "--root", str(tmp_path), "--finders", "mtcnn,scikit-image")
    assert done.returncode == 0, done.stderr
    assert "3 photos" in done.stdout
    assert re.search(r"^mtcnn +100\.0 +100\.0 +100\.0 +0\.0 +0\.0 +1\.0 ", done.stdout, re.MULTILINE), done.stdout
    assert "scikit-image" in done.stdout
    assert bench("face_finders").returncode == 2
    assert "no finder x" in bench("face_finders", "--root", str(tmp_path), "--finders", "x").stderr


def write_photos(folder, bits=8):
    """Eight pictures of 192×192 px, with levels of so many bits, and their 68 points, in the layout of 300-W."""
    faces = synthetic.render(people.draw(8, 3), points_of=keypoints.LANDMARKS_68)
    folder.mkdir()
    for number, (image, points) in enumerate(zip(faces.images[:, :, :, 0], faces.points, strict=True)):
        ImageOps.posterize(Image.fromarray(image), bits).resize((192, 192)).save(folder / f"{number}.png")
        rows = "\n".join(f"{x:.2f} {y:.2f}" for x, y in 2 * points + 1.5)
        (folder / f"{number}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n")


def test_a_face_that_fills_too_little_of_its_crop_is_worse(bench, tmp_path):
    write_photos(tmp_path / "photos")
    done = bench("framing", "--root", str(tmp_path / "photos"), "--shares", "0.1,0.25", "--faces", "6")
    assert done.returncode == 0, done.stderr
    little, enough = map(float, re.findall(r"of 6 faces: NME ([\d.]+)", done.stdout))
    assert enough < 0.5 * little
    assert bench("framing").returncode == 2
    assert "15 or 68" in bench("framing", "--root", str(tmp_path), "--points", "5").stderr


@pytest.mark.slow
def test_a_pupil_learns_from_photos_without_their_labels(bench, tmp_path, monkeypatch):
    write_photos(tmp_path / "photos")
    monkeypatch.setattr(sim_to_real, "photos", lambda root: synthetic.render(people.draw(6, 4)))
    options = ("--root", "Kaggle's", "--wild", str(tmp_path / "photos"), "--faces", "16", "--epochs", "1")
    done = bench("self_training", *options, "--seeds", "2", "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    facts = json.loads((tmp_path / "self_training.json").read_text())
    assert facts["faces"] == {"judged": 4, "Kaggle's layout": 6}
    assert [row["way"] for row in facts["rows"]] == ["teacher"] + 2 * ["synthetic faces alone", "with photos"]
    errors = np.array([[row[name] for name in ("wild", "wild, 68 points", "kaggle")] for row in facts["rows"]])
    assert (np.ptp(errors, axis=0) > 0).all()
    assert (errors < 10).all()
    assert len(re.findall(r"the photos change it by -?[\d.]+ \[", done.stdout)) == 3
    assert bench("self_training", "--root", "Kaggle's").returncode == 2


def test_drawings_are_compared_with_photos(bench, tmp_path):
    write_photos(tmp_path / "drawings", bits=3)
    write_photos(tmp_path / "photos")
    folders = ("--drawings", str(tmp_path / "drawings"), "--wild", str(tmp_path / "photos"))
    done = bench("drawings", *folders, "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "drawings.json").read_text())["rows"]
    network, means = (
        {row["kind"]: row for row in rows if row["network"] == name and "low" in row}
        for name in ("the model of the package", "mean points")
    )
    assert network["photos"]["nme"] < network["drawings"]["nme"] < 0.7 * means["drawings"]["nme"]
    gain = network["drawings"]["nme"] - means["drawings"]["nme"]
    assert network["against the mean points"]["nme"] == pytest.approx(gain)
    by_point = [row["nme"] for row in rows if row["kind"] == "point"]
    assert np.mean(by_point) == pytest.approx(network["drawings"]["nme"])
    worst = [row["nme"] for row in rows if row["kind"] == "worst"]
    assert len(worst) == 5
    assert worst == sorted(worst, reverse=True)
    assert bench("drawings").returncode == 2


@pytest.mark.slow
def test_the_app_loses_no_request_under_load(bench, tmp_path):
    architectures.build("lenet5", 17).save(tmp_path / "untrained.keras")
    options = ("--model", str(tmp_path / "untrained.keras"), "--requests", "20", "--clients", "4")
    done = bench("app_load", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 requests of 4 clients: {'right': 18, 'refused': 2, 'wrong': 0, 'lost': 0}" in done.stdout


@pytest.mark.slow
def test_data_survive_faults(bench):
    done = bench("faults", "--works", "cache", "--kills", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = dict(re.findall(r"^cache +(\S+) +(\d+ +\d+)$", done.stdout, re.MULTILINE))
    assert {"kill", "runners", "clock"} <= rows.keys()
    assert all(len(set(counts.split())) == 1 for counts in rows.values())
    assert "no nothing" in bench("faults", "--works", "nothing").stderr
