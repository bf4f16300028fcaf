"""What a notebook runs on: versions, device, and quiet logs."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import platform
import sys
import textwrap

from fkp_utils import devices

PACKAGES = ("numpy", "pandas", "scikit-learn", "keras", "tensorflow", "jax")


def quiet_logs() -> None:
    """Turns down TensorFlow's logs and chooses its backend for keras, unless the environment says otherwise."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").addFilter(_is_error)  # in a notebook it lowers its own level when it first warns


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def load_keras() -> None:
    """Imports keras with its backend, without what the backend writes to standard error while it starts."""
    quiet_logs()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import keras  # noqa: F401
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def versions() -> dict[str, str]:
    """Versions of Python and of the installed packages that shape results."""
    found = {"python": platform.python_version()}
    for package in ("fkp_utils", *PACKAGES):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def prepare(keras: bool = False) -> None:
    """The setup cell of a notebook: quiet logs, then one line of versions and device, and plots in the house style.

    With `keras`, keras is imported to tell the device; on Colab and Kaggle without a GPU it says where to switch it on.
    """
    quiet_logs()
    device = devices.cpu()
    if keras:
        load_keras()
        device = devices.accelerator()
        if device == devices.cpu():
            print(_gpu_menu(), end="")
        from keras import backend

        device = f"{backend.backend()} on {device}"
    print("\n".join(textwrap.wrap(", ".join(f"{name} {version}" for name, version in versions().items()), 80)))
    print(device)
    from fkp_utils import plots

    plots.style()


def _gpu_menu() -> str:
    if "google.colab" in sys.modules:
        return "No GPU: Runtime > Change runtime type > T4 GPU makes training many times faster.\n"
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return "No GPU: Settings > Accelerator > GPU T4 x2 makes training many times faster.\n"
    return ""
