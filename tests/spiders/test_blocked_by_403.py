"""Sites that answer 403: to what comes too fast, to everything after a while, or to some pages."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from crawlproj.downloadermiddlewares import blocks
from crawlproj.limits import forbidding
from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = "http://a.example/"
PAGES = 60
ALL = page(*(f"/{n}" for n in range(PAGES)))


@pytest.fixture(autouse=True)
def _shorter_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forbidding, "_WAIT_S", 0.2)
    monkeypatch.setattr(blocks, "CALM_S", 0.3)
    monkeypatch.setattr(forbidding, "_STRIKES", 2)


def ends_after_ten() -> Callable[[str, str], Answer]:
    """Return a web that answers ten pages and forbids whatever comes later."""
    answered = 0

    def web(url: str, _: str) -> Answer:
        nonlocal answered
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        answered += 1
        return Answer(ALL) if answered <= 10 else Answer("go away", 403)

    return web


def limited(
    forbidden: frozenset[str] = frozenset(), status: int = 403
) -> Callable[[str, str], Answer]:
    """Return a web that answers every 30 ms, and forbids what comes sooner, or is ``forbidden``.

    A cache answers for it what it has answered before.
    """
    free_at, cached = 0.0, set()

    def web(url: str, _: str) -> Answer:
        nonlocal free_at
        now = time.monotonic()
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        if url in cached:
            return Answer(ALL)
        if now < free_at:
            return Answer("too fast", status)
        free_at = now + 0.03
        if url in forbidden:
            return Answer("no", 403)
        cached.add(url)
        return Answer(ALL)

    return web


@pytest.mark.slow
@pytest.mark.parametrize("status", [403, 420, 509, 999])
@on_reactor
async def test_a_site_that_forbids_what_comes_too_fast_is_crawled_whole(status: int) -> None:
    done = await crawl_site(limited(status=status), HOME, TRAPS_ENABLED=False)
    assert done.failures == []
    assert len(done.urls) == PAGES + 1


@pytest.mark.slow
@on_reactor
async def test_a_site_that_forbids_some_pages_and_what_comes_too_fast_is_crawled_whole() -> None:
    forbidden = frozenset(f"{HOME}{n}" for n in range(9, PAGES, 10))
    done = await crawl_site(limited(forbidden), HOME, TRAPS_ENABLED=False)
    assert {failure.url for failure in done.failures} == forbidden
    assert len(done.urls) == PAGES + 1 - len(forbidden)


@pytest.mark.slow
@on_reactor
async def test_pages_that_are_forbidden_while_another_one_is_tried_are_asked_for_again() -> None:
    arrived, latest, is_calm = 0, 0.0, False

    async def web(url: str, _: str) -> Answer:
        """Forbid what is in flight at the 20th request, and later ones until 0.2 s of calm."""
        nonlocal arrived, latest, is_calm
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        arrived += 1
        now = time.monotonic()
        is_calm = is_calm or (arrived > 20 and now > latest + 0.2)
        latest = now
        await asyncio.sleep(0.05)
        return Answer("too fast", 403) if arrived >= 20 and not is_calm else Answer(ALL)

    done = await crawl_site(web, HOME, TRAPS_ENABLED=False)
    assert done.failures == []
    assert len(done.urls) == PAGES + 1


@on_reactor
async def test_a_site_that_bans_us_is_left_alone_after_a_few_tries() -> None:
    done = await crawl_site(ends_after_ten(), HOME, TRAPS_ENABLED=False)
    assert len(done.urls) == 10
    assert len(done.asked) < 10 + 3 * 8, "what was in flight when it began, and a few tries"
    reasons = {failure.reason for failure in done.failures}
    assert "site-forbids" in reasons
    assert reasons <= {"http-403", "site-forbids"}


@on_reactor
async def test_pages_that_are_forbidden_fail_at_once_and_cost_a_site_nothing() -> None:
    forbidden = {f"{HOME}{n}" for n in range(0, PAGES, 2)}

    def web(url: str, _: str) -> Answer:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        return Answer("no", 403) if url in forbidden else Answer(ALL)

    done = await crawl_site(web, HOME, TRAPS_ENABLED=False)
    assert {failure.url for failure in done.failures} == forbidden
    assert {failure.reason for failure in done.failures} == {"http-403"}
    assert len(done.urls) == PAGES + 1 - len(forbidden)
    assert len(done.asked) < PAGES + 2 + 12


@on_reactor
async def test_the_403s_of_a_crawl_that_shows_who_it_is_are_not_taken_for_a_limit() -> None:
    arguments = {"headers": "Authorization: Bearer x"}
    done = await crawl_site(ends_after_ten(), HOME, arguments=arguments, TRAPS_ENABLED=False)
    assert {failure.reason for failure in done.failures} == {"http-403"}
