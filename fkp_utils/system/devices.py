"""What keras computes on."""

from __future__ import annotations

import os
import pathlib


def processors() -> int:
    """How many processors this process may use; where the system does not say, all that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu() -> str:
    """The processor as a page names it."""
    return f"CPU, {os.cpu_count()} cores"


def accelerator() -> str:
    """The devices that keras computes on: the GPUs if it sees any, otherwise the processor."""
    from keras import distribution

    gpus = [name for name in distribution.list_devices() if "gpu" in name.lower() or "cuda" in name.lower()]
    return ", ".join(gpus) or cpu()


def backend_name() -> str:
    """What keras computes with: "tensorflow" or "jax"."""
    from keras import backend

    return backend.backend()


def compiles() -> bool:
    """Whether XLA compiles for the device: on accelerators, and for JAX; for TensorFlow on a processor it is slower."""
    return backend_name() != "tensorflow" or accelerator() != cpu()


def fast_bfloat16() -> bool:
    """Whether half precision (bfloat16) is faster: on accelerators, and for TensorFlow on processors that have it."""
    if accelerator() != cpu():
        return True
    flags = pathlib.Path("/proc/cpuinfo")
    known = flags.is_file() and {"avx512_bf16", "amx_bf16"} & set(flags.read_text(encoding="utf-8").split())
    return backend_name() == "tensorflow" and bool(known)
