"""Which pages a login concerns, with an engine that only notes what it is asked for."""

from __future__ import annotations

import asyncio
from http.cookiejar import Cookie
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request, signals
from scrapy.http import HtmlResponse, Response
from scrapy.settings import Settings
from scrapy.signalmanager import SignalManager

from crawlproj.downloadermiddlewares.crawl_login import LoginLost
from crawlproj.downloadermiddlewares.login import LoginMiddleware, LoginRedirectMiddleware
from crawlproj.http.access import Access
from crawlproj.spiders.site import SiteSpider
from tests.scheduling.desk import in_virtual_time

HOME = "https://a.example/"
COOKIE = Cookie(
    *(0, "session", "s3ss10n", None, False, "a.example", False, False, "/", True),
    *(False, None, True, None, None, {}),
)


class Crawling:
    """A crawl with the cookies of a session. asked: what its login has fetched."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.spider = SiteSpider(HOME)
        self.spider.access = Access(cookies=(COOKIE,))
        self.settings = Settings()
        self.signals = SignalManager(self)
        self.stats = SimpleNamespace(inc_value=lambda _: None)
        self.engine = self._engine = SimpleNamespace(
            _slot=SimpleNamespace(closing=None), download_async=self._download
        )
        crawler: Any = self
        self.body = LoginMiddleware(crawler)
        self.head = LoginRedirectMiddleware(crawler)

    async def _download(self, request: Request) -> Response:
        self.asked.append(request.url)
        return HtmlResponse(request.url, body=b"shown", encoding="utf-8")

    async def answers(self, url: str, status: int = 200) -> None:
        request = Request(url)
        waits: Any = self.body.process_request(request)
        if waits is not None:
            await waits
        response = HtmlResponse(url, status, body=b"page", encoding="utf-8", request=request)
        result: Any = self.head.process_response(request, response)
        if result is response:
            result = self.body.process_response(request, response)
        if asyncio.iscoroutine(result):
            await result


@in_virtual_time
async def test_no_page_that_may_not_see_the_session_is_asked_whether_it_has_ended() -> None:
    crawl = Crawling()
    await crawl.answers(f"{HOME}members")
    await crawl.answers("http://a.example/plain")
    await crawl.answers(f"{HOME}admin", 403)
    assert crawl.asked == [f"{HOME}members"]


async def looking() -> tuple[Crawling, asyncio.Task[Any], asyncio.Future[Response]]:
    """Return a crawl, a page that waits for its look for the end of the session, and the look."""
    crawl = Crawling()
    await crawl.answers(f"{HOME}members")
    witness: asyncio.Future[Response] = asyncio.Future()
    crawl.engine.download_async = lambda _: witness
    page = asyncio.ensure_future(crawl.answers(f"{HOME}admin", 403))
    await asyncio.sleep(1)
    return crawl, page, witness


@in_virtual_time
async def test_the_end_of_a_crawl_ends_its_look_whether_the_session_has_ended() -> None:
    crawl, page, witness = await looking()
    assert not witness.done()
    crawl.signals.send_catch_log(signals.spider_closed, spider=crawl.spider, reason="shutdown")
    await asyncio.sleep(1)
    assert witness.cancelled()
    page.cancel()


@in_virtual_time
async def test_a_page_that_waits_for_a_session_fails_when_there_will_be_none() -> None:
    _, page, witness = await looking()
    witness.set_result(HtmlResponse(f"{HOME}members", 401, body=b"page"))
    with pytest.raises(LoginLost):
        await asyncio.wait_for(page, 60)
