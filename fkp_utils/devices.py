"""What keras computes on."""

from __future__ import annotations

import os


def cpu() -> str:
    """The processor as a page names it."""
    return f"CPU, {os.cpu_count()} cores"


def accelerator() -> str:
    """The devices that keras computes on: the GPUs if it sees any, otherwise the processor."""
    from keras import distribution

    gpus = [name for name in distribution.list_devices() if "gpu" in name.lower() or "cuda" in name.lower()]
    return ", ".join(gpus) or cpu()
