"""Applies the commands that change entries of a job: add, skip, prioritize and requeue."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Command, Result, Verb
from crawlproj.items import SkippedUrl
from crawlproj.scheduling.serialize import depth_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from crawlproj.frontier.base import Entry, Frontier
    from crawlproj.scheduling.books import Books

logger = logging.getLogger(__name__)

_STEP_PAUSE_S = 0.05  # between two steps of a command, for the crawl to go on


class Changes:
    """The commands that wait to be applied, each by one worker.

    worker: the name of this one. books: of the crawl; SKIP waits for the store, which has the
    skipped URLs before the frontier skips them. entry_of: builds the entry of a URL with a
    priority.
    """

    def __init__(
        self,
        frontier: Frontier,
        books: Books,
        entry_of: Callable[[str, int], Entry],
        worker: str,
        *,
        spider: object,
    ) -> None:
        self._frontier = frontier
        self._books = books
        self._entry_of = entry_of
        self._worker = worker
        self._spider = spider
        self._waiting: list[Command] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    async def begin(self) -> None:
        """Take over what is not applied yet. Raises FrontierError."""
        self._waiting = await self._frontier.waiting()

    def add(self, commands: Iterable[Command]) -> None:
        """Take the new ``commands`` that change entries."""
        self._waiting += (command for command in commands if command.changes)

    async def apply(self) -> bool:
        """Apply what waits; return False if another worker does.

        Raises FrontierError and NotStored.
        """
        still = {command.id for command in await self._frontier.waiting()}
        self._waiting = [command for command in self._waiting if command.id in still]
        for command in list(self._waiting):
            if command.verb is Verb.SKIP and not self._books.are_open:
                continue
            while (result := await self._step(command)) is None:
                if self._frontier.shared:
                    return False  # another worker applies it; try again in case it dies
                await asyncio.sleep(_STEP_PAUSE_S)
            self._waiting.remove(command)
            logger.info(
                "%s by %s: %d URLs%s",
                command.verb.capitalize(),
                command.who,
                result.urls,
                f" ({result.note})" if result.note else "",
                extra={"spider": self._spider},
            )
        return True

    async def _step(self, command: Command) -> Result | None:
        entries: list[Entry] = []
        if command.verb is Verb.ADD:
            priority = int(command.arguments.get("priority", 0))
            entries = [self._entry_of(url, priority) for url in command.arguments["urls"]]

        async def on_skip(skipped: Sequence[Entry]) -> None:
            now = time.time()
            await self._books.note(
                [
                    SkippedUrl(one.url, SKIPPED_BY_COMMAND, command.trace, depth_of(one), now)
                    for one in skipped
                ]
            )

        return await self._frontier.change(command, self._worker, entries, on_skip)
