"""Lets a command end quietly when whoever reads its output has gone. Not a command itself."""

from __future__ import annotations

import os
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def while_read(
    run: Callable[[Any, list[str], argparse.Namespace], None],
) -> Callable[[Any, list[str], argparse.Namespace], None]:
    """Decorate the ``run`` of a command that prints: ``scrapy … | head`` shows no traceback.

    The exit status is 1 then, because the command did not come to its end.
    """

    @wraps(run)
    def quietly(self: Any, args: list[str], opts: argparse.Namespace) -> None:
        try:
            run(self, args, opts)
            sys.stdout.flush()
        except BrokenPipeError:
            # Nor at exit, when Python flushes what is left.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.exitcode = 1

    return quietly
