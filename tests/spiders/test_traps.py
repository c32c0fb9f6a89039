"""A crawl gets out of a trap by itself, and says what it left out."""

from __future__ import annotations

import itertools
from collections import Counter
from unittest import mock
from urllib.parse import urlsplit

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.http.request import NO_CALLBACK

from crawlproj.downloadermiddlewares.traps import InTrap, TrapMiddleware
from crawlproj.links.budgets import Budgets
from crawlproj.links.traps import Traps
from crawlproj.pages import page_of
from crawlproj.spiders.lessons import lesson
from crawlproj.spiders.site import SiteSpider
from crawlproj.store.base import Checked
from tests.http.helpers import on_reactor
from tests.links import trap_web
from tests.links.trap_web import ENTRIES, is_real
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

HOME = "http://a.example/"


@on_reactor
async def test_a_site_that_answers_every_path_has_an_end(caplog: pytest.LogCaptureFixture) -> None:
    def answer(url: str, _: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        return page("img/", "www.example.com/policies/", text="Shop")

    done = await crawl_site(answer, HOME, LOG_LEVEL="WARNING")
    assert done.finished
    assert len(done.asked) < 150
    rows = {row.url: row for row in done.failures}
    assert {row.reason for row in rows.values()} == {"trap"}
    assert len(rows) == done.skipped["trap"]
    assert all("pages in a row had nothing new" in row.detail for row in rows.values())
    assert "is not followed any more" in caplog.text


def test_the_age_of_what_a_page_shows_makes_no_difference_between_pages() -> None:
    learned = []
    for age in ("5 minutes ago", "1 hour, 10 minutes ago"):
        response = HtmlResponse(HOME, body=f"<p>Saved {age}".encode(), request=Request(HOME))
        traps = mock.Mock(similar=None)
        learn = lesson(traps, response, page_of(response))
        assert learn is not None
        learn([])
        learned.append(traps.learn.call_args)
    assert learned[0] == learned[1]


def test_pages_that_are_checked_are_known_to_the_search_for_traps_unless_they_are_gone() -> None:
    spider = SiteSpider(url=HOME)
    spider.traps = mock.Mock()
    for path, missing in (("here", False), ("gone", True)):
        page = Checked("pages", f"{HOME}{path}", 1, 0.0, "", missing, "x", None, None, None)
        assert spider._check(page).url == page.url
    assert spider.traps.know.call_args_list == [mock.call(f"{HOME}here")]


def test_of_many_traps_the_first_five_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    spider = SiteSpider(url=HOME)
    assert spider.traps is not None
    for n in range(8):
        spider.traps.found[f"a.example/{n}/#"] = "20 pages in a row had nothing new"
        spider.warn_of(f"a.example/{n}/#")
    told = [record for record in caplog.records if "is not followed any more" in record.message]
    assert [record.levelname for record in told] == ["WARNING"] * 5 + ["INFO"] * 3
    assert "More such traps are logged at the level INFO" in caplog.text


@on_reactor
async def test_five_pages_with_a_new_session_in_every_link_are_five_pages() -> None:
    count = itertools.count(10**9)

    def answer(url: str, _: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        return page(*(f"/p{n};jsessionid={next(count)}" for n in range(5)))

    done = await crawl_site(answer, HOME)
    assert done.urls == {HOME, *(f"{HOME}p{n}" for n in range(5))}


@on_reactor
async def test_links_to_no_page_end_unless_one_of_their_shape_has_a_page() -> None:
    words = [f"{one}{two}" for one in "abcdefgh" for two in "klmnopqrst"]

    def answer(url: str, _: str) -> Answer | str:
        path = url.removeprefix(HOME)
        number = int("".join(filter(str.isdigit, path)) or -1)
        if path == "":
            return page(*words, text="Days")
        if path in words:
            at = words.index(path) * 4
            return page(
                *(f"/{kind}/{n}" for n in range(at, at + 4) for kind in ("day", "item")), text=path
            )
        if path.startswith("item/") and number % 30 == 29:
            return page(text=f"Item {words[number // 4]}")
        return NOT_FOUND

    done = await crawl_site(answer, HOME)
    assert {url for url in done.urls if "/item/" in url} == {
        f"{HOME}item/{n}" for n in range(29, 320, 30)
    }
    assert 200 <= done.skipped["trap"] <= 220, "all but the first 100, and those in flight"


@on_reactor
async def test_without_traps_enabled_every_url_is_fetched_as_it_is() -> None:
    def answer(url: str, _: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        return page("/p;jsessionid=A1B2C3D4E5") if url == HOME else page()

    done = await crawl_site(answer, HOME, TRAPS_ENABLED=False)
    assert done.urls == {HOME, f"{HOME}p;jsessionid=A1B2C3D4E5"}


@on_reactor
async def test_the_budget_of_a_site_is_a_setting() -> None:
    def answer(url: str, _: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        return page(*(f"/{n}" for n in range(20)), text=url)

    done = await crawl_site(answer, HOME, SITE_MAX_PAGES=5, CONCURRENT_REQUESTS=1)
    assert len(done.pages) <= 7
    assert {row.detail for row in done.failures} == {"more than 5 pages of a.example"}


# tests/demo/test_traps.py crawls twelve kinds of traps in each run of the tests, and
# tests/links/test_traps.py has these very ones without a spider.
@pytest.mark.chaos
@pytest.mark.parametrize("real", [200, 4_000])
@on_reactor
async def test_a_crawl_gets_out_of_twelve_kinds_of_traps_with_every_real_page(real: int) -> None:
    def answer(url: str, _: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            named = f"Sitemap: {trap_web.HOST}/map/0.xml\n"
            return Answer(named if url.startswith(trap_web.HOST) else "")
        body = trap_web.answer(url, real)
        return Answer(body, headers={"Content-Type": "text/xml"}) if "/map/" in url else body

    done = await crawl_site(
        *(answer, f"{trap_web.HOST}/"), arguments={"scope": "domain"}, seconds=3600
    )
    assert done.finished
    assert sum(map(is_real, done.urls)) == real + 1
    assert {row.reason for row in done.failures} == {"trap"}
    asked = [url for url in done.asked if not url.endswith("/robots.txt")]
    entries = {url if "://" in url else trap_web.HOST + url for url in ENTRIES}
    assert entries <= set(asked), "each trap was entered"
    trapped = [url for url in asked if not is_real(url)]
    # However large the site is, so of one of 25,000 pages less than 2 % of the fetches.
    assert len(trapped) < 550, Counter(urlsplit(url).path.split("/")[1] for url in trapped)


def test_the_robots_txt_of_a_page_that_is_fetched_is_not_in_a_trap() -> None:
    traps = Traps(Budgets())
    traps.found["a.example/*"] = "200 pages in a row had nothing new"
    middleware = TrapMiddleware(traps)
    middleware.process_request(Request("http://a.example/robots.txt", callback=NO_CALLBACK))
    with pytest.raises(InTrap):
        middleware.process_request(Request("http://a.example/page"))


@on_reactor
async def test_change_forms_that_differ_only_in_what_their_fields_hold_are_all_fetched() -> None:
    def answer(url: str, _: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            return NOT_FOUND
        number = url.removeprefix(HOME).partition("/")[0]
        if not number:
            return page(*(f"/{n}/change/" for n in range(1, 150)))
        name = "".join(chr(97 + int(digit)) for digit in number)
        return (
            f"<!doctype html><title>Change</title><form>Name<input name=name value={name}></form>"
        )

    done = await crawl_site(answer, HOME)
    assert len(done.urls) == 150
    assert not done.failures
