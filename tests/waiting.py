"""How tests wait for what has to happen."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 180.0
"""Seconds until a test gives up: so many that it has hung, however busy the machine is."""

T = TypeVar("T")


class Process(Protocol):
    """What ``until`` needs of a process; that of ``tests.processes`` has it."""

    def poll(self) -> int | None: ...
    def output(self) -> str: ...


def until(what: Callable[[], T | None], process: Process | None = None) -> T:
    """Wait until ``what()`` is true; return what it returned.

    process: the one that has to do it; fails as soon as that has ended.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        began = time.process_time()
        if found := what():
            return found
        if process is not None:
            assert process.poll() is None, process.output()
        assert time.monotonic() < deadline, "it does not happen"
        # A long log, or anything else that costs much to look at, is looked at less often.
        time.sleep(max(0.01, 5 * (time.process_time() - began)))


def until_at_least(number: float, count: Callable[[], float], process: Process) -> None:
    """Wait until ``process`` has done so much that ``count()`` is at least ``number``."""
    until(lambda: count() >= number, process)


async def until_async(condition: Callable[[], object]) -> None:
    """Wait until ``condition()``, which depends on others of the loop or on threads, is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)
