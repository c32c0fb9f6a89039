"""Handlers of other packages beside ours; the real ones where their packages are installed."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, DownloadTimeoutError
from scrapy.http import HtmlResponse, Response
from scrapy.settings import Settings

from crawlproj.check_settings import check_settings
from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.errors import AddressRefused, ConfigError
from crawlproj.http.others import handlers_by_meta
from tests.http.helpers import PHASES, on_reactor, open_handler
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from tests.http.mockserver import Site

CHROMIUM = Path("/usr/bin/chromium")
PLAYWRIGHT = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"
IMPERSONATE = "scrapy_impersonate.ImpersonateDownloadHandler"
REAL = [
    pytest.param("playwright", PLAYWRIGHT, {"playwright": True}, id="playwright"),
    pytest.param("impersonate", IMPERSONATE, {"impersonate": "chrome"}, id="impersonate"),
]


SPIDER = """
import json, sys
import scrapy
from scrapy.crawler import AsyncCrawlerProcess

class Pages(scrapy.Spider):
    name = "pages"

    async def start(self):
        for url in [*(f"{self.base}/section0/page{n}.html" for n in range(1, 7)), "http://169.254.169.254/"]:
            yield scrapy.Request(url, meta=dict(self.meta), errback=self.failed)

    def parse(self, response):
        flag = "impersonate" in response.flags or "playwright" in response.flags
        timings = response.meta["timings"]
        print(json.dumps({"status": response.status, "ttfb": timings["ttfb"], "flag": flag}))

    def failed(self, failure):
        print(json.dumps({"refused": failure.type.__name__, "why": str(failure.value)}))

process = AsyncCrawlerProcess({**json.loads(sys.argv[1]), "LOG_LEVEL": "WARNING"})
process.crawl(Pages, meta=json.loads(sys.argv[2]), base=sys.argv[3].rstrip("/"))
process.start()
"""


class Browser:
    """Notes what it is asked for, and answers after ``meta["takes_s"]``."""

    asked: ClassVar[list[str]] = []
    closed: ClassVar[int] = 0

    @classmethod
    def from_crawler(cls, _: Crawler) -> Browser:
        """Forget earlier tests."""
        Browser.asked, Browser.closed = [], 0
        return cls()

    async def download_request(self, request: Request) -> Response:
        """Answer."""
        Browser.asked.append(request.url)
        await asyncio.sleep(request.meta.get("takes_s", 0))
        return HtmlResponse(request.url, body=b"<p>rendered</p>")

    async def close(self) -> None:
        """Count."""
        Browser.closed += 1


def settings(**more: Any) -> dict[str, Any]:
    return {"DOWNLOAD_HANDLERS_BY_META": {"browser": Browser}, **more}


@on_reactor
async def test_only_requests_with_its_key_go_through_it(site: Site) -> None:
    async with open_handler(**settings()) as handler:
        plain = await handler.download_request(Request(site.url("/text")))
        rendered = Request(site.url("/text"), meta={"browser": True})
        response = await handler.download_request(rendered)
        assert response.body == b"<p>rendered</p>"
        await handler.close()  # Scrapy closes it once for http and once for https
    assert plain.body != response.body
    assert Browser.asked == [rendered.url]
    assert Browser.closed == 1
    assert list(rendered.meta["timings"]) == PHASES


@on_reactor
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/", "http://0x7f.1:1/", "http://localhost:1/", "http://[::1]:1/",
        "http://169.254.169.254/latest/",
    ],
)  # fmt: skip
async def test_a_refused_address_is_never_handed_over(url: str) -> None:
    async with open_handler(**settings(GUARD_ALLOW=[])) as handler:
        with pytest.raises(AddressRefused):
            await handler.download_request(Request(url, meta={"browser": True}))
    assert Browser.asked == []


@on_reactor
async def test_one_refused_address_of_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))
        for address in ("93.184.216.34", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    async with open_handler(**settings()) as handler:
        with pytest.raises(AddressRefused, match=r"rebind.example has .* refused: 10\.0\.0\.1"):
            await handler.download_request(
                Request("http://rebind.example/", meta={"browser": True})
            )
    assert Browser.asked == []


@on_reactor
async def test_through_a_proxy_the_proxys_address_and_known_names_are_judged() -> None:
    async with open_handler(**settings()) as handler:
        for url, proxy in (
            ("http://example.org/", "socks5://10.0.0.1:1080"),
            ("http://example.org/", "http://user:secret@192.168.0.1:3128"),
            ("http://metadata.google.internal/", "http://127.0.0.1:3128"),
        ):
            request = Request(url, meta={"browser": True, "proxy": proxy})
            with pytest.raises(AddressRefused):
                await handler.download_request(request)
        allowed = Request("http://a.example/", meta={"browser": True, "proxy": "127.0.0.1:3128"})
        await handler.download_request(allowed)
    assert Browser.asked == ["http://a.example/"]


@on_reactor
async def test_its_time_is_limited_and_measured(site: Site) -> None:
    async with open_handler(**settings()) as handler:
        slow = Request(
            site.url("/text"), meta={"browser": True, "takes_s": 30, "download_timeout": 0.05}
        )
        with pytest.raises(DownloadTimeoutError):
            await handler.download_request(slow)
        request = Request(site.url("/text"), meta={"browser": True, "takes_s": 0.05})
        await handler.download_request(request)
    assert request.meta["download_latency"] >= 0.05
    timings = request.meta["timings"]
    assert timings["ttfb"] >= 0.05
    assert timings["queued"] < timings["ttfb"]
    assert timings["dns"] > 0  # the look whether it may be asked


@on_reactor
async def test_an_unknown_name_fails_as_with_our_own_handler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with open_handler(**settings()) as handler:
        with pytest.raises(CannotResolveHostError):
            await handler.download_request(
                Request("http://nowhere.invalid/", meta={"browser": True})
            )


@pytest.mark.parametrize("given", ["yes", {"js": "no.such.Handler"}, {"js": "nodots"}, {"js": 3}])
def test_a_handler_that_cannot_be_loaded_is_an_error_that_names_the_setting(given: object) -> None:
    with pytest.raises(ConfigError, match="DOWNLOAD_HANDLERS_BY_META"):
        check_settings(Settings({"DOWNLOAD_HANDLERS_BY_META": given}))


def test_a_handler_may_be_switched_off() -> None:
    assert handlers_by_meta(Settings({"DOWNLOAD_HANDLERS_BY_META": {"js": None}})) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("key", "path", "meta"), REAL)
def test_the_real_handlers_fetch_pages_within_the_limits_and_are_guarded(
    key: str, path: str, meta: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip(path.partition(".")[0], reason=f"scrapy-{key} is not installed")
    if key == "playwright" and not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    (tmp_path / "spider.py").write_text(SPIDER)
    options = {
        "DOWNLOAD_HANDLERS_BY_META": {key: path},
        "ADDONS": {"crawlproj.addon.Addon": 300},
        "GUARD_ALLOW": ["127.0.0.0/8"],
        "CONCURRENCY_MAX_PER_SITE": 2,
        "PROGRESS_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
        "RETRY_TIMES": 0,
        "PLAYWRIGHT_LAUNCH_OPTIONS": {
            "executable_path": str(CHROMIUM), "args": ["--no-sandbox"]
        },
    }  # fmt: skip
    specs = [SiteSpec("slow", "slow", pages=9, latency_s=0.2)]
    with DemoWeb(specs, tmp_path / "log") as web:
        script = [sys.executable, "spider.py", json.dumps(options), json.dumps(meta)]
        ran = subprocess.run(
            [*script, web.url("slow")],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        log = [line for line in web.log() if line.path.startswith("/section0/")]
    items = [json.loads(line) for line in ran.stdout.splitlines()]
    refused = [item for item in items if "refused" in item]
    assert [item["refused"] for item in refused] == ["AddressRefused"], ran.stderr
    pages = [item for item in items if "status" in item]
    assert len(pages) == 6, ran.stderr
    assert {item["status"] for item in pages} == {200}
    assert all(item["ttfb"] >= 0.2 for item in pages)
    assert {item["flag"] for item in pages} == {True}
    assert len(log) >= 6
    assert max(line.in_flight for line in log) <= 2
