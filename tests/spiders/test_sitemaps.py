"""Sitemaps lead to the pages in scope, and end with a reason that is true."""

from __future__ import annotations

import gzip
import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

if TYPE_CHECKING:
    from collections.abc import Callable

# The time in the header would be in the name of a test, and each worker has its own.
gzipped = partial(gzip.compress, mtime=0)

HOME = "http://a.example/"


def web(pages: dict[str, Any], *sitemaps: str) -> Callable[[str, str], Any]:
    """Return a web whose site a.example names ``sitemaps`` in its robots.txt."""
    lines = "\n".join(f"Sitemap: {url}" for url in sitemaps)
    robots = Answer(f"User-agent: *\nDisallow:\n{lines}", headers={"Content-Type": "text/plain"})
    pages = {HOME: page("/x"), "http://a.example/x": page()} | pages

    def answer(url: str, _: str) -> Any:
        return robots if url == "http://a.example/robots.txt" else pages.get(url, NOT_FOUND)

    return answer


def listing(*urls: str, tag: str = "url", root: str = "urlset") -> str:
    entries = "".join(f"<{tag}><loc>{url}</loc></{tag}>" for url in urls)
    return f"<{root}>{entries}</{root}>"


def index(*urls: str) -> str:
    return listing(*urls, tag="sitemap", root="sitemapindex")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("map.xml", listing("http://a.example/s")),
        ("map.xml.gz", gzipped(listing("http://a.example/s").encode())),
        ("map.txt", "http://a.example/s\n"),
        ("feed", "<rss><item><link>http://a.example/s</link></item></rss>"),
    ],
    ids=["xml", "gzip", "text", "rss"],
)
@on_reactor
async def test_the_pages_of_a_sitemap_are_fetched_and_it_is_not_a_page(
    name: str, body: str | bytes
) -> None:
    url = f"http://a.example/{name}"
    done = await crawl_site(web({url: body, "http://a.example/s": page()}, url), HOME)
    assert done.urls == {HOME, "http://a.example/x", "http://a.example/s"}
    assert done.tally is not None
    assert done.tally.done == len(done.pages)
    assert done.skipped == {"sitemap": 1}


@on_reactor
async def test_what_is_not_a_sitemap_fails_with_a_row() -> None:
    url = "http://a.example/map.xml"
    done = await crawl_site(web({url: page("/soft-404")}, url), HOME)
    assert [(row.url, row.reason) for row in done.failures] == [(url, "not-a-sitemap")]
    assert "urlset" in done.failures[0].detail
    assert done.tally is not None
    assert dict(done.tally.failed) == {"not-a-sitemap": 1}
    assert done.tally.done == len(done.pages) == 2


@on_reactor
async def test_a_sitemap_may_be_larger_than_a_page() -> None:
    url = "http://a.example/map.xml"
    padding = b"<url><note>" + b"y" * 500_000 + b"</note></url>"
    pages = {url: b"<urlset>" + padding + listing("http://a.example/s").encode()}
    done = await crawl_site(
        web({**pages, "http://a.example/s": page()}, url), HOME, DOWNLOAD_MAXSIZE=100_000
    )
    assert "http://a.example/s" in done.urls


@on_reactor
async def test_a_start_url_may_be_a_sitemap() -> None:
    url = "http://a.example/map.xml"
    pages = {
        url: Answer(listing("http://a.example/s"), headers={"Content-Type": "application/xml"}),
        "http://a.example/s": page(),
    }
    done = await crawl_site(web(pages, url), url)
    assert done.urls == {"http://a.example/s"}
    assert done.asked.count(url) == 1


@pytest.mark.parametrize(
    "start",
    [
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link rel="subsection" href="/"/>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>',
    ],
    ids=["catalogue", "empty"],
)
@on_reactor
async def test_a_start_page_that_is_a_feed_without_pages_says_why_nothing_is_followed(
    start: str, caplog: pytest.LogCaptureFixture
) -> None:
    def web(url: str, _: str) -> Answer:
        return Answer(start, headers={"Content-Type": "application/xml"})

    done = await crawl_site(web, "http://a.example/feed", LOG_LEVEL="WARNING")
    assert done.totals.skipped == {"sitemap": 1}
    assert "http://a.example/feed: nothing is followed, because" in caplog.text


@on_reactor
async def test_a_sitemap_that_the_start_page_links_to_is_read_as_a_sitemap() -> None:
    url = "http://a.example/map.xml"
    pages = {
        "http://a.example/": page("http://a.example/map.xml"),
        url: Answer(listing("http://a.example/s"), headers={"Content-Type": "application/xml"}),
        "http://a.example/s": page(),
    }
    done = await crawl_site(web(pages, url), "http://a.example/")
    assert done.urls == {"http://a.example/", "http://a.example/s"}
    assert done.asked.count(url) == 1


@on_reactor
async def test_indexes_are_followed_five_deep_and_never_out_of_the_sites_of_the_crawl(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    pages: dict[str, Any] = {
        f"http://a.example/{n}.xml": index(
            f"http://a.example/{n + 1}.xml", f"http://farm.example/{n}.xml"
        )
        for n in range(50)
    }
    done = await crawl_site(
        web(pages, "http://a.example/0.xml", "http://farm.example/s.xml"), HOME, LOG_LEVEL="INFO"
    )
    asked = [url for url in done.asked if url.endswith(".xml")]
    assert asked == [f"http://a.example/{n}.xml" for n in range(6)]
    assert "http://a.example/6.xml is left out" in caplog.text
    assert "http://farm.example/s.xml is left out" in caplog.text


@on_reactor
async def test_indexes_that_name_ever_new_ones_are_a_trap() -> None:
    number = itertools.count()

    def answer(url: str, _: str) -> Answer | str:
        if url.endswith("/robots.txt"):
            return Answer("Sitemap: http://a.example/map/start.xml\n")
        if "/map/" not in url:
            return page()
        return index(*(f"http://a.example/map/{next(number)}.xml" for _ in range(5)))

    done = await crawl_site(answer, HOME)
    assert len(done.asked) < 200  # of 781 that are five deep
    assert done.skipped["trap"]


@on_reactor
async def test_a_page_in_an_index_is_a_page() -> None:
    url = "http://a.example/map.xml"
    pages = {
        url: "<sitemapindex><url><loc>http://a.example/p</loc></url></sitemapindex>",
        "http://a.example/p": page(),
    }
    done = await crawl_site(web(pages, url), HOME)
    assert "http://a.example/p" in done.urls
