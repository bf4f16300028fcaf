import logging
import os
import platform
import subprocess
import sys

import pytest

import fkp_utils
from fkp_utils.course import setup
from fkp_utils.system import backend, places


def test_versions_are_of_what_shapes_results():
    found = backend.versions()
    assert {"python", "fkp_utils", "numpy", "keras", "tensorflow"} <= found.keys()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["fkp_utils"] == fkp_utils.__version__


def test_what_the_environment_says_is_kept(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    backend.quiet_logs()
    assert os.environ["KERAS_BACKEND"] == "jax"
    assert os.environ.pop("TF_CPP_MIN_LOG_LEVEL") == "3"


def test_a_backend_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    message = "KERAS_BACKEND is 'theano', which is not installed; expected 'tensorflow' or 'jax'"
    with pytest.raises(ValueError, match=message):
        backend.quiet_logs()
    monkeypatch.setenv("KERAS_BACKEND", "")
    backend.quiet_logs()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


@pytest.mark.slow
def test_settings_of_an_old_keras_json_do_not_count(tmp_path):
    (tmp_path / "keras.json").write_text(
        '{"floatx": "float16", "epsilon": 0.1, "backend": "theano", "image_data_format": "channels_first"}'
    )
    code = (
        "from fkp_utils.system import backend; backend.load_keras()\n"
        "import keras; from fkp_utils.models import architectures\n"
        "model = architectures.build('lenet5', 15)\n"
        "kinds = {weight.dtype for weight in model.weights}\n"
        "print(model.input.shape, model.output.shape, kinds, keras.config.epsilon())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment["KERAS_HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=places.CHECKOUT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "(None, 96, 96, 1) (None, 15, 2) {'float32'} 1e-07\n"


def test_warnings_of_tensorflow_are_silent_whatever_level_it_sets(caplog):
    backend.quiet_logs()
    logger = logging.getLogger("tensorflow")
    logger.setLevel(logging.INFO)
    logger.warning("5 out of the last 6 calls triggered retracing")
    logger.error("out of memory")
    assert [record.getMessage() for record in caplog.records] == ["out of memory"]


def _pages_of_a_second_block(**environment):
    """Pages that the system clears for a block of 200 MB, another of its size being free."""
    code = """
import resource, numpy as np
from fkp_utils.system import backend
backend.keep_memory()
np.ones(25_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(25_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    done = subprocess.run([sys.executable, "-c", code], env=plain | environment, capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_kept_unless_the_environment_sets_malloc():
    assert 10 * _pages_of_a_second_block() < _pages_of_a_second_block(MALLOC_PERTURB_="0")


def test_setup_says_versions_and_device(capsys):
    setup.prepare()
    out = capsys.readouterr().out
    assert "numpy" in out
    assert "cores" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("environment", "menu"),
    [("import google.colab", "Runtime > Change runtime type"), ("kaggle", "Settings > Accelerator"), ("", None)],
)
def test_without_a_gpu_the_menu_is_named(monkeypatch, environment, menu):
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE", raising=False)
    if "colab" in environment:
        monkeypatch.setitem(sys.modules, "google.colab", object())
    elif environment:
        monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    text = setup._gpu_menu()
    assert (menu in text) if menu else text == ""


@pytest.mark.slow
def test_tensorflow_is_quiet():
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_"))}
    code = "from fkp_utils.course import setup; setup.prepare(keras=True); import keras; keras.ops.ones(2) + 1"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=places.CHECKOUT, env=clean, capture_output=True, text=True, check=True
    )
    assert "tensorflow on" in done.stdout
    assert done.stderr == ""
