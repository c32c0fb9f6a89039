"""A site that answers 429 to more than two requests at once is asked for two at once."""

from __future__ import annotations

import asyncio

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

pytestmark = pytest.mark.slow

HOME = "http://a.example/"
PAGES = 500
AT_ONCE, ANSWER_S = 2, 0.03


@on_reactor
async def test_a_site_that_limits_requests_at_once_is_not_taken_for_one_that_limits_its_rate() -> (
    None
):
    inside = refused = 0
    together: list[int] = []  # at each arrival that is not refused, itself included

    async def web(url: str, _: str) -> Answer:
        nonlocal inside, refused
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        if inside >= AT_ONCE:
            refused += 1
            return Answer("too many at once", 429)
        inside += 1
        together.append(inside)
        await asyncio.sleep(ANSWER_S)
        inside -= 1
        return Answer(page(*(f"/{n}" for n in range(PAGES))))

    done = await crawl_site(web, HOME, TRAPS_ENABLED=False)
    assert done.failures == []
    assert len(done.urls) == PAGES + 1
    assert refused < PAGES / 10  # a few while the limit is found, and one for each look above it
    assert together[300:450].count(AT_ONCE) > 50  # they may come in pairs
