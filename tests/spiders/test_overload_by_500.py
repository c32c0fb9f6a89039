"""An application that answers 500 when too much is in flight costs no page."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

pytestmark = pytest.mark.slow

HOME = "http://a.example/"
PAGES = 200
CONNECTIONS = 3


class Pool:
    """Pages that each need one of a few connections to a database; ``broken`` ones always fail."""

    def __init__(self, broken: frozenset[str] = frozenset(), *, ample: bool = False) -> None:
        self.broken = broken
        self.free = 100 if ample else CONNECTIONS
        self.asked: Counter[str] = Counter()
        self.failed = 0

    async def answer(self, url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        self.asked[url] += 1
        if not self.free:
            self.failed += 1
            return Answer("no connection is left", 500)
        self.free -= 1
        await asyncio.sleep(0.03)
        self.free += 1
        if url in self.broken:
            return Answer("broken", 500)
        return Answer(page(*(f"/{n}" for n in range(PAGES))))


@on_reactor
async def test_pages_that_failed_because_too_much_was_in_flight_are_all_fetched() -> None:
    site = Pool()
    done = await crawl_site(
        site.answer, HOME, TRAPS_ENABLED=False, RETRY_TIMES=1, CONCURRENCY_MAX_PER_SITE=32
    )
    assert done.failures == []
    assert len(done.urls) == PAGES + 1
    assert 0 < site.failed < PAGES, "less than once for each page"


@on_reactor
async def test_broken_pages_fail_after_their_retries_and_do_not_slow_their_site() -> None:
    broken = frozenset(f"{HOME}{n}" for n in range(0, PAGES, 5))
    site = Pool(broken, ample=True)
    done = await crawl_site(site.answer, HOME, TRAPS_ENABLED=False, RETRY_TIMES=1)
    assert {failure.url for failure in done.failures} == broken
    assert len(done.urls) == PAGES + 1 - len(broken)
    assert max(site.asked[url] for url in broken) <= 2 + 3, "three excuses, if it seems an overload"
