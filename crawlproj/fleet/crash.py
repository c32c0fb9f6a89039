"""Describes in one line why a process ended."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TAIL_BYTES = 32_768
_MAX_LENGTH = 300  # characters
_LOGGED = re.compile(r"\S+ \S+ \[(?P<by>[^]]+)\] (?P<level>[A-Z]+): (?P<message>.*)")
_USAGE = re.compile(r"\S+: error: (?P<message>.+)")
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s+File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>.+)')


def describe_exit(status: int) -> str:
    """Return "ended with status 1" or "was killed by SIGSEGV".

    status: the exit status, or minus the number of the signal that killed the process.
    """
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:  # a real-time signal
        return f"was killed by signal {-status}"


def last_error(log: Path, offset: int = 0) -> str:
    """Return the last error that a log reports from byte ``offset`` on; "" if there is none.

    An error is a message of Scrapy's log above INFO, a usage error or the last line of a traceback.
    A fatal error of Python takes precedence, with the function it occurred in. In output without
    any log message of Scrapy's, every line counts.
    """
    try:
        with log.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(offset, end - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    message = _fatal_error(lines) or _last_message(lines)
    return message if len(message) <= _MAX_LENGTH else f"{message[:_MAX_LENGTH]}…"


def _fatal_error(lines: Sequence[str]) -> str:
    for at, line in enumerate(lines):
        if line.startswith("Fatal Python error: "):
            frames = (_FRAME.match(frame) for frame in lines[at:])
            frame = next((frame for frame in frames if frame), None)
            where = f" in {frame['function']} ({frame['file']}:{frame['line']})" if frame else ""
            return f"{line.removeprefix('Fatal Python error: ')}{where}"
    return ""


def _last_message(lines: Sequence[str]) -> str:
    message, in_traceback, has_log = "", False, False
    for line in lines:
        if found := _LOGGED.match(line):
            has_log, in_traceback = True, False
            if found["level"] not in {"DEBUG", "INFO"}:
                message = found["message"]
        elif found := _USAGE.match(line):
            message = found["message"]
        elif line == _TRACEBACK:
            in_traceback = True
        elif line.strip() and ((in_traceback and line[0] != " ") or not has_log):
            message, in_traceback = line.strip(), False
    return message
