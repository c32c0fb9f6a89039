"""The add-on in scripts and beside other add-ons: its crawls share a process, and are guarded."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import crawlproj.settings as ours
from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.errors import ConfigError
from crawlproj.frontier.sqlite.status import read_status
from tests import ROOT
from tests.frontier.helpers import run
from tests.processes import Scrapy, options, scrapy
from tests.servers import free_port
from tests.test_addon import with_addon
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TWO = """
import asyncio, scrapy, sys
from scrapy.crawler import CrawlerProcess

class Shop(scrapy.Spider):
    name = "shop"

    def __init__(self, page, **arguments):
        super().__init__(**arguments)
        self.start_urls = [f"{sys.argv[1]}/section0/page{page}.html"]

    async def start(self):
        while self.crawler is first and not all(crawl.called for crawl in second):
            await asyncio.sleep(0.01)
        async for request in super().start():
            yield request

    def parse(self, response):
        print("item", response.url[-6])
        yield {"url": response.url}

class Other(Shop):
    name = "other"

process = CrawlerProcess({
    "ADDONS": {"crawlproj.addon.Addon": 300},
    "GUARD_ALLOW": ["127.0.0.0/8"],
    "LOG_LEVEL": "ERROR",
})
first = process.create_crawler(Shop)
process.crawl(first, page=1)
second = [process.crawl(Shop, page=1)] if "twice" in sys.argv else []
process.crawl(Shop, page=2)
process.crawl(Other, page="1")
process.start()
print("failed", process.bootstrap_failed)
"""


def ran(script: Path, *words: str, folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a script to its end; return what it printed and logged."""
    process = Scrapy(*words, script=script, folder=folder, env=env)
    assert process.wait() == 0, process.output()
    return process.output()


def printed(shown: str) -> list[str]:
    """Return what TWO printed itself, sorted."""
    return sorted(re.findall(r"^(?:item|failed) .*", shown, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.parametrize("twice", [False, True])
def test_one_process_runs_any_number_of_crawls_but_none_twice_at_once(
    twice: bool, tmp_path: Path
) -> None:
    (tmp_path / "two.py").write_text(TWO)
    # Slow enough for the first crawl to go on while the second one starts, on a busy machine too.
    site = SiteSpec("plain", "plain", pages=5, latency_s=0.3)
    with DemoWeb([site], tmp_path / "log") as web:
        shown = ran(
            tmp_path / "two.py", web.url("plain"), *(["twice"] if twice else []), folder=tmp_path
        )
    assert printed(shown) == [f"failed {twice}", "item 1", "item 1", "item 2"], shown
    assert ("in use by another crawl of this process" in shown) is twice
    jobs = [status.job for status in run(read_status(tmp_path / "crawl.db"))]
    assert jobs == ["other page=1", "shop page=1", "shop page=2"]


@pytest.mark.slow
def test_services_crawl_one_spider_twice_at_once_without_a_frontier_on_disk(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO)
    with DemoWeb([SiteSpec("plain", "plain", pages=5)], tmp_path / "log") as web:
        memory = {"CRAWLPROJ_FRONTIER_URL": "memory:"}
        shown = ran(tmp_path / "two.py", web.url("plain"), "twice", folder=tmp_path, env=memory)
    assert printed(shown) == ["failed False", *["item 1"] * 3, "item 2"], shown
    assert not (tmp_path / "crawl.db").exists()


UNREACHED = """
import scrapy, sys
from scrapy.crawler import CrawlerProcess

class Lost(scrapy.Spider):
    name = "lost"
    failures = 0

    async def start(self):
        yield scrapy.Request(sys.argv[1], errback=self.count)

    def count(self, failure):
        self.failures += 1

process = CrawlerProcess({
    "ADDONS": {"crawlproj.addon.Addon": 300},
    "GUARD_ALLOW": ["127.0.0.0/8"],
    "LOG_LEVEL": "ERROR",
    "ROBOTSTXT_OBEY": False,
    "RETRY_ENABLED": False,
})
crawler = process.create_crawler(Lost)
process.crawl(crawler)
process.start()
print(crawler.spider.failures, "failed")
"""


@pytest.mark.slow
def test_a_script_reads_its_spider_after_a_crawl_that_reached_no_site(tmp_path: Path) -> None:
    (tmp_path / "unreached.py").write_text(UNREACHED)
    shown = ran(tmp_path / "unreached.py", f"http://127.0.0.1:{free_port()}/", folder=tmp_path)
    assert "1 failed" in shown.splitlines(), shown
    assert "no site could be reached" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        ("process_without_reactor", False),  # the guard is in force there, too
        ("process_without_reactor", True),
        ("runner_without_reactor", True),
        ("runner_before_the_reactor", True),
        ("runner_after_the_reactor", True),
    ],
)
def test_every_way_to_run_a_spider_from_a_script_works_and_is_guarded(
    kind: str, allowed: bool, tmp_path: Path
) -> None:
    allow = ["127.0.0.0/8"] if allowed else []
    script = ROOT / "tests" / "addon_runners.py"
    with DemoWeb([SiteSpec("plain", "plain", pages=5)], tmp_path / "log") as web:
        shown = ran(script, kind, f"{web.url('plain')}/", *allow, folder=tmp_path)
    assert ("fetched 200" in shown.splitlines()) is allowed, shown
    assert ("failed: guard" in shown) is not allowed, shown


def test_a_handler_that_the_guard_cannot_protect_is_an_error_unless_the_guard_is_off() -> None:
    theirs = "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"
    handlers: dict[str, object] = {"https": theirs}
    with pytest.raises(ConfigError, match=f"{theirs} downloads https URLs, and GUARD_ENABLED"):
        with_addon(DOWNLOAD_HANDLERS=handlers)
    assert with_addon(DOWNLOAD_HANDLERS=handlers, GUARD_ENABLED=False).getdict(
        "DOWNLOAD_HANDLERS"
    ) == {**ours.DOWNLOAD_HANDLERS, "https": theirs}
    with_addon(DOWNLOAD_HANDLERS={"https": "crawlproj.http.handler.DownloadHandler"})


@pytest.mark.slow
def test_a_crawler_for_tests_without_a_reactor_has_the_guarded_handler() -> None:
    script = (
        "from scrapy.utils.test import get_crawler\n"
        'crawler = get_crawler(settings_dict={"ADDONS": {"crawlproj.addon.Addon": 300}})\n'
        'print(crawler.settings["DOWNLOAD_HANDLERS"]["http"])'
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.stdout.strip() == ours.DOWNLOAD_HANDLERS["http"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beside", "shown"),
    [
        ("Unguarded", "HTTP11DownloadHandler downloads http URLs, and GUARD_ENABLED has no effect"),
        ("InFront", "failed: guard"),  # it hands on what it does not download itself
    ],
)
def test_a_handler_of_an_addon_that_comes_later_is_guarded_or_an_error(
    beside: str, shown: str, tmp_path: Path
) -> None:
    addons = {"crawlproj.addon.Addon": 300, f"tests.addons_beside.{beside}": 500}
    others = {"SCRAPY_SETTINGS_MODULE": "tests.settings_of_others"}
    with DemoWeb([SiteSpec("plain", "plain", pages=5)], tmp_path / "log") as web:
        given = {"ADDONS": json.dumps(addons), "FRONTIER_URL": "memory:", "ROBOTSTXT_OBEY": False}
        ended, output = scrapy(
            *("crawl", "site", "-a", f"url={web.url('plain')}/"), *options(given), env=others
        )
    assert (ended, shown in output) == (1, True), output
    assert not (tmp_path / "log").read_text(), "a page was fetched"
