"""How requests end, as the frontier records it in real crawls."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.errors import FrontierError
from crawlproj.frontier.sqlite.status import read_status
from tests.frontier.helpers import run
from tests.processes import Scrapy, options, scrapy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawlproj.frontier.job_status import JobStatus

pytestmark = pytest.mark.slow


@pytest.fixture
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    with DemoWeb([SiteSpec("plain", "plain", pages=30)], tmp_path / "access.log") as running:
        yield running


def crawl(folder: Path, *command: str, source: bytes = b"") -> tuple[JobStatus, str]:
    url = f"sqlite:///{folder / 'crawl.db'}"
    settings = {
        "FRONTIER_URL": url,
        "STORE_URL": url,
        "GUARD_ALLOW": "127.0.0.0/8",
        "LOG_LEVEL": "WARNING",
        "RETRY_TIMES": 1,
    }
    code, shown = scrapy(*command, *options(settings), stdin=source)
    assert code == 0, shown
    (status,) = run(read_status(folder / "crawl.db"))
    return status, shown


def test_each_outcome_of_a_request_has_its_own_state_and_reason(
    web: DemoWeb, tmp_path: Path
) -> None:
    base = web.url("plain")
    status, shown = crawl(tmp_path, "runspider", "tests/outcomes_spider.py", "-a", f"base={base}")
    totals = status.totals
    assert totals.failed == {
        "callback-error": 1,
        "pipeline-error": 1,
        "http-404": 1,
        "guard": 1,
    }
    # The start page, the dropped item's, the lambda's, three polls, and the copied meta's.
    assert totals.done == 7
    assert status.finished
    fetched = Counter(line.path for line in web.log())
    assert fetched["/section0/page5.html"] == 3
    assert fetched["/section0/page6.html"] == 1
    assert "Kept in memory, and its page is fetched again if this process dies" in shown


def test_malformed_lines_of_a_url_list_are_skipped_and_logged_with_their_numbers(
    web: DemoWeb, tmp_path: Path
) -> None:
    base = web.url("plain")
    lines = [
        f"{base}/section0/page1.html",
        "# a comment",
        "",
        "ftp://example.org/",
        f'{{"url": "{base}/section0/page2.html", "meta": {{"note": 1}}}}',
        '{"url": 5}',
        "{broken",
        "\udcff",
        f"{base}/section0/page1.html#again",
        f"{base}/section0/page3.html",  # without a newline
    ]
    source = "\n".join(lines).encode("utf-8", "surrogateescape")
    status, shown = crawl(tmp_path, "crawl", "urls", "-a", "file=-", source=source)
    assert (status.totals.done, status.totals.discovered) == (3, 3)
    for number in (4, 6, 7, 8):
        assert f"standard input, line {number}: " in shown
    assert "skipped 4 malformed lines" in shown


def test_a_long_url_list_enters_the_frontier_a_part_at_a_time(web: DemoWeb, tmp_path: Path) -> None:
    base = web.url("plain")
    urls = tmp_path / "urls.txt"
    urls.write_text("".join(f"{base}/section0/page{n % 29 + 1}.html?{n}\n" for n in range(2000)))
    database = tmp_path / "crawl.db"
    settings = {
        "SEED_MAX_PENDING": 500,
        "FRONTIER_URL": f"sqlite:///{database}",
        "STORE_URL": "",
        "GUARD_ALLOW": "127.0.0.0/8",
        "CONCURRENCY_MAX_PER_SITE": 64,
        "LOG_LEVEL": "ERROR",
    }

    async def max_pending() -> int:
        process = Scrapy("crawl", "urls", "-a", f"file={urls}", *options(settings))
        seen = 0
        while process.poll() is None:
            await asyncio.sleep(0.1)
            with contextlib.suppress(FrontierError):  # the file is being created
                for status in await read_status(database):
                    seen = max(seen, status.totals.pending)
        assert process.poll() == 0, process.output()
        return seen

    seen = run(max_pending())
    # The spider checks for room before each batch of seeds, so one batch may exceed the bound.
    assert 0 < seen <= 500 + 200
    (status,) = run(read_status(database))
    assert (status.totals.done, status.finished) == (2000, True)


def test_a_crawl_delay_in_robots_txt_applies_from_the_first_page_on(tmp_path: Path) -> None:
    spec = SiteSpec("asking", "small", pages=6, crawl_delay_s=0.2)
    with DemoWeb([spec], tmp_path / "access.log") as web:
        urls = "".join(f"{web.url('asking')}/section0/page{n}.html\n" for n in range(1, 6))
        crawl(tmp_path, "crawl", "urls", "-a", "file=-", source=urls.encode())
        times = [line.time for line in web.log() if line.path != "/robots.txt"]
    assert len(times) == 5
    assert all(after - before > 0.15 for before, after in pairwise(times)), times


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["site"], "-a url is missing. Write for example: scrapy crawl site -a url=https://"),
        (["site", "-a", "url=ftp://a.org"], "-a url: 'ftp://a.org' is not an http or https URL"),
        (["site", "-a", "url=http://a.org", "-a", "scope=page"], "host, domain, prefix"),
        (["site", "-a", "url=http://a.org", "-a", "max_pages=many"], "max_pages"),
        (["site", "-a", "url=http://a.org", "-s", "CONCURRENCY_MAX_PER_SITE=few"], "CONCURRENCY"),
        (["site", "-a", "url=http://a.org", "-s", "STORE_URL=ftp://x"], "STORE_URL"),
        (["site", "-a", "url=http://a.org", "-s", "FRONTIER_URL=ftp://x"], "FRONTIER_URL"),
        (["site", "-a", "url=http://a.org", "-s", "GUARD_ALLOW=lots"], "GUARD_ALLOW"),
        (["urls"], "-a file is missing"),
        (["urls", "-a", "file=/nowhere/urls.txt"], "cannot be read"),
        (["site", "url=http://a.org"], "an argument of the spider is written -a url=http://a.org"),
        (["sight"], "the spiders are: archived, site, urls, watch"),
    ],
)
def test_wrong_usage_ends_with_status_2_and_a_plain_message(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'crawl.db'}"
    settings = {"FRONTIER_URL": database, "STORE_URL": database, "LOG_LEVEL": "ERROR"}
    code, shown = scrapy("crawl", *options(settings), *arguments)
    assert code == 2, shown
    assert message in shown
    assert "Traceback" not in shown
