"""Server-sent events: fragments of pages, made once a second for all who watch the same page."""

from __future__ import annotations

import asyncio
import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from crawlproj.errors import CrawlprojError
from crawlproj.serve.web.problems import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping

    Make = Callable[[], Awaitable[Mapping[str, str]]]
    """Returns fragments: HTML by the id of the element whose content it is."""

MAX_VIEWERS = 100
_EVERY_S = 1.0

logger = logging.getLogger(__name__)


class Feeds:
    """The feeds that somebody watches; nothing is made for nobody."""

    def __init__(self, every_s: float = _EVERY_S) -> None:
        self._every_s = every_s
        self._feeds: dict[Hashable, _Feed] = {}
        self._viewers = 0
        self._ended = False

    async def watch(self, key: Hashable, make: Make) -> AsyncGenerator[bytes, None]:
        """Yield events with what has changed, the first one with everything.

        key: stands for what is made; the same for all who may share it.

        Raises Problem if too many watch already.
        """
        if self._viewers >= MAX_VIEWERS:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too-many-viewers",
                f"{MAX_VIEWERS} pages are watched already; close some",
                retry_after_s=10,
            )
        self._viewers += 1
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = _Feed(make, self._every_s)
        feed.viewers += 1
        try:
            beat = 0
            sent: Mapping[str, str] = {}
            while True:
                beat = await feed.after(beat)
                if self._ended:
                    return
                yield feed.event(sent)
                sent = feed.fragments
        finally:
            self._viewers -= 1
            feed.viewers -= 1
            if not feed.viewers:
                feed.end()
                self._feeds.pop(key, None)

    def end(self) -> None:
        """End all streams, because the server shuts down."""
        self._ended = True
        for feed in self._feeds.values():
            feed.wake()


class _Feed:
    def __init__(self, make: Make, every_s: float) -> None:
        self.viewers = 0
        self.fragments: Mapping[str, str] = {}
        self._before: Mapping[str, str] = {}
        self._change = b""  # the event for those who have seen ``_before``
        self._beat = 0
        self._next = asyncio.Event()
        self._task = asyncio.ensure_future(self._run(make, every_s))

    async def after(self, beat: int) -> int:
        """Wait until there is something newer than ``beat``; return its beat."""
        if self._beat <= beat:
            await self._next.wait()
        return self._beat

    def event(self, sent: Mapping[str, str]) -> bytes:
        """Return the event that leads from ``sent`` to the latest fragments."""
        return self._change if sent is self._before else _event(sent, self.fragments)

    def wake(self) -> None:
        """Let all who wait go on."""
        self._next.set()

    def end(self) -> None:
        """Make no more."""
        self._task.cancel()

    async def _run(self, make: Make, every_s: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                fragments = await make()
            except (Problem, CrawlprojError) as exc:
                logger.info("Not shown: %s", exc)
            else:
                self._before, self.fragments = self.fragments, fragments
                self._change = _event(self._before, fragments)
                self._beat += 1
                self.wake()
                self._next = asyncio.Event()
            await asyncio.sleep(max(0.1, began + every_s - loop.time()))


def _event(old: Mapping[str, str], new: Mapping[str, str]) -> bytes:
    changed = {name: text for name, text in new.items() if old.get(name) != text}
    return b"data: " + json.dumps(changed, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"
