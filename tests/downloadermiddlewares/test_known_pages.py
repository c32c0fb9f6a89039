"""Pages that a site has answered before are asked for again, in projects of every kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from crawlproj.downloadermiddlewares.known_pages import KnownPages
from tests.frontier.helpers import run

KNOWN, FAILED = "http://a.test/known", "http://a.test/failed"


class Engine:
    """Answers every request with 200 and keeps the last one."""

    asked: Request

    async def download_async(self, request: Request) -> Response:
        self.asked = request
        return Response(request.url)


@pytest.mark.parametrize("meta", [{}, {"download_timeout": 7.5}])
def test_a_known_page_is_asked_for_with_the_timeout_of_the_one_that_failed_if_it_had_any(
    meta: dict[str, Any],
) -> None:
    engine = Engine()
    crawler: Any = SimpleNamespace(engine=engine)
    pages = KnownPages(crawler, lambda: 0.0)
    failed = Request(FAILED, meta=meta)
    assert run(pages.status_of(KNOWN, failed)) == 200
    assert engine.asked.url == KNOWN
    assert engine.asked.meta.get("download_timeout") == meta.get("download_timeout")
