"""Command lines end with an exit code, and what is wrong with their input is one sentence."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec

P = ParamSpec("P")


def command(main: Callable[P, None]) -> Callable[P, int]:
    """Makes `main` return the exit code: 1 after an error of the input or of files, told on stderr, else 0."""

    @functools.wraps(main)
    def with_exit_code(*arguments: P.args, **options: P.kwargs) -> int:
        try:
            main(*arguments, **options)
        except ImportError as error:
            print(f"error: {error.name} is not installed; pip install 'fkp_utils[app,series]'", file=sys.stderr)
            return 1
        except (ValueError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        return 0

    return with_exit_code
