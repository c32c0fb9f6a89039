"""The reservations in a site's tdmrep.json are known before its first page."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj.content.page_signals import TDM_SIGNALS
from crawlproj.downloadermiddlewares.tdmrep import TdmrepMiddleware
from tests.downloadermiddlewares.helpers import FakeEngine
from tests.frontier.helpers import run

FILE = "http://a.test/.well-known/tdmrep.json"
OTHER = "http://b.test/.well-known/tdmrep.json"
RULES = b'[{"location": "/", "tdm-reservation": 1}]'


def middleware(answers: dict[str, Any], **settings: Any) -> tuple[TdmrepMiddleware, FakeEngine]:
    crawler = get_crawler(settings_dict={"TDMREP_ENABLED": True, **settings})
    engine = FakeEngine(answers)
    crawler.engine = engine  # type: ignore[assignment]  # has the one method in use
    return TdmrepMiddleware.from_crawler(crawler), engine


async def noted(part: TdmrepMiddleware, request: Request) -> Any:
    if (waiting := part.process_request(request)) is not None:
        await waiting
    return request.meta.get(TDM_SIGNALS)


def test_the_file_is_fetched_once_however_many_pages_wait() -> None:
    part, engine = middleware({FILE: Response(FILE, body=RULES)})

    async def several() -> list[Any]:
        return await asyncio.gather(*(noted(part, Request(f"http://a.test/{n}")) for n in range(3)))

    assert run(several()) == [{"tdm-reservation": 1}] * 3
    assert part.process_request(Request("http://a.test/9")) is None
    assert engine.urls == [FILE]


@pytest.mark.parametrize(
    "answer", [Response(FILE, status=404, body=RULES), OSError("gone"), Response(FILE, body=b"<p>")]
)
def test_a_file_that_is_missing_reserves_nothing(answer: Any) -> None:
    part, _ = middleware({FILE: answer})
    assert run(noted(part, Request("http://a.test/"))) is None


def test_a_redirect_to_another_site_leaves_what_the_first_one_reserves() -> None:
    part, _ = middleware({FILE: Response(FILE, body=RULES), OTHER: Response(OTHER, status=404)})
    request = Request("http://a.test/")
    assert run(noted(part, request)) == {"tdm-reservation": 1}
    assert run(noted(part, request.replace(url="http://b.test/"))) is None


def test_it_is_on_only_where_asked_for() -> None:
    with pytest.raises(NotConfigured):
        middleware({}, TDMREP_ENABLED=None)
    middleware({}, TDMREP_ENABLED=None, RESPECT_SIGNALS="tdm-reservation")
