"""Kernels that write what they say of themselves into a file: at its end, a kernel reports errors that are none."""

from __future__ import annotations

import pathlib
from typing import Any

import jupyter_client
import traitlets

LINES = 5  # of what a kernel said last


class KernelManager(jupyter_client.AsyncKernelManager):
    """Starts a kernel whose standard error is added to `log_file`; what cells write there is shown with them."""

    log_file = traitlets.Unicode(help="path of that file").tag(config=True)

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # as jupyter_client's own does
        with open(self.log_file, "ab") as file:
            await super().start_kernel(stderr=file, **options)


def last_words(log: pathlib.Path) -> str:
    """The last lines in a log, each on a line of its own; "" if there is none."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    return "".join(f"\n  {line}" for line in lines[-LINES:])
