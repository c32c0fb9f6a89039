"""The slots of Scrapy's downloader admit as many requests as a site's control does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from scrapy import Request
from scrapy.core.downloader import Downloader
from scrapy.http import Response
from scrapy.utils.test import get_crawler

from crawlproj._scrapy.slots import drive_slot, open_slot
from tests.http.helpers import on_reactor

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "a.test"


class Handlers:
    """Downloads that end when the test says so."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.answered = asyncio.Semaphore(0)

    async def download_request_async(self, request: Request) -> Response:
        self.in_flight += 1
        await self.answered.acquire()
        self.in_flight -= 1
        return Response(request.url)


@pytest.fixture
def downloader() -> Iterator[Downloader]:
    crawler = get_crawler(settings_dict={"DOWNLOAD_DELAY": 0})
    crawler.spider = crawler._create_spider()
    made = Downloader(crawler)
    yield made
    made.close()


def _handlers_of(downloader: Downloader) -> Handlers:
    handlers = Handlers()
    downloader.handlers = handlers  # type: ignore[assignment]
    return handlers


def _enqueue(downloader: Downloader, count: int) -> list[asyncio.Task[Response]]:
    requests = [Request(f"http://{KEY}/{n}") for n in range(count)]
    return [asyncio.ensure_future(downloader._enqueue_request(one)) for one in requests]


async def _turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@on_reactor
async def test_requests_that_come_in_one_turn_of_the_loop_start_up_to_the_concurrency(
    downloader: Downloader,
) -> None:
    handlers = _handlers_of(downloader)
    open_slot(downloader, Request(f"http://{KEY}/"), 2)
    tasks = _enqueue(downloader, 6)
    await _turn()
    assert handlers.in_flight == 2
    for _ in tasks:
        handlers.answered.release()
    assert len(await asyncio.gather(*tasks)) == 6


@pytest.mark.parametrize("opened", [True, False], ids=["opened-by-us", "opened-by-scrapy"])
@on_reactor
async def test_a_slot_that_is_driven_twice_in_one_turn_starts_no_more_than_its_concurrency(
    downloader: Downloader, opened: bool
) -> None:
    handlers = _handlers_of(downloader)
    if opened:
        open_slot(downloader, Request(f"http://{KEY}/"), 0)
    else:
        downloader.domain_concurrency = 0
    tasks = _enqueue(downloader, 8)
    await _turn()
    for _ in range(3):
        drive_slot(downloader, KEY, concurrency=3, delay_s=0.0, rest_s=0.0)
    await _turn()
    assert handlers.in_flight == 3
    handlers.answered.release()
    await _turn()
    assert handlers.in_flight == 3, "the next one starts when one ends"
    for _ in tasks:
        handlers.answered.release()
    assert len(await asyncio.gather(*tasks)) == 8
