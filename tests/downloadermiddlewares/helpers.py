"""Runs the robots middleware with a fake engine that answers from a table."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj.downloadermiddlewares.robots import RobotsTxtMiddleware
from crawlproj.signals import robots_parsed
from tests.frontier.helpers import Now, run

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = Response | Exception


def robots(text: str) -> Response:
    return Response("http://a.test/robots.txt", body=text.encode())


def status(code: int, **headers: str) -> Response:
    return Response("http://a.test/robots.txt", status=code, headers=headers)


class FakeEngine:
    """Answers by URL from ``answers``, which may change, once ``gate`` lets it."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.requests: list[Request] = []
        self.gate: Callable[[], Any] | None = None

    async def download_async(self, request: Request) -> Response:
        self.requests.append(request)
        await (self.gate() if self.gate else asyncio.sleep(0))
        answer = self.answers[request.url]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.requests]


class Harness:
    """A robots middleware with a fake engine and clock. ``announced`` are the signals it sent."""

    def __init__(self, answers: dict[str, Answer] | Answer, **settings: Any) -> None:
        if not isinstance(answers, dict):
            answers = {"http://a.test/robots.txt": answers}
        defaults = {"ROBOTSTXT_OBEY": True, "USER_AGENT": "crawlproj/0.1 (Scrapy; polite)"}
        crawler = get_crawler(settings_dict=defaults | settings)
        self.engine = FakeEngine(answers)
        crawler.engine = self.engine  # type: ignore[assignment]  # has the one method in use
        self.now = Now()
        self.middleware = RobotsTxtMiddleware(crawler, self.now)
        self.announced: list[dict[str, Any]] = []
        self._crawler = crawler
        crawler.signals.connect(self._note, robots_parsed)

    def _note(self, origin: str, site: str, crawl_delay_s: float, sitemaps: list[str]) -> None:
        self.announced.append(
            {"origin": origin, "site": site, "delay": crawl_delay_s, "sitemaps": sitemaps}
        )

    async def process(self, url: str, **kwargs: Any) -> None:
        """Call process_request and await its coroutine, if any."""
        waiting = self.middleware.process_request(Request(url, **kwargs))
        if waiting is not None:
            await waiting

    async def allows(self, url: str, **kwargs: Any) -> bool:
        try:
            await self.process(url, **kwargs)
        except Exception as exc:
            if str(exc) != "Forbidden by robots.txt":
                raise
            return False
        return True

    def stat(self, key: str) -> Any:
        return self._crawler.stats.get_value(f"robotstxt/{key}")


def refused(harness: Harness, url: str = "http://a.test/") -> Exception:
    """Return the exception that the middleware raises for ``url``."""
    with pytest.raises(Exception, match=r"robots\.txt") as caught:
        run(harness.process(url))
    return caught.value
