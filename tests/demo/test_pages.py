from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest

from crawlproj.content.tree import tree_of
from crawlproj.demo import SiteSpec, expected
from crawlproj.demo.pages import NOT_FOLLOWED, answer
from crawlproj.demo.spec import content_of, fate_of, path_of
from crawlproj.errors import ConfigError

if TYPE_CHECKING:
    from crawlproj.demo import Expected
    from crawlproj.demo.spec import Kind

BASE = "http://127.0.0.9:80"
KINDS: tuple[Kind, ...] = ("plain", "docs", "slow", "failing")


def links(body: bytes) -> list[str]:
    return [link.attr("href") or "" for link in tree_of(body).select("a[href]")]


def crawl(spec: SiteSpec) -> Expected:
    """Crawl the answers with a minimal crawler, to compare the result with ``expected``."""
    found = type(expected(spec))()
    queue = deque([f"{BASE}/", f"{BASE}/sitemap.xml"])
    seen = set(queue)
    visits: dict[str, int] = {}
    while queue:
        url = queue.popleft()
        path = url.removeprefix(BASE)
        visits[path] = visits.get(path, 0) + 1
        got = answer(spec, BASE, path, visits[path])
        new = []
        if path.startswith("/private/"):
            found.skipped[url] = "robots"
        elif path == "/sitemap.xml":
            found.skipped[url] = "sitemap"
            new = [loc.text for loc in tree_of(got.body).select("loc")]
        elif got.status in {301, 302}:
            found.skipped[url] = "redirected"
            new = [urljoin(url, dict(got.headers)["Location"])]
        elif (got.status >= 500 or got.ending != "whole") and visits[path] < 3:
            queue.append(url)
        elif got.ending != "whole":
            slugs = {"truncated": "data-loss", "hanging": "timeout"}
            found.failed[url] = slugs.get(got.ending, "connection-lost")
        elif got.status != 200:
            found.failed[url] = f"http-{got.status}"
        else:
            found.pages.add(url)
            if b"nofollow" not in got.body:
                new = [_joined(url, href) for href in links(got.body)]
        for link in new:
            if link.startswith(f"{BASE}/") and link not in seen:
                seen.add(link)
                queue.append(link)
    return found


def _joined(url: str, href: str) -> str:
    try:
        return urljoin(url, href).partition("#")[0]
    except ValueError:  # the broken link
        return ""


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pages", [3, 12, 60, 333])
def test_a_crawl_ends_with_the_expected_result(kind: Kind, pages: int) -> None:
    spec = SiteSpec("site", kind, pages=pages)
    assert crawl(spec) == expected(spec, BASE)


def test_crawls_of_a_one_page_site_and_of_a_hanging_page_end_as_expected() -> None:
    for spec in (
        SiteSpec("one", "docs", pages=1, sitemap_only=0),
        SiteSpec("hanging", "failing", pages=90, hanging=True),
    ):
        assert crawl(spec) == expected(spec, BASE)


def test_a_failing_site_has_pages_of_every_fate() -> None:
    spec = SiteSpec("site", "failing", pages=80, hanging=True)
    fates = {fate_of(spec, n) for n in range(spec.pages)}
    assert fates == {
        *("ok", "gone", "broken", "broken once", "busy once", "reset", "dropped once"),
        *("truncated", "moved", "moved twice", "alias", "hanging"),
    }


@pytest.mark.parametrize("kind", ["plain", "docs"])
def test_a_site_without_failures_is_expected_to_yield_every_numbered_page(kind: Kind) -> None:
    result = expected(SiteSpec("site", kind, pages=120), BASE)
    assert result.pages == {BASE + path_of(n) for n in range(120)}
    assert not result.failed


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_the_same_every_time(kind: Kind) -> None:
    spec, again = (SiteSpec("site", kind, pages=100) for _ in range(2))
    for n in range(100):
        assert answer(spec, BASE, path_of(n), 2) == answer(again, BASE, path_of(n), 2)


@pytest.mark.slow
def test_docs_pages_have_85_kb_and_235_links_few_of_them_new() -> None:
    spec = SiteSpec("site", "docs", pages=1000)
    seen: set[str] = set()
    for n in range(300):
        body = answer(spec, BASE, path_of(n)).body
        hrefs = links(body)
        assert len(hrefs) == 235
        assert 84_000 < len(body) < 88_000
        urls = {_joined(BASE + path_of(n), href) for href in hrefs}
        # New are its children, its neighbour, and the pages that its sections link to.
        assert n == 0 or len(urls - seen) <= 25
        seen |= urls


def test_docs_pages_have_links_of_every_kind() -> None:
    hrefs = links(answer(SiteSpec("site", "docs", pages=1000), BASE, path_of(70)).body)
    for start in ("#part-", "page", "../section", "../", "mailto:", "javascript:", "http://[", "/"):
        assert any(href.startswith(start) for href in hrefs), start
    assert any("html#part-" in href for href in hrefs)
    assert any(urlsplit(href).hostname == "www.example.org" for href in hrefs if "[" not in href)


def test_plain_pages_have_13_kb_and_about_8_links() -> None:
    spec = SiteSpec("site", "plain", pages=1000)
    for n in range(300):
        body = answer(spec, BASE, path_of(n)).body
        assert 12_500 < len(body) < 14_000
        assert 7 <= len(links(body)) <= 9


def test_some_pages_are_copies_and_all_others_differ() -> None:
    spec = SiteSpec("site", "docs", pages=120)
    bodies = [answer(spec, BASE, path_of(n)).body for n in range(120)]
    twins = [n for n in range(120) if content_of(n) != n]
    assert twins == [11, 61, 111]
    assert all(bodies[n] == bodies[n - 1] for n in twins)
    assert len(set(bodies)) == 120 - len(twins)


def test_robots_txt_disallows_private_pages_and_names_the_sitemap() -> None:
    spec = SiteSpec("site", pages=20, crawl_delay_s=0.5)
    lines = answer(spec, BASE, "/robots.txt").body.decode().splitlines()
    assert "Disallow: /private/" in lines
    assert "Crawl-delay: 0.5" in lines
    assert f"Sitemap: {BASE}/sitemap.xml" in lines


def test_only_the_sitemap_lists_the_last_pages() -> None:
    spec = SiteSpec("site", "docs", pages=60, sitemap_only=3)
    linked = {
        _joined(BASE + path_of(n), href)
        for n in range(57)
        for href in links(answer(spec, BASE, path_of(n)).body)
    }
    sitemap = answer(spec, BASE, "/sitemap.xml").body.decode()
    for n in (57, 58, 59):
        assert BASE + path_of(n) not in linked
        assert BASE + path_of(n) in sitemap


def test_the_nofollow_page_links_to_a_url_that_no_other_page_links_to() -> None:
    spec = SiteSpec("site", pages=30)
    body = answer(spec, BASE, path_of(spec.nofollow_page)).body
    assert b'<meta name="robots" content="noindex, nofollow">' in body
    assert NOT_FOLLOWED in links(body)
    assert answer(spec, BASE, NOT_FOLLOWED).status == 404


def test_paths_without_a_page_are_404() -> None:
    spec = SiteSpec("site", "failing", pages=50)
    for path in ("/x", "/section0/page0.html", "/section1/page1.html", "/section1/page50.html"):
        assert answer(spec, BASE, path).status == 404
    assert answer(spec, BASE, "/moved/section0/page1.html").status == 404


def test_the_error_for_a_wrong_spec_says_what_is_allowed() -> None:
    with pytest.raises(ConfigError, match="kind must be one of plain, docs"):
        SiteSpec("site", "wiki")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="pages must be more than sitemap_only"):
        SiteSpec("site", pages=2)
