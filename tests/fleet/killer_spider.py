"""Spiders that are killed while they handle a page."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from crawlproj.spiders.site import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response


class KillerSpider(SiteSpider):
    """The site spider, but page ``poison`` ends the process."""

    name = "killer"

    def __init__(self, poison: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.poison = poison

    def parse(self, response: Response) -> Iterator[Any]:
        """End the process on the poison page; treat every other page as SiteSpider does."""
        if response.url.endswith(self.poison):
            os.kill(os.getpid(), signal.SIGKILL)
        yield from super().parse(response)


class UnluckySpider(SiteSpider):
    """The site spider, but whichever page is the run's page number ``at`` ends the process."""

    name = "unlucky"

    def __init__(self, at: str = "0", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._before = int(at)

    def parse(self, response: Response) -> Iterator[Any]:
        """End the process if it is the turn; treat every other page as SiteSpider does."""
        self._before -= 1
        if not self._before:
            os.kill(os.getpid(), signal.SIGKILL)
        yield from super().parse(response)
