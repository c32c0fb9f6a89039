"""Permits for requests that do not come from the scheduler."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import ContextVar
from typing import TYPE_CHECKING
from weakref import ref

from scrapy.exceptions import DownloadCancelledError

from crawlproj.limits.ending import NOTHING_LEARNED
from crawlproj.scheduling.entries import chosen_slot
from crawlproj.scheduling.serialize import RETRY_AT
from crawlproj.urls import site_of
from crawlproj.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request

    from crawlproj.limits.ending import Ending
    from crawlproj.limits.permit import Permit
    from crawlproj.limits.permits import Permits
    from crawlproj.scheduling.crawl_delays import CrawlDelays

_on_its_way: ContextVar[ref[Request] | None] = ContextVar("on_its_way", default=None)


def begin_way(request: Request) -> None:
    """Note that the tasks begun from here download ``request``, until another is noted."""
    # Weakly, because a connection keeps the context in which it was opened.
    _on_its_way.set(ref(request))


def on_its_way() -> Request | None:
    """Return the request that this task downloads, whose middlewares may need others before it."""
    noted = _on_its_way.get()
    return noted() if noted is not None else None


_STOPPED = "the crawl is being stopped"


class DirectRequests:
    """Lets the requests of media pipelines and of ``engine.download_async`` wait for permits.

    A request waits for a permit of its site, behind those that came before it and ahead of the
    scheduler's: a page ends only when its files are here. A request that a middleware makes while
    another is on its way (robots.txt, a log-in) needs none, because that other one waits for it.

    on_given_back: called with a site of which a permit was given back here.
    max_bytes: the size limit of files; None leaves DOWNLOAD_MAXSIZE, which is meant for pages.
    """

    def __init__(
        self,
        permits: Permits,
        delays: CrawlDelays,
        clock: Callable[[], float],
        on_given_back: Callable[[str], None],
        max_bytes: int | None = None,
    ) -> None:
        self._permits = permits
        self._delays = delays
        self._clock = clock
        self._on_given_back = on_given_back
        self._max_bytes = max_bytes
        self._held: dict[Request, tuple[str, Permit]] = {}
        self._waiting: dict[str, deque[asyncio.Future[Permit]]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._resting = 0  # requests that wait for the time of their retry
        self._stopping = asyncio.Event()

    def __bool__(self) -> bool:
        """Whether any request waits."""
        return bool(self._waiting or self._resting)

    def permit_of(self, request: Request) -> Permit | None:
        """Return the permit that ``request`` holds."""
        held = self._held.get(request)
        return held[1] if held is not None else None

    async def admit(self, request: Request) -> None:
        """Return once ``request`` may start. Raises DownloadCancelledError if the crawl stops.

        Call ``release`` when its download has ended.
        """
        begin_way(request)
        if not request.url.startswith(("http:", "https:")) or request in self._held:
            return
        if self._stopping.is_set():
            raise DownloadCancelledError(_STOPPED)
        if self._max_bytes is not None:
            request.meta.setdefault("download_maxsize", self._max_bytes)
        await self._rest(request.meta.pop(RETRY_AT, 0.0) - self._clock())
        site = chosen_slot(request, request) or site_of(request.url)
        turn: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(site, deque()).append(turn)
        self._serve(site)
        try:
            self._held[request] = site, await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._give_back(site, turn.result(), NOTHING_LEARNED)
            raise

    async def _rest(self, wait_s: float) -> None:
        if wait_s <= 0:
            return
        self._resting += 1
        try:
            if await set_within(self._stopping, wait_s):
                raise DownloadCancelledError(_STOPPED)
        finally:
            self._resting -= 1

    def release(self, request: Request, ending: Ending = NOTHING_LEARNED) -> str:
        """Give the permit of ``request`` back, if it holds one; returns its site, else ""."""
        site, permit = self._held.pop(request, ("", None))
        if permit is not None:
            self._give_back(site, permit, ending)
        return site

    def _give_back(self, site: str, permit: Permit, ending: Ending) -> None:
        self._delays.after_end(site)
        self._permits.give_back(permit, ending)
        self.serve(site)
        self._on_given_back(site)

    def serve(self, site: str) -> None:
        """Let requests start, because a permit of ``site`` was given back."""
        if self._waiting:
            for member in list(self._permits.members(site)):
                self._serve(member)

    def serve_all(self) -> None:
        """Let the requests start whose time has come."""
        for site in list(self._waiting):
            self._serve(site)

    def _serve(self, site: str) -> None:
        queue = self._waiting.get(site)
        while queue:
            if queue[0].done():  # cancelled
                queue.popleft()
                continue
            permit = self._permits.take_free(site)
            if permit is None:
                break
            permit.sent = False  # robots.txt may be fetched first
            self._delays.before_start(site)
            queue.popleft().set_result(permit)
        if (timer := self._timers.pop(site, None)) is not None:
            timer.cancel()
        if queue:
            wait_s = self._permits.wake_at(site) - self._clock()
            if wait_s < float("inf"):
                loop = asyncio.get_running_loop()
                self._timers[site] = loop.call_later(max(wait_s, 0.001), self._serve, site)
        else:
            self._waiting.pop(site, None)

    def cancel(self) -> None:
        """End what waits with DownloadCancelledError."""
        self._stopping.set()
        for queue in self._waiting.values():
            for turn in queue:
                if not turn.done():
                    turn.set_exception(DownloadCancelledError(_STOPPED))
        self._waiting.clear()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
