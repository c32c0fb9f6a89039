"""A crawl fetches what its user chose, and counts what that leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http.helpers import on_reactor
from tests.spiders.web import Answer, crawl_site, page, web_of

if TYPE_CHECKING:
    from pathlib import Path

HOME = "http://a.example/"


def typed(content_type: str, body: bytes | str = b"x") -> Answer:
    return Answer(body, headers={"Content-Type": content_type})


SITE = {
    "/": page("/blog/1", "/blog/print/1", "/shop/1", "/shop/2", "/blog/moved"),
    "/blog/1": page("/shop/1", "/blog/2"),
    "/blog/2": page(),
    "/blog/moved": Answer(status=302, headers={"Location": "/shop/3"}),
    "/shop/3": page(),
}


@on_reactor
async def test_include_and_exclude_leave_urls_out_and_each_is_counted_once() -> None:
    arguments = {"include": "/blog/*", "exclude": "*/print/*, re:nothing"}
    done = await crawl_site(web_of(SITE), HOME, arguments=arguments)
    assert done.finished
    assert done.urls == {HOME, f"{HOME}blog/1", f"{HOME}blog/2"}
    assert done.totals.skipped == {"not-included": 3, "excluded": 1, "redirected": 1}
    asked = {url.removeprefix(HOME) for url in done.asked}
    assert asked == {"robots.txt", "", "blog/1", "blog/2", "blog/moved"}


@on_reactor
async def test_a_start_page_is_fetched_whatever_is_chosen_and_a_warning_says_why_it_is_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = await crawl_site(
        web_of(SITE), HOME, arguments={"include": "/no/*", "content": "pdf"}, LOG_LEVEL="WARNING"
    )
    assert done.urls == {HOME}
    assert "5 links in scope, but -a include or -a exclude leaves out each" in caplog.text


@on_reactor
async def test_other_media_types_end_after_the_head() -> None:
    big = typed("application/zip", b"z" * 14_000_000)
    pages = {
        "/": page("/a", "/b.pdf", "/c.zip", "/download", "/gone", "/to-a", "/pic.png"),
        "/a": page(),
        "/b.pdf": typed("application/pdf"),
        "/download": big,
        "/to-a": Answer("moved", 301, {"Location": "/a", "Content-Type": "text/plain"}),
        "/gone": Answer("gone", 410, {"Content-Type": "text/plain"}),
    }
    done = await crawl_site(web_of(pages), HOME, arguments={"content": "html,pdf"})
    assert done.finished
    assert done.urls == {HOME, f"{HOME}a", f"{HOME}b.pdf"}
    assert done.totals.skipped == {"content-type": 1, "extension": 2, "redirected": 1}
    assert done.totals.failed == {"http-410": 1}
    assert done.body_bytes[f"{HOME}download"] < 14_000_000, "the body was read to its end"


@on_reactor
async def test_a_site_has_as_many_pages_as_the_user_allows() -> None:
    pages = {
        "/": page(*(f"/{n}" for n in range(30)), "/gone", "/moved"),
        **{f"/{n}": page(f"/more/{n}") for n in range(30)},
        "/moved": Answer(status=302, headers={"Location": "/0"}),
    }
    done = await crawl_site(web_of(pages), HOME, arguments={"max_pages_per_site": "10"})
    assert done.finished
    assert len(done.pages) == 10
    assert done.totals.skipped["max-pages-per-site"] >= 20


@on_reactor
async def test_max_depth_bounds_the_links_in_a_row() -> None:
    pages = {f"/{n or ''}": page(f"/{n + 1}") for n in range(9)}
    done = await crawl_site(web_of(pages), HOME, arguments={"max_depth": "2"})
    assert done.urls == {HOME, f"{HOME}1", f"{HOME}2"}
    assert done.totals.skipped == {"depth": 1}


CLOSES = {"EXTENSIONS": {"scrapy.extensions.closespider.CloseSpider": 0}}
MAP = "<urlset><url><loc>http://a.example/s</loc></url></urlset>"
ROBOTS = typed("text/plain", "User-agent: *\nSitemap: http://a.example/map.xml")
WITH_MAP = {"/": page("/x"), "/x": page(), "/s": page("/y"), "/y": page(), "/map.xml": MAP}


@pytest.mark.parametrize(
    ("sitemap", "paths"),
    [("also", {"", "x", "s", "y"}), ("only", {"", "s"}), ("never", {"", "x"})],
)
@on_reactor
async def test_sitemaps_are_used_as_well_or_alone_or_not(sitemap: str, paths: set[str]) -> None:
    pages = {**WITH_MAP, "/robots.txt": ROBOTS}
    done = await crawl_site(web_of(pages), HOME, arguments={"sitemap": sitemap})
    assert done.finished
    assert done.urls == {HOME + path for path in paths}


@on_reactor
async def test_a_site_that_names_no_sitemap_may_have_one_where_they_usually_are() -> None:
    pages = {"/": page("/x"), "/sitemap.xml": MAP, "/s": page()}
    done = await crawl_site(web_of(pages), HOME, arguments={"sitemap": "only"})
    assert done.urls == {HOME, f"{HOME}s"}


@on_reactor
async def test_a_continued_crawl_counts_the_pages_of_its_earlier_runs_and_obeys_a_new_choice(
    tmp_path: Path,
) -> None:
    pages = {"/": page(*(f"/{n}" for n in range(30))), **{f"/{n}": page() for n in range(30)}}
    settings = {"FRONTIER_URL": f"sqlite:///{tmp_path / 'f.db'}", "CONCURRENT_REQUESTS": 1}
    first = await crawl_site(web_of(pages), HOME, CLOSESPIDER_PAGECOUNT=5, **CLOSES, **settings)
    assert not first.finished
    arguments = {"max_pages_per_site": "12", "exclude": "re:/2[0-9]"}
    second = await crawl_site(web_of(pages), HOME, arguments=arguments, **settings)
    assert second.finished
    assert second.totals.done == 12 > len(second.pages)
    assert second.totals.skipped.keys() == {"excluded", "max-pages-per-site"}
    assert second.totals.discovered == 31
