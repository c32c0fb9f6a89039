"""The handler under every way to run Scrapy, each in its own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.processes import Scrapy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.http.mockserver import Site

SCRIPT = """
import asyncio
import sys
import scrapy
from scrapy import crawler

class Spider(scrapy.Spider):
    name = "spider"
    start_urls = [sys.argv[1]]
    def parse(self, response):
        print("BODY", response.text, sorted(response.meta["timings"]))
        print("LOOP", type(asyncio.get_running_loop()).__module__)
    custom_settings = {
        "DOWNLOAD_HANDLERS": {"http": "crawlproj.http.DownloadHandler"},
        "GUARD_ALLOW": ["127.0.0.0/8"],
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "RETRY_ENABLED": False,
    }

settings = SETTINGS
process = crawler.PROCESS(settings)
process.crawl(Spider)
process.start()
"""


def crawl(folder: Path, site: Site, process: str, settings: str) -> str:
    script = folder / "spider.py"
    script.write_text(SCRIPT.replace("PROCESS", process).replace("SETTINGS", settings))
    crawl = Scrapy(site.url("/text"), script=script, folder=folder)
    crawl.wait()
    return crawl.output()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("process", "settings"),
    [
        ("CrawlerProcess", "{}"),
        ("CrawlerProcess", '{"ASYNCIO_EVENT_LOOP": "uvloop.Loop"}'),
        ("AsyncCrawlerProcess", '{"ASYNCIO_EVENT_LOOP": "uvloop.Loop"}'),
        ("AsyncCrawlerProcess", '{"TWISTED_REACTOR_ENABLED": False}'),
    ],
)
def test_the_handler_downloads_under_every_crawler_process(
    tmp_path: Path, site: Site, process: str, settings: str
) -> None:
    output = crawl(tmp_path, site, process, settings)
    assert "BODY Works ['connect', 'dns', 'queued', 'tls', 'transfer', 'ttfb']" in output, output
    assert f"LOOP {'uvloop' if 'uvloop' in settings else 'asyncio'}" in output, output
    assert "Traceback" not in output, output
    assert "Unclosed" not in output, output


@pytest.mark.slow
def test_without_an_asyncio_reactor_the_error_says_what_to_set(tmp_path: Path, site: Site) -> None:
    settings = '{"TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor"}'
    output = crawl(tmp_path, site, "CrawlerProcess", settings)
    assert "set TWISTED_REACTOR to" in output, output
    assert "BODY" not in output
