"""The handler under every way to run Scrapy, each in its own process."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from tests.http.mockserver import Site

SCRIPT = """
import asyncio
import sys
import scrapy
from scrapy import crawler

class Spider(scrapy.Spider):
    name = "spider"
    start_urls = [sys.argv[2]]
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


def crawl(site: Site, process: str, settings: str) -> str:
    script = SCRIPT.replace("PROCESS", process).replace("SETTINGS", settings)
    done = subprocess.run(
        [sys.executable, "-c", script, "-", site.url("/text")],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.stdout + done.stderr


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
    site: Site, process: str, settings: str
) -> None:
    output = crawl(site, process, settings)
    assert "BODY Works ['connect', 'dns', 'queued', 'tls', 'transfer', 'ttfb']" in output, output
    assert f"LOOP {'uvloop' if 'uvloop' in settings else 'asyncio'}" in output, output
    assert "Traceback" not in output, output
    assert "Unclosed" not in output, output


@pytest.mark.slow
def test_without_an_asyncio_reactor_the_error_says_what_to_set(site: Site) -> None:
    settings = '{"TWISTED_REACTOR": "twisted.internet.selectreactor.SelectReactor"}'
    output = crawl(site, "CrawlerProcess", settings)
    assert "set TWISTED_REACTOR to" in output, output
    assert "BODY" not in output
