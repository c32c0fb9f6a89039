"""Whole crawls of the demo web as users run them: finished, killed, stopped and run again."""

from __future__ import annotations

import random
import re
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests import dying
from tests.processes import Scrapy, options
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IN_FLIGHT = 16
HANGING_S = 120.0  # longer than a crawl takes to end on a busy machine
# Order, times, and which of several equal pages came first differ between runs.
STABLE = "url, requested_url, status, title, description, canonical, language, text, content_hash"


class Crawl:
    """`scrapy crawl site` into its own database."""

    def __init__(self, folder: Path, web: DemoWeb) -> None:
        self.database = folder / "crawl.db"
        self._web = web

    def start(self, *arguments: str) -> Scrapy:
        url = f"sqlite:///{self.database}"
        settings = {
            "FRONTIER_URL": url,
            "STORE_URL": url,
            "GUARD_ALLOW": "127.0.0.0/8",
            "CONCURRENT_REQUESTS": IN_FLIGHT,
            "CONCURRENCY_MAX_PER_SITE": IN_FLIGHT,
            "RETRY_TIMES": 1,
            "LOG_LEVEL": "WARNING",
        }
        words = ("crawl", "site", "-a", f"url={','.join(self._web.urls.values())}", *arguments)
        return Scrapy(*words, *options(settings))

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        assert process.wait() == 0, process.output()
        return process.output()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(sql).fetchall()

    def tables(self) -> tuple[list[tuple[Any, ...]], ...]:
        """Return what an interrupted and an uninterrupted crawl must agree on."""
        return (
            self.query(f"SELECT {STABLE} FROM pages ORDER BY url"),  # noqa: S608 - a constant
            self.query("SELECT url, reason, status FROM failures ORDER BY url"),
            self.query(
                "SELECT content_hash, count(*), count(duplicate_of), count(DISTINCT duplicate_of) "
                "FROM pages GROUP BY content_hash ORDER BY content_hash"
            ),
        )


@pytest.fixture
def web(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DemoWeb]:
    with DemoWeb(request.param, tmp_path / "access.log") as running:
        yield running


def site(*specs: SiteSpec) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("web", [specs], indirect=True)


@site(SiteSpec("docs", "docs", 60), SiteSpec("failing", "failing", 100))
def test_every_url_ends_as_the_demo_web_expects(web: DemoWeb, tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, web)
    shown = crawl.run()
    pages, failures = set[str](), dict[str, str]()
    skipped = Counter[str]()
    for name in web.specs:
        wanted = web.expected(name)
        pages |= wanted.pages
        failures |= wanted.failed
        skipped.update(wanted.skipped.values())
    assert {url for (url,) in crawl.query("SELECT url FROM pages")} == pages
    assert dict(crawl.query("SELECT url, reason FROM failures")) == failures
    assert "finished (generation 1)" in shown
    for reason, count in skipped.items():
        assert re.search(rf"skipped: {reason} +│ +{count} │", shown)
    assert not {line.path for line in web.log() if line.path.startswith("/private")}


@site(SiteSpec("plain", "plain", 30))
def test_running_a_finished_crawl_again_updates_its_pages(web: DemoWeb, tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, web)
    crawl.run()
    before = crawl.tables()
    (first,) = crawl.query("SELECT max(fetched_at) FROM pages")
    assert "generation 2" in crawl.run()
    assert crawl.tables() == before
    assert crawl.query("SELECT min(fetched_at) FROM pages") > [first]


@site(SiteSpec("plain", "plain", 30))
def test_the_links_of_pages_join_with_the_pages_they_lead_to(web: DemoWeb, tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, web)
    crawl.run("-s", "PAGE_FIELDS=links")
    start = f"{web.url('plain')}/"
    linked = crawl.query(
        "SELECT pages.url FROM pages JOIN links ON links.url = pages.url "
        "JOIN pages AS source ON source.url = links.page GROUP BY pages.url"
    )
    # All pages but those that only the sitemap lists.
    assert len(linked) == 28
    first = crawl.query(f"SELECT text, rel FROM links WHERE page = '{start}' AND position = 0")  # noqa: S608
    assert len(first) == 1
    assert first[0][0]


@site(SiteSpec("plain", "plain", 100))
def test_max_pages_ends_the_crawl_and_accounts_for_the_rest(web: DemoWeb, tmp_path: Path) -> None:
    crawl = Crawl(tmp_path, web)
    shown = crawl.run("-a", "max_pages=20")
    assert "skipped: max-pages" in shown
    assert "finished" in shown
    # The sitemap is one of the twenty.
    assert crawl.query("SELECT count(*) FROM pages") == [(19,)]


@pytest.mark.slow
@site(SiteSpec("plain", "plain", 1000))
def test_a_crawl_killed_five_times_ends_with_the_tables_of_an_uninterrupted_one(
    web: DemoWeb, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole, killed = Crawl(tmp_path / "whole", web), Crawl(tmp_path / "killed", web)
    whole.run()
    answered = len(web.log())
    dice = random.Random(5)  # noqa: S311 - a test's dice
    kills = 5
    for _ in range(kills):
        process = killed.start(*dying.ARGUMENTS, f"DIES_AFTER={dice.randint(50, 150)}")
        assert process.wait() == -signal.SIGKILL, process.output()
    assert "generation 1" in killed.run()
    assert killed.tables() == whole.tables()
    log = web.log()
    once = Counter(line.path for line in log[:answered])
    again = Counter(line.path for line in log[answered:])
    refetched = sum((again - once).values()) - (again["/robots.txt"] - once["/robots.txt"])
    # At most twice CONCURRENT_REQUESTS are handed out and not acked.
    assert refetched <= kills * 2 * IN_FLIGHT
    print(f"{kills} kills, {refetched} pages fetched again")  # noqa: T201 - pytest -s shows it


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@site(SiteSpec("slow", "slow", 2000), SiteSpec("hanging", "slow", 50, latency_s=HANGING_S))
def test_a_signal_ends_the_crawl_after_the_grace_for_downloads(
    web: DemoWeb, tmp_path: Path, number: signal.Signals
) -> None:
    crawl = Crawl(tmp_path, web)
    process = crawl.start("-s", "SHUTDOWN_GRACE=3")
    until(lambda: len(web.log()) >= 60, process)
    began = time.monotonic()
    process.send_signal(number)
    time.sleep(0.01)
    process.send_signal(number)  # as ``timeout`` does
    assert process.wait() == 0, process.output()
    assert 3 <= time.monotonic() - began < HANGING_S
    assert "run the same command again to continue" in process.output()
    (stored,) = crawl.query("SELECT count(*) FROM pages")[0]
    answered = sum(line.path != "/robots.txt" for line in web.log() if line.site == "slow")
    assert stored >= answered - 1  # the sitemap is not a page


@pytest.mark.slow
@site(SiteSpec("slow", "slow", 2000))
def test_a_closed_terminal_drains_the_crawl_as_sigterm_does(web: DemoWeb, tmp_path: Path) -> None:
    process = Crawl(tmp_path, web).start("-s", "SHUTDOWN_GRACE=1")
    until(lambda: len(web.log()) >= 5, process)
    process.send_signal(signal.SIGHUP)
    assert process.wait() == 0, process.output()
    assert "run the same command again to continue" in process.output()
