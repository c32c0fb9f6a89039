"""Says in one line why a process ended."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TAIL_BYTES = 32_768
_LONGEST = 300  # characters
_LOGGED = re.compile(r"\S+ \S+ \[(?P<by>[^]]+)\] (?P<level>[A-Z]+): (?P<message>.*)")
_USAGE = re.compile(r"\S+: error: (?P<message>.+)")
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s+File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<function>.+)')


def how_it_ended(status: int) -> str:
    """Return "ended with status 1" or "was killed by SIGSEGV".

    status: the exit status; below 0: the number of the signal, negative.
    """
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:  # a real-time signal
        return f"was killed by signal {-status}"


def last_words(log: Path, offset: int = 0) -> str:
    """Return what a log, from byte ``offset`` on, says last that may tell why; "" if nothing.

    That is a message of Scrapy's log above INFO, of a usage error or a traceback, or anything where
    there is no such log. Of what faulthandler writes it is the fatal error and the line it was in.
    """
    try:
        with log.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(offset, end - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    told = _fatal(lines) or _last_trouble(lines)
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}…"


def _fatal(lines: Sequence[str]) -> str:
    for at, line in enumerate(lines):
        if line.startswith("Fatal Python error: "):
            frames = (_FRAME.match(frame) for frame in lines[at:])
            frame = next((frame for frame in frames if frame), None)
            where = f" in {frame['function']} ({frame['file']}:{frame['line']})" if frame else ""
            return f"{line.removeprefix('Fatal Python error: ')}{where}"
    return ""


def _last_trouble(lines: Sequence[str]) -> str:
    told, in_traceback, has_log = "", False, False
    for line in lines:
        if found := _LOGGED.match(line):
            has_log, in_traceback = True, False
            if found["level"] not in {"DEBUG", "INFO"}:
                told = found["message"]
        elif found := _USAGE.match(line):
            told = found["message"]
        elif line == _TRACEBACK:
            in_traceback = True
        elif line.strip() and ((in_traceback and line[0] != " ") or not has_log):
            told, in_traceback = line.strip(), False
    return told
