"""A broken server behind a load balancer costs no page, and does not slow the crawl down."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

HOME = "http://a.example/"
PAGES = 300


class Balancer:
    """Four servers, the next of which is chosen by chance. One answers nothing but ``broken``.

    That is None if it closes each connection.
    """

    def __init__(self, broken: Answer | None) -> None:
        self._broken = broken
        self.dice = random.Random(7)  # noqa: S311 - not a secret
        self.in_flight: list[int] = []  # at each arrival, itself included
        self.now = 0

    async def answer(self, url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        self.now += 1
        self.in_flight.append(self.now)
        try:
            if url != HOME and self.dice.random() < 0.25:
                if self._broken is None:
                    raise ConnectionResetError
                return self._broken
            await asyncio.sleep(0.1)
            return Answer(page(*(f"/{n}" for n in range(PAGES))))
        finally:
            self.now -= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken",
    [Answer("Bad Gateway", 502), Answer("Server Error", 500), None],
    ids=["502", "500", "closed"],
)
@on_reactor
async def test_a_broken_server_of_four_costs_no_page_and_does_not_slow_the_crawl_down(
    broken: Answer | None,
) -> None:
    site = Balancer(broken)
    done = await crawl_site(
        site.answer, HOME, TRAPS_ENABLED=False, RETRY_TIMES=2, CONCURRENCY_MAX_PER_SITE=16
    )
    assert done.failures == []
    assert len(done.urls) == PAGES + 1
    # A busy machine answers more slowly with more in flight; a limit that is stuck would be 1.
    assert max(site.in_flight[-len(site.in_flight) // 3 :]) >= 3
