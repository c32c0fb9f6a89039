"""A crawl follows its start page where that redirects, and says why it follows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from crawlproj.downloadermiddlewares.access import AccessMiddleware
from tests.http.helpers import on_reactor
from tests.spiders.web import NOT_FOUND, Answer, crawl_site, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request


def web(pages: dict[str, Any]) -> Callable[[str, str], Any]:
    return lambda url, _: pages.get(url, NOT_FOUND)


def moved(url: str, status: int = 301) -> Answer:
    return Answer(status=status, headers={"Location": url})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@on_reactor
async def test_a_redirect_to_www_moves_the_scope(status: int) -> None:
    pages = {
        "http://shop.example/": moved("http://www.shop.example/", status),
        "http://www.shop.example/": page("/a", "http://shop.example/c", "http://other.example/"),
        "http://www.shop.example/a": page("b"),
        "http://www.shop.example/b": page(),
        "http://shop.example/c": page(),
    }
    done = await crawl_site(web(pages), "http://shop.example")
    assert done.urls == {*pages} - {"http://shop.example/"}
    assert not any("other.example" in url for url in done.asked)


@on_reactor
async def test_a_redirect_to_a_directory_makes_it_the_prefix() -> None:
    pages = {
        "http://docs.example/docs": moved("/docs/"),
        "http://docs.example/docs/": page("/docs/a", "/blog/x"),
        "http://docs.example/docs/a": page(),
        "http://docs.example/blog/x": page(),
    }
    done = await crawl_site(web(pages), "http://docs.example/docs", arguments={"scope": "prefix"})
    assert done.urls == {"http://docs.example/docs/", "http://docs.example/docs/a"}


@on_reactor
async def test_sitemaps_wait_for_the_scope_that_the_start_page_leads_to() -> None:
    sitemap = "<urlset><url><loc>http://docs.example/{}</loc></url></urlset>"
    robots = Answer("Sitemap: http://docs.example/map.xml", headers={"Content-Type": "text/plain"})
    pages = {
        "http://docs.example/robots.txt": robots,
        "http://docs.example/map.xml": sitemap.format("blog/x") + sitemap.format("docs/y"),
        "http://docs.example/docs": moved("/docs/"),
        "http://docs.example/docs/": page(),
        "http://docs.example/docs/y": page(),
        "http://docs.example/blog/x": page(),
    }
    done = await crawl_site(web(pages), "http://docs.example/docs", arguments={"scope": "prefix"})
    assert done.urls == {"http://docs.example/docs/", "http://docs.example/docs/y"}


@on_reactor
async def test_a_crawl_that_continues_knows_where_the_scope_has_moved(tmp_path: Any) -> None:
    pages = {
        "http://shop.example/": moved("http://www.shop.example/"),
        "http://www.shop.example/": page("/a"),
        "http://www.shop.example/a": page("/b"),
        "http://www.shop.example/b": page("/c"),
        "http://www.shop.example/c": page(),
    }
    place = {"FRONTIER_URL": f"sqlite:///{tmp_path}/f.db"}
    first = await crawl_site(
        web(pages), "http://shop.example", CLOSESPIDER_PAGECOUNT=2, CONCURRENT_REQUESTS=1, **place
    )
    second = await crawl_site(web(pages), "http://shop.example", **place)
    assert not first.finished
    assert second.finished
    assert first.urls | second.urls == {*pages} - {"http://shop.example/"}


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (moved("http://parking.example/"), "-a url=http://parking.example/"),
        (Answer("text", headers={"Content-Type": "text/x-log"}), "its media type is 'text/x-log'"),
        (Answer(b"\0\1", headers={"Content-Type": "image/png"}), "its media type is 'image/png'"),
        (Answer(page("/a"), headers={"X-Robots-Tag": "nofollow"}), "include nofollow"),
        (page("/a") + "<meta name=robots content=none>", "include nofollow"),
        (page(), "it has no links"),
        (
            page("https://elsewhere.example/"),
            "but none in scope=host; the first one leads to https://elsewhere.example/. Links that",
        ),
    ],
    ids=["redirect", "label", "image", "header", "meta", "empty", "outside"],
)
@on_reactor
async def test_a_start_page_of_which_nothing_is_followed_says_why(
    start: Any, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    pages = {"http://a.example/": start, "http://parking.example/": page("/x")}
    done = await crawl_site(web(pages), "http://a.example/", LOG_LEVEL="WARNING")
    assert len(done.pages) == 1
    assert "http://a.example/: nothing is followed, because" in caplog.text
    assert why in caplog.text


@pytest.mark.parametrize("obey", [True, False])
@on_reactor
async def test_links_of_a_page_that_says_nofollow_are_followed_only_if_somebody_says_so(
    obey: bool,
) -> None:
    # The Django admin has this on all pages, DokuWiki on pages of the last days.
    private = "<meta name=robots content=NONE,NOARCHIVE>"
    pages = {
        "http://a.example/": page("/a") + "<a rel=nofollow href=/delete>delete</a>" + private,
        "http://a.example/a": Answer(page("/b"), headers={"X-Robots-Tag": "nofollow"}),
        "http://a.example/b": page(),
        "http://a.example/delete": page(),
    }
    done = await crawl_site(web(pages), "http://a.example/", PAGE_NOFOLLOW_OBEY=obey)
    assert len(done.urls) == (1 if obey else 3)
    assert "http://a.example/delete" not in done.urls


@on_reactor
async def test_a_start_page_with_a_link_in_scope_needs_no_explanation(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pages = {"http://a.example/": page("/a", "http://b.example/"), "http://a.example/a": page()}
    done = await crawl_site(web(pages), "http://a.example/", LOG_LEVEL="WARNING")
    assert done.urls == {*pages}
    assert "nothing is followed" not in caplog.text


@pytest.mark.parametrize("start", ["http://www.shop.example/", "http://shop.example/"])
@on_reactor
async def test_a_host_that_redirects_to_its_twin_is_one_site_with_it(start: str) -> None:
    other = "http://shop.example" if "www" in start else "http://www.shop.example"
    pages = {
        start: page(f"{other}/a", f"{other}/b"),
        f"{other}/a": moved(f"{start}a"),
        f"{start}a": page(f"{other}/c"),
        f"{other}/b": moved(f"{start}b"),
        f"{start}b": page(),
        f"{other}/c": moved(f"{start}c"),
        f"{start}c": page(),
    }
    done = await crawl_site(web(pages), start)
    assert done.urls == {start, f"{start}a", f"{start}b", f"{start}c"}


@on_reactor
async def test_a_host_in_scope_may_redirect_to_its_twin() -> None:
    pages = {
        "http://shop.example/": page("/a"),
        "http://shop.example/a": moved("http://www.shop.example/a"),
        "http://www.shop.example/a": page("/b"),
        "http://www.shop.example/b": page(),
    }
    done = await crawl_site(web(pages), "http://shop.example/")
    assert "http://www.shop.example/b" in done.urls


@on_reactor
async def test_a_twin_that_answers_by_itself_is_another_site() -> None:
    pages = {
        "http://shop.example/": page("http://www.shop.example/a", "/x"),
        "http://www.shop.example/a": page("http://www.shop.example/b", "/c"),
        "http://www.shop.example/b": page(),
        "http://www.shop.example/c": page(),
        "http://shop.example/x": page("http://www.shop.example/d"),
    }
    done = await crawl_site(web(pages), "http://shop.example/", CONCURRENT_REQUESTS=1)
    assert done.urls == {"http://shop.example/", "http://shop.example/x"}
    assert done.skipped == {"offsite": 1}
    assert [url for url in done.asked if "/www." in url] == [
        *("http://www.shop.example/robots.txt", "http://www.shop.example/a")
    ]


@on_reactor
async def test_a_request_carries_the_moves_of_its_own_domain_only() -> None:
    pages: dict[str, Any] = {
        f"http://{name}.example/": moved(f"http://www.{name}.example/") for name in "abc"
    }
    pages |= {f"http://www.{name}.example/": page("/x") for name in "abc"}
    pages |= {f"http://www.{name}.example/x": page() for name in "abc"}
    seen: list[dict[str, Any]] = []

    def look(request: Request) -> None:
        seen.append(request.meta.get("scope_moved", {}))

    with patch.object(AccessMiddleware, "process_request", lambda _, request: look(request)):
        done = await crawl_site(
            web(pages),
            ",".join(f"http://{name}.example" for name in "abc"),
            arguments={"headers": "X: 1"},
        )
    assert len(done.pages) == 6
    assert max(map(len, seen)) == 1
