"""Two workers refresh the same sites on a frontier in Redis."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.refresh.changing_web import Answer, ChangingWeb, Crawl, html
from tests.servers import Redis, need
from tests.waiting import until_at_least

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGES = 24
CHANGED = range(0, PAGES, 8)


def pages_of(site: str) -> dict[str, Answer]:
    numbers = [f"/{n}" for n in range(PAGES)]
    pages = {path: Answer(html(f"{site} {path}")) for path in numbers}
    return {"/": Answer(html(site, *numbers)), **pages}


@pytest.fixture
def webs() -> Iterator[tuple[ChangingWeb, ChangingWeb]]:
    with ChangingWeb(pages_of("a")) as one, ChangingWeb(pages_of("b")) as other:
        yield one, other


@pytest.fixture
def crawl(webs: tuple[ChangingWeb, ChangingWeb], tmp_path: Path) -> Iterator[Crawl]:
    """Return a crawl of both sites, which has ended two days ago; since then, pages changed."""
    need(Redis.missing())
    with Redis(tmp_path) as server:
        settings: dict[str, object] = {"FRONTIER_URL": server.url(), "TRAPS_ENABLED": 0}
        crawl = Crawl(webs[0], tmp_path, settings, webs[1:])
        crawl.run()
        crawl.age(days=2)
        for web in webs:
            assert len(web.take()) == PAGES + 1
            for n in CHANGED:
                web.pages[f"/{n}"] = Answer(html(f"{web.url} {n} is another", f"/new{n}"))
                web.pages[f"/new{n}"] = Answer(html(f"{web.url} new {n}"))
        yield crawl


def check_refreshed(crawl: Crawl, webs: tuple[ChangingWeb, ChangingWeb]) -> None:
    """Check that every page was checked, and each change noted once."""
    changed = {(f"{web.url}/{n}", "changed") for web in webs for n in CHANGED}
    noted = Counter(crawl.query("SELECT url, kind FROM changes WHERE kind <> 'new'"))
    assert noted == Counter(changed)
    assert crawl.query("SELECT count(*) FROM pages") == [(2 * (PAGES + 1 + len(CHANGED)),)]
    assert crawl.query("SELECT url FROM pages WHERE unixepoch() - checked_at > 86400") == []
    assert crawl.query("SELECT url, reason FROM failures") == []


def test_two_workers_check_every_page_and_note_each_change_once(
    crawl: Crawl, webs: tuple[ChangingWeb, ChangingWeb]
) -> None:
    workers = [crawl.start("refresh=1d") for _ in range(2)]
    for worker in workers:
        assert worker.wait() == 0, worker.output()
    check_refreshed(crawl, webs)
    for web in webs:
        asked = web.take()
        times = Counter(each.path for each in asked)
        assert times.keys() == web.pages.keys()
        # Twice if a worker read that a page is due, and put it when the other's check had ended.
        assert max(times.values()) <= 2
        with_body = {each.path for each in asked if each.status == 200}
        assert with_body == {f"/{prefix}{n}" for n in CHANGED for prefix in ("", "new")}
    crawl.run("refresh=1d")
    assert [web.take() for web in webs] == [[], []]


def test_the_budget_of_a_site_holds_for_all_workers_and_runs_of_a_day(
    crawl: Crawl, webs: tuple[ChangingWeb, ChangingWeb]
) -> None:
    crawl.age(days=40)
    for number in (2, 1):
        workers = [crawl.start("refresh=auto", REFRESH_PER_DAY=5) for _ in range(number)]
        for worker in workers:
            assert worker.wait() == 0, worker.output()
    for web in webs:
        known = [each.path for each in web.take() if not each.path.startswith("/new")]
        assert len(known) == 5, known


def test_a_worker_goes_on_with_the_checks_of_one_that_was_killed(
    crawl: Crawl, webs: tuple[ChangingWeb, ChangingWeb]
) -> None:
    more: dict[str, Any] = {"CONCURRENCY_MAX_PER_SITE": 1, "DOWNLOAD_DELAY": 0.1}
    more["FRONTIER_LEASE_TIME"] = 2
    killed = crawl.start("refresh=1d", **more)
    until_at_least(4, lambda: sum(len(web.asked) for web in webs), killed)
    other = crawl.start("refresh=1d", **more)
    assert killed.poll() is None
    killed.kill()
    assert other.wait() == 0, other.output()
    check_refreshed(crawl, webs)
