"""Limiters that answer 503, as nginx does unless told otherwise, cost no page."""

from __future__ import annotations

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.meter import Meter
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

pytestmark = pytest.mark.slow

HOME = "http://a.example/"
PAGES = 60
EVERY_S, BURST = 0.05, 10


def body(count: int) -> str:
    return page(*(f"/{n}" for n in range(count)))


@on_reactor
async def test_a_site_that_refuses_with_503_what_comes_too_fast_is_crawled_whole() -> None:
    meter = Meter(EVERY_S, BURST)

    def web(url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        if not meter.passes():
            return Answer("too fast", 503)
        return Answer(body(PAGES))

    done = await crawl_site(web, HOME, TRAPS_ENABLED=False, RETRY_TIMES=2)
    assert len(done.urls) == PAGES + 1
    assert done.failures == []
    assert meter.refused


@on_reactor
async def test_pages_that_always_answer_503_fail_although_the_others_are_answered() -> None:
    broken = {f"{HOME}{n}" for n in range(0, PAGES, 3)}

    def web(url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        return Answer("broken", 503) if url in broken else Answer(body(PAGES))

    done = await crawl_site(web, HOME, TRAPS_ENABLED=False, RETRY_TIMES=2)
    assert {failure.url for failure in done.failures} == broken
    assert len(done.urls) == PAGES + 1 - len(broken)
