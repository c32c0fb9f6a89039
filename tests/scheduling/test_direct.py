"""Requests that do not come from the scheduler wait for the permits of their sites."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError
from scrapy.settings import Settings

import crawlproj.settings as ours
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.permits import Permits
from crawlproj.scheduling.crawl_config import PAGE_BYTES, CrawlConfig
from crawlproj.scheduling.crawl_delays import CrawlDelays
from crawlproj.scheduling.direct import DirectRequests, begin_way, on_its_way
from tests.frontier.virtual import now
from tests.scheduling.desk import control, in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Mapping

OK = Ending(Verdict.OK, 0.1)


class Desk:
    """Direct requests at sites that bear ``limit`` at a time, ``delay_s`` seconds apart."""

    def __init__(self, limit: int = 2, delay_s: float = 0.0, max_bytes: int | None = None) -> None:
        self.permits = Permits(lambda _: control(limit), now)
        self.delays = CrawlDelays(self.permits, lambda _: delay_s)
        self.given_back: list[str] = []
        self.direct = DirectRequests(
            self.permits, self.delays, now, self.given_back.append, max_bytes
        )
        for site in ("a.test", "b.test", "slot"):
            self.delays.after_end(site)  # each has answered before
        self.started: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    def ask(self, *paths: str, site: str = "a.test", **meta: Any) -> list[Request]:
        requests = [Request(f"http://{site}/{path}", meta=meta) for path in paths]
        self.tasks += [asyncio.ensure_future(self._admit(request)) for request in requests]
        return requests

    async def _admit(self, request: Request) -> None:
        await self.direct.admit(request)
        self.started.append(request.url.rpartition("/")[2])


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@in_virtual_time
async def test_they_start_in_order_as_permits_come_back() -> None:
    desk = Desk(limit=2)
    first, second, *_ = desk.ask("1", "2", "3", "4")
    desk.ask("other", site="b.test")
    await settled()
    assert desk.started == ["1", "2", "other"]
    assert desk.direct.release(second, OK) == "a.test"
    await settled()
    assert desk.started[3:] == ["3"]
    desk.direct.release(first, OK)
    await settled()
    assert desk.started[4:] == ["4"]
    assert desk.permits.in_flight("a.test") == 2
    assert desk.given_back == ["a.test", "a.test"]
    assert not desk.direct


@in_virtual_time
async def test_they_go_ahead_of_the_schedulers_requests() -> None:
    desk = Desk(limit=1)
    page = desk.permits.take("a.test")
    desk.ask("file")
    await settled()
    assert desk.direct
    desk.permits.give_back(page, OK)
    desk.direct.serve("a.test")
    assert not desk.permits.free("a.test")
    await settled()
    assert desk.started == ["file"]


@in_virtual_time
async def test_they_keep_the_delay_of_their_site() -> None:
    desk = Desk(limit=4, delay_s=3.0)
    began = now()
    for place in range(3):
        (request,) = desk.ask(str(place))
        await desk.tasks[-1]
        permit = desk.direct.permit_of(request)
        assert permit is not None
        desk.permits.send(permit)
        desk.direct.release(request, OK)
    assert now() - began == pytest.approx(6.0, abs=0.1)


@in_virtual_time
async def test_a_refused_one_waits_for_its_retry_and_the_others_wait_with_it() -> None:
    desk, began = Desk(limit=4), now()
    (refused,) = desk.ask("refused")
    await settled()
    desk.direct.release(refused, Ending(Verdict.THROTTLED, 0.1, retry_after_s=30.0))
    desk.ask("refused", retry_at=began + 30.0)
    desk.ask("other")
    await settled()
    assert desk.started == ["refused"]
    await asyncio.wait(desk.tasks[1:], return_when=asyncio.FIRST_COMPLETED)
    assert now() - began >= 30.0


@in_virtual_time
async def test_what_waits_ends_when_the_crawl_stops() -> None:
    desk = Desk(limit=1)
    (request,) = desk.ask("1")
    desk.ask("2")
    desk.ask("3", retry_at=now() + 1e6)
    await settled()
    desk.direct.cancel()
    for task in desk.tasks[1:]:
        with pytest.raises(DownloadCancelledError, match="being stopped"):
            await task
    with pytest.raises(DownloadCancelledError):
        await desk.direct.admit(Request("http://a.test/later"))
    desk.direct.release(request, OK)
    assert not desk.permits.in_flight("a.test")


@in_virtual_time
async def test_one_that_is_cancelled_keeps_no_permit() -> None:
    desk = Desk(limit=1)
    (first,) = desk.ask("1")
    desk.ask("2", "3")
    await settled()
    desk.tasks[1].cancel()
    desk.direct.release(first, OK)
    desk.tasks[2].cancel()  # it has its permit, and has not seen it
    await asyncio.gather(*desk.tasks, return_exceptions=True)
    assert not desk.permits.in_flight("a.test")


@in_virtual_time
async def test_a_slot_that_its_maker_chose_has_permits_of_its_own() -> None:
    desk = Desk(limit=1)
    desk.ask("1")
    desk.ask("2", download_slot="slot")
    desk.ask("3", download_slot="a.test")  # as the downloader writes it before a retry
    await settled()
    assert desk.started == ["1", "2"]


@in_virtual_time
async def test_a_file_may_be_larger_than_a_page_and_its_own_limit_counts() -> None:
    desk = Desk(max_bytes=100)
    plain, own = desk.ask("1") + desk.ask("2", download_maxsize=7)
    await settled()
    assert (plain.meta["download_maxsize"], own.meta["download_maxsize"]) == (100, 7)


@in_virtual_time
async def test_a_request_that_goes_nowhere_needs_no_permit() -> None:
    desk = Desk()
    await desk.direct.admit(request := Request("data:,hello"))
    assert desk.direct.permit_of(request) is None
    assert desk.direct.release(request) == ""


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({"DOWNLOAD_MAXSIZE": PAGE_BYTES}, 1024**3),
        ({"DOWNLOAD_MAXSIZE": 5}, None),
        ({}, None),
    ],
)
def test_only_crawlprojs_own_limit_does_not_count_for_files(
    settings: Mapping[str, int], limit: int | None
) -> None:
    assert CrawlConfig.from_settings(Settings(settings)).file_bytes == limit
    assert PAGE_BYTES == ours.DOWNLOAD_MAXSIZE


def test_a_connection_that_was_opened_for_a_request_does_not_keep_it_in_memory() -> None:
    context = copy_context()  # a connection has that of the request that opened it
    request = Request("http://a.test/")
    context.run(begin_way, request)
    assert context.run(on_its_way) is request
    del request
    assert context.run(on_its_way) is None
