"""Pauses the crawl while the network is away, and finds out when it is back."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadCancelledError

from crawlproj.limits.network import Blame, Network, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

logger = logging.getLogger(__name__)


class NetworkPause:
    """On while the ``network`` is away: then nothing is handed out, and no attempt counts.

    works: returns whether what fails with some trouble works at a place; see http/reach.py.
    patience_s: SITE_PATIENCE. on_back: called when the pause is over.
    on_given_up: called with the reason of the crawl's end, and why, if the network stays away for
        too long.
    """

    def __init__(
        self,
        patience_s: float,
        *,
        on_back: Callable[[], None],
        on_given_up: Callable[[str, str], None],
        spider: object,
    ) -> None:
        self.network = Network(time.monotonic, patience_s)
        self.works: Callable[[str, Trouble], Coroutine[None, None, bool]] | None = None
        self._on_back = on_back
        self._on_given_up = on_given_up
        self._spider = spider
        self._questions: dict[Trouble, asyncio.Task[bool]] = {}
        self._probing: asyncio.Task[None] | None = None
        self._there = asyncio.Event()
        self._closed = False

    @property
    def on(self) -> bool:
        """Whether nothing is to be handed out."""
        return self.network.trouble is not None

    def on_answer(self, place: str) -> None:
        """Note that ``place`` answered."""
        paused = self.on
        self.network.on_answer(place)
        if paused and not self.on:
            self._end()

    async def is_ours(self, place: str, trouble: Trouble, after_s: float, detail: str) -> bool:
        """Return whether it is this machine's fault that a request to ``place`` met ``trouble``.

        Then the pause is on, or has just been. after_s: how long ago the request began. detail:
        what it met, for the log.
        """
        blame = self.network.blame(place, trouble, after_s)
        if blame is Blame.UNKNOWN:
            witnesses = self.network.witnesses(place, trouble)
            if await self._ask(trouble, witnesses):
                self.network.on_works(trouble)
                return False
        if blame is not Blame.SITE and blame is not Blame.PAST:
            self._begin(trouble, detail)
        return blame is not Blame.SITE

    async def over(self) -> None:
        """Wait until the pause is over. Raises DownloadCancelledError if the crawl stops first."""
        while self.on and not self._closed:
            self._there.clear()
            await self._there.wait()
        if self._closed:
            raise DownloadCancelledError("the crawl is being stopped")

    def close(self) -> None:
        """Stop probing."""
        self._closed = True
        self._there.set()
        if self._probing is not None:
            self._probing.cancel()

    async def _ask(self, trouble: Trouble, places: Iterable[str]) -> bool:
        """Return whether any of ``places`` works. Simultaneous questions share an answer."""
        question = self._questions.get(trouble)
        if question is None:
            question = asyncio.ensure_future(self._any_works(trouble, places))
            self._questions[trouble] = question
            question.add_done_callback(lambda _: self._questions.pop(trouble))
        return await asyncio.shield(question)

    async def _any_works(self, trouble: Trouble, places: Iterable[str]) -> bool:
        assert self.works is not None  # noqa: S101 - set before the first request
        asked = [asyncio.ensure_future(self.works(place, trouble)) for place in places]
        try:
            for answer in asyncio.as_completed(asked):
                if await answer:
                    return True
            return False
        finally:
            for one in asked:
                one.cancel()

    def _begin(self, trouble: Trouble, detail: str) -> None:
        if self.on or self._closed:
            return
        self.network.on_away(trouble)
        logger.error(
            "The crawl pauses, because %s: %s. It goes on when that works again; no attempt is "
            "counted",
            trouble.value,
            detail,
            extra={"spider": self._spider},
        )
        self._probing = asyncio.ensure_future(self._probe(trouble))

    async def _probe(self, trouble: Trouble) -> None:
        network = self.network
        while self.on:
            await asyncio.sleep(network.probe_in_s)
            if network.given_up:
                self._on_given_up(
                    "network-away",
                    f"{trouble.value} since {network.outage_s:,.0f} s; run the same command again "
                    "to continue",
                )
                return
            if await self._any_works(trouble, network.places_to_probe(trouble)):
                outage_s = network.outage_s
                network.on_back()
                logger.warning(
                    "The crawl goes on after a pause of %.0f s",
                    outage_s,
                    extra={"spider": self._spider},
                )
                self._end()

    def _end(self) -> None:
        self._there.set()
        self._on_back()
