"""Helpers of the frontier tests: a manual clock, and calls without an event loop."""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from crawlproj.frontier.base import Entry, Frontier, Lease
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping


T = TypeVar("T")

LEASE_S = 30.0


class Now:
    """A clock that only moves when a test sets its time."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@cache
def _loop() -> asyncio.AbstractEventLoop:
    # In a thread of its own, because pytest-twisted's event loop may be running in this one. All
    # calls share it, because connections belong to a loop.
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def run(coroutine: Coroutine[None, None, T]) -> T:
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result(PATIENCE_S)


def entry(key: int, site: str = "a.test", priority: int = 0, not_before: float = 0.0) -> Entry:
    return Entry(key, site, f"http://{site}/{key}", b"", priority, not_before)


def put(frontier: Frontier, *entries: Entry) -> int:
    return run(frontier.write(entries, [])).new


def claim(
    frontier: Frontier, limit: int = 100, per_site: int = 8, resting: Mapping[str, float] = {}
) -> list[Lease]:
    return run(frontier.claim(limit, per_site=per_site, resting=resting, lease_s=LEASE_S))


def several(sites: int = 4, each: int = 3) -> list[Entry]:
    """Entries 1 to ``each`` of 0.test, 11 to 10 + ``each`` of 1.test, and so on."""
    return [
        entry(10 * site + n, f"{site}.test") for site in range(sites) for n in range(1, each + 1)
    ]
