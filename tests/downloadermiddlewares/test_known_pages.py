"""Pages that a site has answered before are asked for again, in projects of every kind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Headers, Response
from scrapy.settings import Settings

from crawlproj.downloadermiddlewares.known_pages import KnownPage, KnownPages
from tests.downloadermiddlewares.crawling import OK, Answer, crawl, site
from tests.frontier.helpers import run
from tests.http.helpers import on_reactor

KNOWN, FAILED = "http://a.test/known", "http://a.test/failed"


class Engine:
    """Answers every request with 200 and keeps the last one."""

    asked: Request

    async def download_async(self, request: Request) -> Response:
        self.asked = request
        return Response(request.url)


def pages_of(engine: Engine, **settings: Any) -> KnownPages:
    crawler: Any = SimpleNamespace(engine=engine, settings=Settings(settings))
    return KnownPages(crawler, lambda: 0.0)


def known_by(pages: KnownPages, request: Request) -> KnownPage | None:
    pages.note("http://a.test", request, Response(request.url))
    return pages.other_than(Request(FAILED), "http://a.test")


def downloaded(**given: Any) -> Request:
    """Return a request that crawlproj's handler has downloaded."""
    return Request(KNOWN, meta={"timings": {}, **given.pop("meta", {})}, **given)


@pytest.mark.parametrize("meta", [{}, {"download_timeout": 7.5}])
def test_a_known_page_is_asked_for_with_the_timeout_of_the_one_that_failed_if_it_had_any(
    meta: dict[str, Any],
) -> None:
    engine = Engine()
    failed = Request(FAILED, meta=meta)
    page = KnownPage(KNOWN, Headers())
    assert run(pages_of(engine).status_of(page, failed)) == 200
    assert engine.asked.url == KNOWN
    assert engine.asked.meta.get("download_timeout") == meta.get("download_timeout")


def test_a_known_page_is_asked_for_with_its_own_headers_on_the_route_of_the_one_that_failed() -> (
    None
):
    engine = Engine()
    pages = pages_of(engine)
    own = {"X-Api-Key": ["1", "2"], "Cookie": "a=b", "Proxy-Authorization": "old"}
    page = known_by(pages, downloaded(headers=own, meta={"proxy": "http://old.test"}))
    failed = Request(
        FAILED, headers={"Proxy-Authorization": "new"}, meta={"proxy": "http://p.test"}
    )
    assert page is not None
    run(pages.status_of(page, failed))
    sent: Any = dict(engine.asked.headers)
    assert sent == {
        b"X-Api-Key": [b"1", b"2"],
        b"Proxy-Authorization": [b"new"],
    }
    assert engine.asked.meta["proxy"] == "http://p.test"


@pytest.mark.parametrize(
    "answered",
    [Request(KNOWN, meta={"download_latency": 0.1}), downloaded(meta={"browser": True})],
    ids=["another handler", "another handler beside ours"],
)
def test_what_another_handler_downloaded_is_not_asked_for_again(answered: Request) -> None:
    pages = pages_of(Engine(), DOWNLOAD_HANDLERS_BY_META={"browser": Engine})
    assert known_by(pages, answered) is None
    assert known_by(pages, downloaded(meta={"browser": False})) is not None


@pytest.mark.parametrize("at_once", [1, 8])
@on_reactor
async def test_a_403_of_a_site_that_wants_a_header_is_found_to_be_the_pages_own(
    at_once: int,
) -> None:
    def answer(path: str, _: int) -> Answer:
        return OK if "X-Api-Key: k" in one.head and path not in forbidden else (403, "")

    forbidden = {"/6", "/20", "/30"}
    async with site(answer) as one:
        urls = [f"{one.url}/{n}" for n in range(40)]
        requests = [Request(url, headers={"X-Api-Key": "k"}) for url in urls]
        outcomes, _ = await crawl(requests, CONCURRENCY_MAX_PER_SITE=at_once)
    assert [url for url in urls if outcomes[url] != 200] == [
        url for url in urls if url.removeprefix(one.url) in forbidden
    ]
    assert max(one.paths.values()) == 2, "tried once, and no wait of ten seconds"
