"""A replay gives the items of the crawl that wrote the archive, without a request."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import Scrapy, scrapy
from tests.waiting import until
from tests.warc.helpers import exchange
from tests.warc.test_archive import write

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PAGES = "SELECT url, requested_url, status, title, text, content_hash FROM pages ORDER BY url"
FAILURES = "SELECT url, reason, detail, status FROM failures ORDER BY url"
SKIPPED = "SELECT url, reason, detail FROM skipped ORDER BY url"


def rows(db_path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(db_path)) as db:
        return db.execute(query).fetchall()


def words(command: str, spider: list[str], db: Path, *more: str) -> list[str]:
    place = f"sqlite:///{db}"
    settings = [f"FRONTIER_URL={place}", f"STORE_URL={place}", "LOG_LEVEL=ERROR", *more]
    return [command, *spider, *(word for each in settings for word in ("-s", each))]


def test_a_replay_gives_the_same_items_even_when_it_is_killed(tmp_path: Path) -> None:
    first, again, warc = tmp_path / "crawl.db", tmp_path / "replay.db", str(tmp_path / "warc")
    sites = [SiteSpec("f", "failing", pages=90), SiteSpec("d", "docs", pages=30, crawl_delay_s=0.1)]
    with DemoWeb(sites, tmp_path / "log") as web:
        spider = ["site", "-a", f"url={web.url('f')},{web.url('d')}"]
        local = "GUARD_ALLOW=127.0.0.0/8"
        code, shown = scrapy(*words("crawl", spider, first, local, f"WARC_DIR={warc}"))
        assert code == 0, shown
    command = words("replay", [warc, *spider], again)
    replay = Scrapy(*command)
    until(lambda: again.exists() and _count(again) > 20, replay)
    replay.kill()
    code, shown = scrapy(*command)
    assert code == 0, shown
    assert f"replayed{warc}" in "".join(shown.split())  # it is wrapped
    pages = rows(first, PAGES)
    assert len(pages) > 90
    assert rows(again, PAGES) == pages
    # A download that brought no response is not in an archive.
    lost = [url for url, *_, status in rows(first, FAILURES) if status is None]
    assert lost
    assert rows(again, FAILURES) == [row for row in rows(first, FAILURES) if row[0] not in lost]
    missing = [(url, f"no WARC file has a response to GET {url}") for url in lost]
    skipped = [row for row in rows(again, SKIPPED) if row[1] == "not-archived"]
    assert [(url, detail) for url, _, detail in skipped] == missing
    assert [row for row in rows(again, SKIPPED) if row not in skipped] == rows(first, SKIPPED)


def test_without_a_spider_every_url_in_the_archive_is_a_page_fetched_when_it_was(
    tmp_path: Path,
) -> None:
    (tmp_path / "warc").mkdir()
    urls = [f"http://a.invalid/{number}" for number in range(3)]
    robots = b"User-agent: *\nDisallow: /2\nCrawl-delay: 60\n"
    write(
        tmp_path / "warc",
        exchange("http://a.invalid/robots.txt", robots),
        *(exchange(url, url.encode(), at=1.7e9) for url in urls),
        exchange("http://b.invalid/", b"without a robots.txt", at=1.8e9),
    )
    code, shown = scrapy(*words("replay", [str(tmp_path / "warc")], tmp_path / "replay.db"))
    assert code == 0, shown
    found = rows(tmp_path / "replay.db", "SELECT url, text, fetched_at FROM pages ORDER BY url")
    assert found == [
        *((url, url, 1.7e9) for url in urls[:2]),
        ("http://b.invalid/", "without a robots.txt", 1.8e9),
    ]
    assert rows(tmp_path / "replay.db", SKIPPED) == [(urls[2], "robots", "Forbidden by robots.txt")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a folder with WARC files"),
        (["missing"], "REPLAY_DIR: there is no folder missing"),
        (["docs"], "REPLAY_DIR: docs has no WARC file"),
        (["docs", "sight"], "there is no spider 'sight': did you mean site?"),
    ],
)
def test_what_cannot_be_replayed_is_an_error_that_says_what_to_do(
    words: list[str], message: str, tmp_path: Path
) -> None:
    place = f"sqlite:///{tmp_path}/x.db"
    code, shown = scrapy(
        "replay", *words, "-s", f"FRONTIER_URL={place}", "-s", f"STORE_URL={place}"
    )
    assert code == 2
    assert message in shown
    assert "Traceback" not in shown


def _count(db_path: Path) -> int:
    try:
        return len(rows(db_path, "SELECT url FROM pages"))
    except sqlite3.OperationalError:  # the table is not there yet
        return 0
