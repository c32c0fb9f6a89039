"""Limiters that close the connection without an answer, as nginx does with 444, cost no page."""

from __future__ import annotations

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.meter import Meter
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

pytestmark = pytest.mark.slow

HOME = "http://a.example/"
PAGES = 100
ALL = page(*(f"/{n}" for n in range(PAGES)))
EVERY_S, BURST = 0.1, 3


@on_reactor
async def test_a_site_that_closes_the_connection_of_what_comes_too_fast_is_crawled_whole() -> None:
    meter = Meter(EVERY_S, BURST)

    def web(url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        if not meter.passes():
            raise ConnectionResetError
        return Answer(ALL)

    done = await crawl_site(web, HOME, TRAPS_ENABLED=False, RETRY_TIMES=2)
    assert done.failures == []
    assert len(done.urls) == PAGES + 1
    assert meter.refused


@on_reactor
async def test_pages_that_always_close_the_connection_fail_although_others_are_answered() -> None:
    broken = {f"{HOME}{n}" for n in range(0, PAGES, 3)}

    def web(url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        if url in broken:
            raise ConnectionResetError
        return Answer(ALL)

    done = await crawl_site(web, HOME, TRAPS_ENABLED=False, RETRY_TIMES=2)
    assert {failure.url for failure in done.failures} == broken
    assert {failure.reason for failure in done.failures} == {"connection-lost"}
    assert len(done.urls) == PAGES + 1 - len(broken)
