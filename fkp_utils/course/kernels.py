"""Kernels that write what they say of themselves into a file: at its end, a kernel reports errors that are none."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import jupyter_client
import traitlets
from traitlets import config

LONGEST = 98  # bytes of a socket's path without its number; systems allow 103 or 107, else TCP is used
LINES = 5  # of what a kernel said last


class KernelManager(jupyter_client.AsyncKernelManager):
    """Starts a kernel whose standard error is added to `log_file`; what cells write there is shown with them."""

    log_file = traitlets.Unicode(help="path of that file").tag(config=True)

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # as jupyter_client's own does
        with open(self.log_file, "ab") as file:
            await super().start_kernel(stderr=file, **options)


def settings(folder: str) -> config.Config:
    """The settings of a notebook's kernel that has its log in a folder of its own, and its sockets if the path fits."""
    place = f"{folder}/kernel"
    fits = os.name != "nt" and len(os.fsencode(place)) <= LONGEST
    sockets = {"transport": "ipc", "ip": place} if fits else {}
    kernel = {"log_file": f"{folder}/log"} | sockets
    return config.Config(KernelManager=kernel, NotebookClient={"kernel_manager_class": KernelManager})


def last_words(folder: str) -> str:
    """The last lines in the log in the folder of a kernel, each on a line of its own; "" if there is none."""
    log = pathlib.Path(folder, "log")
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return "".join(f"\n  {line}" for line in lines[-LINES:])
