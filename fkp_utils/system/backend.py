"""The start of Keras and its backend: quiet logs, kept memory, and the versions that shape results."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import logging
import os
import platform

import fkp_utils

PACKAGES = ("numpy", "pandas", "scikit-learn", "keras", "tensorflow", "jax")
# Options of mallopt(3), as glibc's malloc.h numbers them: one arena for all threads, no maps of their own for large
# blocks, nothing trimmed, and 64 MiB at a time.
KEEPING = {-8: 1, -4: 0, -1: 2**31 - 1, -2: 2**26}


def quiet_logs() -> None:
    """Turns down TensorFlow's logs and chooses its backend for keras, unless the environment says otherwise.

    ValueError if `KERAS_BACKEND` names a backend that is not installed.
    """
    os.environ["KERAS_BACKEND"] = name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if importlib.util.find_spec(name) is None:
        raise ValueError(f"KERAS_BACKEND is {name!r}, which is not installed; expected 'tensorflow' or 'jax'")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").addFilter(_is_error)  # in a notebook it lowers its own level when it first warns


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def keep_memory() -> None:
    """Lets the process keep the memory that it frees, where the C library is glibc.

    By default a training on the processor gives the large arrays of each step back to the system and asks for them
    anew, and the system clears every page: a third of the time or more (`benchmarks/kept_memory.py`).  Settings of
    malloc in the environment stay as they are.
    """
    mallopt = None if os.name == "nt" else getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and not any(name.startswith("MALLOC_") for name in os.environ):
        for option, value in KEEPING.items():
            mallopt(option, value)


def load_keras() -> None:
    """Imports keras with its backend, without what the backend writes to standard error while it starts.

    Settings of a user's `keras.json` do not count: channels are the last axis, numbers have 32 bits.
    """
    quiet_logs()
    keep_memory()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        import keras
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)


def versions() -> dict[str, str]:
    """Versions of Python and of the installed packages that shape results."""
    found = {"python": platform.python_version(), "fkp_utils": fkp_utils.__version__}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
