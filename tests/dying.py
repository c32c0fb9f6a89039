"""A crawl that kills itself: a test that waits to kill it may come too late on a busy machine."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

from scrapy import signals

from crawlproj.scheduler import scheduler_of
from crawlproj.settings import ADDONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings

    from crawlproj.scheduling.books import Outcome

_ADDONS = json.dumps({**ADDONS, f"{__name__}.Addon": 500})
ARGUMENTS = ("-s", f"ADDONS={_ADDONS}", "-s")
"""Words to run ``scrapy`` with, followed by one of the settings of Dying and its value."""


class Addon:
    """Brings the extension, besides those that there are."""

    def update_settings(self, settings: BaseSettings) -> None:
        settings["EXTENSIONS"].set(Dying, 0, priority="addon")


class Dying:
    """Kills its process at the answer whose number is the setting DIES_AFTER.

    With DIES_SKIPPING, when a command has written down what it is about to skip.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._left = crawler.settings.getint("DIES_AFTER")
        crawler.signals.connect(self._on_response, signals.response_received)
        if crawler.settings.getbool("DIES_SKIPPING"):
            crawler.signals.connect(self._die_skipping, signals.spider_opened)

    def _die_skipping(self) -> None:
        scheduler = scheduler_of(self._crawler)
        assert scheduler is not None
        note = scheduler.books.note

        async def note_and_die(outcomes: Sequence[Outcome]) -> None:
            await note(outcomes)
            os.kill(os.getpid(), signal.SIGKILL)

        scheduler.books.note = note_and_die  # type: ignore[method-assign]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _on_response(self) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
