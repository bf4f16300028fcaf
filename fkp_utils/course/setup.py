"""The setup cell of every notebook: what it runs on, in one line, and the house style."""

from __future__ import annotations

import os
import sys
import textwrap

from fkp_utils.plots import common as plots
from fkp_utils.system import backend, devices


def prepare(keras: bool = False) -> None:
    """Quiet logs, then one line of versions and device, and plots in the house style.

    With `keras`, keras is imported to tell the device; on Colab and Kaggle without a GPU it says where to switch it on.
    """
    backend.quiet_logs()
    device = devices.cpu()
    if keras:
        backend.load_keras()
        device = devices.accelerator()
        if device == devices.cpu():
            print(_gpu_menu(), end="")
        device = f"{devices.backend_name()} on {device}"
    found = ", ".join(f"{name} {version}" for name, version in backend.versions().items())
    print("\n".join(textwrap.wrap(found, 80)))
    print(device)
    plots.style()


def _gpu_menu() -> str:
    if "google.colab" in sys.modules:
        return "No GPU: Runtime > Change runtime type > T4 GPU makes training many times faster.\n"
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return "No GPU: Settings > Accelerator > GPU T4 x2 makes training many times faster.\n"
    return ""
