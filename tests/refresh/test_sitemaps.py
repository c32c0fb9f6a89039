"""Refreshes of a site that has a sitemap."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.refresh.changing_web import Answer, ChangingWeb, Crawl, html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

DAY_S = 86_400
PATHS = ("/a", "/b", "/c", "/d")


@pytest.fixture
def web() -> Iterator[ChangingWeb]:
    pages = {"/": Answer(html("home", *PATHS))} | {path: Answer(html(path)) for path in PATHS}
    with ChangingWeb(pages) as running:
        pages["/robots.txt"] = Answer(f"Sitemap: {running.url}/map.xml", kind="text/plain")
        say(running)
        yield running


def say(web: ChangingWeb, **days: float) -> None:
    """Let the sitemap say how many days ago pages changed: 60 unless another number is given."""
    now = datetime.now(UTC).timestamp()
    entries = ""
    for path in ("/", *PATHS):
        changed = datetime.fromtimestamp(now - days.get(path[1:], 60) * DAY_S, UTC).isoformat()
        entries += f"<url><loc>{web.url}{path}</loc><lastmod>{changed}</lastmod></url>"
    web.pages["/map.xml"] = Answer(f"<urlset>{entries}</urlset>", kind="text/xml")


def aged(crawl: Crawl, days: float) -> None:
    """Let all that was stored have happened so many days earlier."""
    crawl.age(days)
    crawl.write("UPDATE skipped SET skipped_at = skipped_at - ?", days * DAY_S)
    crawl.write("UPDATE hints SET noted_at = noted_at - ?1, lastmod = lastmod - ?1", days * DAY_S)


def test_a_page_that_the_sitemap_says_has_changed_is_checked_first_and_in_the_same_run(
    web: ChangingWeb, tmp_path: Path
) -> None:
    crawl = Crawl(web, tmp_path)
    crawl.run("refresh=auto")
    aged(crawl, 2)
    web.take()
    web.pages["/b"] = Answer(html("another b"))
    say(web, b=0.5)
    shown = crawl.run("refresh=auto", REFRESH_PER_DAY=2)  # the sitemap, and a page
    assert web.paths() == ["/b", "/map.xml"]
    assert "1 changed" in shown


def test_a_sitemap_that_cannot_be_read_holds_nothing_up(web: ChangingWeb, tmp_path: Path) -> None:
    crawl = Crawl(web, tmp_path)
    began = time.monotonic()
    crawl.run("refresh=auto")
    usual_s = time.monotonic() - began
    aged(crawl, 20)
    web.take()
    web.pages["/map.xml"] = Answer("broken", 500)
    began = time.monotonic()
    crawl.run("refresh=auto")
    assert time.monotonic() - began < usual_s + 50, "it waited for a minute"
    assert web.paths() == ["/", *PATHS, "/map.xml"]


def test_other_crawls_note_nothing_of_sitemaps(web: ChangingWeb, tmp_path: Path) -> None:
    crawl = Crawl(web, tmp_path)
    crawl.run()
    crawl.run("refresh=always")
    assert crawl.query("SELECT count(*) FROM hints") == [(0,)]
