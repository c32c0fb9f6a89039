"""Parts as another package brings them: the least that a limit, a store and a frontier can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.frontier.memory import MemoryFrontier
from crawlproj.limits import Limit, Sample
from crawlproj.store.base import Row, Store, Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crawlproj.frontier.base import Clock


class One(Limit):
    """One request at a time."""

    def on_sample(self, sample: Sample) -> None:
        self.limit = self.bounds.clamp(1.0)


class Listed(MemoryFrontier):
    """A frontier in memory that knows its URL."""

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(clock)
        self.url = url


class Lines(Store):
    """Appends the URL of each row to a file: ``….Lines:PATH``."""

    def __init__(self, url: str) -> None:
        self.path = url.partition(":")[2]

    async def open(self) -> None:
        pass

    async def write(self, rows: Sequence[Row]) -> Stored:
        with open(self.path, "a") as file:  # noqa: ASYNC230, PTH123 - a test's
            file.writelines(f"{row.values['url']}\n" for row in rows)
        return Stored()

    async def count(self) -> dict[str, int]:
        return {}

    async def close(self) -> None:
        pass


def not_a_store(url: str) -> str:
    return url


def not_a_frontier(url: str, clock: Clock) -> str:
    return url
