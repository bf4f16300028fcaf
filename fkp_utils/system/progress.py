"""One line of progress that updates: on a terminal, in a notebook, or as plain lines now and then."""

from __future__ import annotations

import sys
import time

EVERY = {"terminal": 0.5, "notebook": 1.0, "plain": 15.0}  # seconds between two updates


class Line:
    """A line that `write` replaces; where it can't be replaced, it is printed at most every 15 seconds."""

    def __init__(self) -> None:
        self.kind = "notebook" if self._kernel() else "terminal" if sys.stdout.isatty() else "plain"
        self.handle = None
        self.written = time.monotonic()

    @staticmethod
    def _kernel() -> bool:
        """Whether this runs in a kernel that shows notebooks."""
        return "IPython" in sys.modules and hasattr(sys.modules["IPython"].get_ipython(), "kernel")

    def write(self, text: str) -> None:
        """Replaces the line, unless it was replaced a moment ago."""
        if time.monotonic() - self.written >= EVERY[self.kind]:
            self._put(text, end="" if self.kind == "terminal" else "\n")

    def close(self, text: str) -> None:
        """Replaces the line for the last time."""
        self._put(text, end="\n")

    def _put(self, text: str, end: str) -> None:
        self.written = time.monotonic()
        if self.kind != "notebook":
            print(f"\r\033[K{text}" if self.kind == "terminal" else text, end=end, flush=True)
            return
        from IPython import display

        if self.handle is None:
            self.handle = display.display({"text/plain": text}, raw=True, display_id=True)
        else:
            self.handle.update({"text/plain": text}, raw=True)
