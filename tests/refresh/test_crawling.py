"""Crawls of a site that was crawled before."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.refresh.changing_web import Answer, ChangingWeb, Crawl, html
from tests.waiting import until_at_least

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture
def web() -> Iterator[ChangingWeb]:
    pages = {
        "/": Answer(html("home", "/a", "/b", "/c")),
        "/a": Answer(html("a", "/d"), etag="", modified="Sat, 28 Nov 2026 10:00:00 GMT"),
        "/b": Answer(html("b")),
        "/c": Answer(html("c"), etag=""),
        "/d": Answer(html("d")),
    }
    with ChangingWeb(pages) as running:
        yield running


def test_an_unchanged_site_costs_no_body_where_servers_can_tell(
    web: ChangingWeb, tmp_path: Path
) -> None:
    crawl = Crawl(web, tmp_path)
    crawl.run()
    web.take()
    shown = crawl.run("refresh=always")
    asked = web.take()
    assert [each.path for each in asked] == ["/", "/a", "/b", "/c", "/d"]
    assert [each.status for each in asked] == [304, 304, 304, 200, 304]
    assert crawl.changes() == []
    assert crawl.query("SELECT count(*) FROM pages WHERE checked_at > fetched_at") == [(5,)]
    assert "compared with earlier crawls: 5 not modified frontier" in shown
    assert "finished (generation 1)" in shown
    crawl.run("refresh=7d")
    assert web.take() == []


def test_what_changed_is_fetched_and_new_pages_are_found(web: ChangingWeb, tmp_path: Path) -> None:
    crawl = Crawl(web, tmp_path, {"STORE_HISTORY": 1})
    crawl.run("refresh=always")  # the first time there is nothing to check
    assert web.paths() == ["/", "/a", "/b", "/c", "/d"]
    web.pages["/b"] = Answer(html("b is another", "/new", "/a"))
    web.pages["/d"] = Answer(html("d", menu="another menu"))
    web.pages["/new"] = Answer(html("new"))
    shown = crawl.run("refresh=always")
    assert web.paths() == ["/", "/a", "/b", "/c", "/d", "/new"]
    assert crawl.changes() == [("/b", "changed")]
    assert crawl.query("SELECT count(previous) FROM changes") == [(1,)]
    assert crawl.query("SELECT count(*) FROM pages") == [(6,)]
    assert "crawls: 3 not modified, 1 with the same content, 1 changed, 1 new frontier" in shown
    crawl.run("refresh=always")
    assert crawl.changes() == [("/b", "changed")]
    assert web.paths() == ["/", "/a", "/b", "/c", "/d", "/new"]


def test_a_page_that_a_script_fills_changes_with_what_it_shows_and_not_with_its_scripts(
    web: ChangingWeb, tmp_path: Path
) -> None:
    shell = (
        '<html><head><title>{}</title><script src="/app.{}.js"></script></head>'
        '<body><div id="app"></div><script>const built = "{}"</script>{}</body></html>'
    )
    web.pages["/a"].body = shell.format("a", "3f2a1", 1, "")
    web.pages["/b"].body = shell.format("b", "3f2a1", 1, "")
    web.pages["/c"].body = shell.format("c", "3f2a1", 1, '<img src="/1.png">')
    web.pages["/a"].modified = ""
    web.pages["/"].body = html("home", "/a", "/b", "/c")
    crawl = Crawl(web, tmp_path)
    crawl.run("refresh=always")
    web.pages["/a"].body = shell.format("a", "77b0c", 2, "")
    web.pages["/b"].body = shell.format("another b", "77b0c", 2, "")
    web.pages["/c"].body = shell.format("c", "77b0c", 2, '<img src="/2.png">')
    shown = crawl.run("refresh=always")
    assert sorted(crawl.changes()) == [("/b", "changed"), ("/c", "changed")]
    assert "1 with the same content, 2 changed" in shown


def test_a_page_that_is_missing_twice_is_gone_and_may_come_back(
    web: ChangingWeb, tmp_path: Path
) -> None:
    crawl = Crawl(web, tmp_path)
    crawl.run()
    there = web.pages.pop("/d")
    crawl.run("refresh=always")
    assert crawl.query("SELECT count(*) FROM pages WHERE gone_at IS NOT NULL") == [(0,)]
    shown = crawl.run("refresh=always")
    assert crawl.changes() == [("/d", "gone")]
    assert "4 not modified, 1 gone frontier" in shown
    web.pages["/d"] = there
    crawl.run("refresh=always")
    assert crawl.changes() == [("/d", "gone"), ("/d", "back")]


def test_redirects_failures_and_sitemaps_are_tried_again(web: ChangingWeb, tmp_path: Path) -> None:
    sitemap = "<urlset><url><loc>{}</loc></url></urlset>"
    web.pages["/robots.txt"] = Answer(f"Sitemap: {web.url}/map.xml", kind="text/plain")
    web.pages["/map.xml"] = Answer(sitemap.format(f"{web.url}/b"), kind="text/xml")
    web.pages["/a"] = Answer(status=302, location="/d")
    web.pages["/c"] = Answer("broken", 500)
    crawl = Crawl(web, tmp_path)
    crawl.run()
    web.take()
    web.pages["/map.xml"] = Answer(sitemap.format(f"{web.url}/listed"), kind="text/xml")
    web.pages["/listed"] = Answer(html("listed"))
    web.pages["/a"] = Answer(html("a page now", "/e"))
    web.pages["/c"] = Answer(html("c works"))
    web.pages["/e"] = Answer(html("e"))
    crawl.run("refresh=always")
    assert web.paths() == ["/", "/a", "/b", "/c", "/d", "/e", "/listed", "/map.xml"]
    assert crawl.query("SELECT url FROM failures") == []
    assert crawl.query("SELECT reason FROM skipped") == [("sitemap",)]


def test_a_redirect_gets_none_of_the_validators_of_the_page_that_it_replaced(
    web: ChangingWeb, tmp_path: Path
) -> None:
    crawl = Crawl(web, tmp_path)
    crawl.run()
    web.pages["/b"] = Answer(status=301, location="/moved")
    web.pages["/moved"] = Answer(html("moved"))
    web.take()
    crawl.run("refresh=always")
    moved = [each for each in web.take() if each.path == "/moved"]
    assert [(each.conditional, each.status) for each in moved] == [(False, 200)]


def test_a_server_that_sends_one_etag_for_ever_is_found_out_by_a_spot_check(
    web: ChangingWeb, tmp_path: Path
) -> None:
    web.pages["/b"] = Answer(html("b"), etag='"for ever"')
    crawl = Crawl(web, tmp_path)
    crawl.run()
    web.pages["/b"].body = html("b changed")
    crawl.run("refresh=always")
    assert crawl.changes() == []  # it lied
    crawl.run("refresh=always", REFRESH_SPOT_CHECKS=1)
    web.pages["/b"].body = html("b changed again")
    web.take()
    crawl.run("refresh=always")
    assert crawl.changes() == [("/b", "changed"), ("/b", "changed")]
    assert {each.path: each.conditional for each in web.take()}["/b"] is False


def test_sitemaps_that_robots_txt_names_since_are_read_although_no_page_has_changed(
    web: ChangingWeb, tmp_path: Path
) -> None:
    del web.pages["/c"]  # whose answers are never 304
    web.pages["/"].body = html("home", "/a", "/b")
    crawl = Crawl(web, tmp_path)
    crawl.run()
    web.take()
    web.pages["/robots.txt"] = Answer(f"Sitemap: {web.url}/map.xml", kind="text/plain")
    listed = f"<urlset><url><loc>{web.url}/listed</loc></url></urlset>"
    web.pages["/map.xml"] = Answer(listed, kind="text/xml")
    web.pages["/listed"] = Answer(html("listed"))
    crawl.run("refresh=always")
    answers = {each.path: each.status for each in web.take()}
    assert answers["/"] == 304
    assert answers["/listed"] == 200


def test_max_pages_counts_the_checks_of_a_run_and_leaves_the_rest_for_the_next(
    web: ChangingWeb, tmp_path: Path
) -> None:
    crawl = Crawl(web, tmp_path)
    crawl.run()
    web.take()
    crawl.run("refresh=always", "max_pages=2", CONCURRENT_REQUESTS=1)
    first = web.paths()
    assert len(first) == 2
    crawl.run("refresh=1h")  # what waits, and nothing else
    assert sorted(first + web.paths()) == ["/", "/a", "/b", "/c", "/d"]


def test_a_killed_refresh_continues_and_loses_no_change(tmp_path: Path) -> None:
    numbers = range(120)
    pages = {f"/{n}": Answer(html(f"page {n}")) for n in numbers}
    pages["/"] = Answer(html("home", *pages))
    with ChangingWeb(pages) as web:
        crawl = Crawl(web, tmp_path, {"TRAPS_ENABLED": 0})
        crawl.run()
        web.take()
        for n in numbers:
            if n % 10 == 0:
                web.pages[f"/{n}"] = Answer(html(f"another page {n}", f"/new{n}"))
                web.pages[f"/new{n}"] = Answer(html(f"new {n}"))
        for kill in (30, 70):
            process = crawl.start("refresh=always")
            until_at_least(kill, lambda: len(web.asked), process)
            process.kill()
        crawl.run("refresh=always")
    changed = {f"/{n}" for n in numbers if n % 10 == 0}
    assert sorted(crawl.changes()) == sorted((path, "changed") for path in changed)
    assert crawl.query("SELECT url, reason FROM failures") == []
    assert crawl.query("SELECT count(*) FROM pages") == [(133,)]


def test_auto_checks_no_page_that_has_hardly_had_time_to_change(
    web: ChangingWeb, tmp_path: Path
) -> None:
    crawl = Crawl(web, tmp_path)
    crawl.run()
    web.take()
    crawl.run("refresh=auto")
    assert web.take() == []
    crawl.age(days=40)
    crawl.run("refresh=auto", REFRESH_PER_DAY=3)
    assert len(web.take()) == 3


def test_watch_checks_what_is_due_until_it_is_stopped(web: ChangingWeb, tmp_path: Path) -> None:
    crawl = Crawl(web, tmp_path)
    crawl.run()
    crawl.age(days=40)
    web.pages["/b"] = Answer(html("b is another", "/new"))
    web.pages["/new"] = Answer(html("new"))
    web.take()
    process = crawl.start(spider="watch")
    until_at_least(7, lambda: len(web.asked), process)  # with robots.txt
    process.send_signal(signal.SIGTERM)
    process.wait()
    assert web.paths() == ["/", "/a", "/b", "/c", "/d", "/new"]
    assert crawl.changes() == [("/b", "changed")]


def test_a_start_page_without_links_is_reported_once_and_not_at_every_check(
    web: ChangingWeb, tmp_path: Path
) -> None:
    crawl = Crawl(web, tmp_path)
    web.pages["/"] = Answer(html("home"))
    assert "nothing is followed, because it has no links" in crawl.run()
    web.pages["/"] = Answer(html("home, changed"))
    assert "nothing is followed" not in crawl.run("refresh=always")
    assert crawl.changes() == [("/", "changed")]


@pytest.mark.parametrize("wrong", ["sometimes", "7", "-1d", "7y"])
def test_a_wrong_refresh_is_an_error_that_says_what_to_write(wrong: str, tmp_path: Path) -> None:
    crawl = Crawl(ChangingWeb(), tmp_path)
    crawl.web.url = "http://127.0.0.1:9"
    process = crawl.start(f"refresh={wrong}")
    assert process.wait() == 2
    assert "-a refresh must be always, auto, or an age" in process.output()


def test_without_a_store_there_is_nothing_to_refresh(tmp_path: Path) -> None:
    crawl = Crawl(ChangingWeb(), tmp_path)
    crawl.web.url = "http://127.0.0.1:9"
    process = crawl.start("refresh=always", STORE_URL="")
    assert process.wait() == 2
    assert "-a refresh needs the pages of earlier crawls: set STORE_URL" in process.output()
