"""Crawls of sites that ask for rests of years end at once, with a reason for each page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.downloadermiddlewares.crawling import Answer, crawl, site
from tests.http.helpers import on_reactor

if TYPE_CHECKING:
    from collections.abc import Callable

TEN_YEARS = "315360000"
PAGES = 40


@pytest.mark.slow
@pytest.mark.parametrize("status", [429, 503])
@on_reactor
async def test_a_retry_after_of_ten_years_ends_the_site_and_not_the_others(status: int) -> None:
    def resting(path: str, before: int) -> Answer:
        return (status, TEN_YEARS)

    async with site(resting) as asleep, site() as awake:
        urls = [f"{one.url}/{n}" for n in range(PAGES) for one in (asleep, awake)]
        outcomes, _ = await crawl(urls, RETRY_TIMES=2)
    assert {outcomes[url] for url in urls if url.startswith(asleep.url)} == {"site-rests"}
    assert {outcomes[url] for url in urls if url.startswith(awake.url)} == {200}
    assert len(asleep.asked) <= 2, "one, and what was in flight beside it"


@on_reactor
async def test_a_rest_within_the_patience_is_kept() -> None:
    def once(path: str, before: int) -> Answer:
        return (429, "1") if path == "/0" and not before else (200, "")

    async with site(once) as one:
        outcomes, _ = await crawl([f"{one.url}/{n}" for n in range(3)], SITE_PATIENCE=2)
    assert set(outcomes.values()) == {200}
    assert one.gaps("/0")[0] >= 1


@on_reactor
async def test_the_patience_is_a_setting() -> None:
    async with site(lambda *_: (429, "5")) as one:
        outcomes, _ = await crawl([f"{one.url}/{n}" for n in range(3)], SITE_PATIENCE=4)
    assert set(outcomes.values()) == {"site-rests"}


@pytest.mark.slow
@on_reactor
async def test_a_site_that_refuses_every_page_is_given_up() -> None:
    answers = lambda path, _: (404, "") if path == "/robots.txt" else (429, "")  # noqa: E731
    async with site(answers) as one:
        urls = [f"{one.url}/{n}" for n in range(PAGES)]
        outcomes, _ = await crawl(urls, ROBOTSTXT_OBEY=True, SITE_PATIENCE=3)
    assert set(outcomes.values()) == {"site-rests"}
    assert len(one.asked) < PAGES / 2, "the others are not asked for"


def closing() -> Callable[[str, int], Answer]:
    """Answer robots.txt, and close the connection on every other request."""

    def answer(path: str, _: int) -> Answer:
        if path == "/robots.txt":
            return (404, "")
        raise ConnectionError

    return answer


@pytest.mark.slow
@on_reactor
async def test_a_site_that_only_answers_robots_txt_is_given_up() -> None:
    async with site(closing()) as one:
        urls = [f"{one.url}/{n}" for n in range(PAGES)]
        outcomes, _ = await crawl(urls, ROBOTSTXT_OBEY=True, SITE_PATIENCE=3)
    assert set(outcomes.values()) == {"connection-lost", "site-away"}
    assert list(outcomes.values()).count("site-away") > PAGES / 2
