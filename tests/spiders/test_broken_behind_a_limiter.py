"""A page that is broken, at a site that refuses in the same way what comes too fast, fails soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.meter import Meter
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

HOME = "http://a.example/"
BROKEN = f"{HOME}broken"
PAGES = 60
ALL = page("/broken", *(f"/{n}" for n in range(PAGES)))


def closed() -> Answer:
    raise ConnectionResetError


def unavailable() -> Answer:
    return Answer("too fast", 503)


def too_many() -> Answer:
    return Answer("too fast", 429)


@pytest.mark.parametrize("refuse", [closed, unavailable, too_many])
@on_reactor
async def test_a_page_that_is_always_refused_is_asked_for_a_few_times_and_no_other_is_lost(
    refuse: Callable[[], Answer],
) -> None:
    meter = Meter(0.1, 3)

    def web(url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        if url == BROKEN or not meter.passes():
            return refuse()
        return Answer(ALL)

    done = await crawl_site(web, HOME, TRAPS_ENABLED=False, RETRY_TIMES=2)
    assert [failure.url for failure in done.failures] == [BROKEN]
    assert len(done.urls) == PAGES + 1
    # Three excuses and three attempts; each of the handler's is up to two requests.
    assert done.asked.count(BROKEN) <= 14
