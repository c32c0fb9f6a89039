"""Lets a crawl that continues know what it fetched before of its sites."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from crawlproj.errors import StoreError
from crawlproj.store.url_ranges import ranges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawlproj.links.traps import Traps
    from crawlproj.scheduler import Scheduler

_MOST = 100_000  # of a site
_BATCH = 500
_NEXT = "\x01"  # a URL has none, so no other URL is between it and itself with this appended


async def know_pages(
    traps: Traps | None, scheduler: Scheduler | None, sites: Iterable[str]
) -> None:
    """Let ``traps`` know the pages that are stored of ``sites``.

    Otherwise a run that continues fetches a page of each known trap for each path that it was not
    at itself, and takes a trap for the whole site if it sees little else. A store that cannot be
    read now costs no more than that.
    """
    if traps is None or scheduler is None or (read := scheduler.books.read) is None:
        return
    with suppress(StoreError):
        for site in sites:
            for first, end in ranges(site, None):
                start = first
                for _ in range(_MOST // _BATCH):
                    pages = await read("pages", start, end, _BATCH)
                    for page in pages:
                        traps.know(page.url)
                    if len(pages) < _BATCH:
                        break
                    start = f"{pages[-1].url}{_NEXT}"
