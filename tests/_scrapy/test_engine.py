"""The hooks work, with an engine made of plain objects."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request

from crawlproj._scrapy import require
from crawlproj._scrapy.engine import EngineHooks, begin_closing, is_closing
from crawlproj.errors import CrawlprojError
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from scrapy.http import Response
    from twisted.python.failure import Failure

URL = "http://a.test/"


class Watching:
    def __init__(self) -> None:
        self.seen: list[tuple[str, object]] = []

    def on_result(self, request: Request, result: Response | Failure) -> None:
        self.seen.append(("result", request))

    def on_finished(self, request: Request) -> None:
        self.seen.append(("finished", request))

    def on_closing(self) -> None:
        self.seen.append(("closing", None))


class Slot:
    def __init__(self) -> None:
        self.inprogress: set[Request] = set()
        self.closing: Any = None
        self.closed = 0
        self.nextcall = SimpleNamespace(schedule=self._schedule)
        self.scheduled = 0

    def _schedule(self) -> None:
        self.scheduled += 1

    async def close(self) -> None:
        self.closed += 1

    def _maybe_fire_closing(self) -> None:
        if not self.inprogress:
            self.closing.called = True


def engine() -> Any:
    scraping = SimpleNamespace(queue=[1], active={Request(URL)}, itemproc_size=3, closing=None)
    scraper = SimpleNamespace(
        slot=scraping, enqueue_scrape=lambda *_: None, _check_if_closing=lambda: None
    )
    downloader = SimpleNamespace(domain_concurrency=8, total_concurrency=64)
    return SimpleNamespace(_slot=Slot(), scraper=scraper, downloader=downloader, running=True)


def installed() -> tuple[Any, EngineHooks, Watching]:
    made, watching = engine(), Watching()
    hooks = EngineHooks(made)
    hooks.install(watching)
    return made, hooks, watching


def test_a_request_is_finished_when_it_leaves_the_engines_set() -> None:
    made, _, watching = installed()
    request = Request(URL)
    made._slot.inprogress.add(request)
    assert watching.seen == []
    made._slot.inprogress.remove(request)
    assert watching.seen == [("finished", request)]


def test_a_result_is_seen_before_the_scraper_has_it() -> None:
    made, watching = engine(), Watching()
    made.scraper.enqueue_scrape = lambda _, request: watching.seen.append(("scraper", request))
    EngineHooks(made).install(watching)
    request = Request(URL)
    made.scraper.enqueue_scrape("response", request)
    assert watching.seen == [("result", request), ("scraper", request)]


def test_the_end_is_announced_before_the_slot_closes() -> None:
    made, _, watching = installed()
    run(made._slot.close())
    assert watching.seen == [("closing", None)]
    assert made._slot.closed == 1


def test_abandoned_requests_are_finished_and_may_end_after_all() -> None:
    made, hooks, watching = installed()
    requests = [Request(URL), Request(URL)]
    made._slot.inprogress.update(requests)
    made._slot.closing = SimpleNamespace(called=False)
    assert hooks.abandon() == 2
    assert sorted(map(id, requests)) == sorted(id(request) for _, request in watching.seen)
    assert made._slot.closing.called
    made._slot.inprogress.remove(requests[0])  # it ends late
    made.scraper.slot.active.remove(requests[0])
    assert len(watching.seen) == 2


def test_only_a_running_engine_that_is_not_closing_is_woken() -> None:
    made, hooks, _ = installed()
    hooks.wake()
    assert made._slot.scheduled == 1
    made._slot.closing = object()
    assert is_closing(made)
    hooks.wake()
    made.running, made._slot.closing = False, None
    hooks.wake()
    assert made._slot.scheduled == 1


def test_the_engine_is_woken_when_a_direct_download_has_come_back_to_who_made_it() -> None:
    made, hooks, _ = installed()
    direct, other = Request(URL), Request(URL)
    made._slot.inprogress.update((direct, other))
    hooks.direct.add(direct)
    made._slot.inprogress.remove(other)
    assert (hooks.direct, made._slot.scheduled) == ({direct}, 0)
    made._slot.inprogress.remove(direct)
    assert (hooks.direct, made._slot.scheduled) == (set(), 1)


def test_slot_limits_are_only_ever_lifted_and_that_of_all_slots_only_lowered() -> None:
    made, hooks, _ = installed()
    hooks.lift_slot_limits(64)
    assert made.downloader.total_concurrency == 64
    hooks.lift_slot_limits(2)
    hooks.lift_slot_limits(5)
    assert made.downloader.domain_concurrency == 64
    assert made.downloader.total_concurrency == 2


def test_slots_without_a_limit_get_that_of_the_crawl() -> None:
    made, hooks, _ = installed()
    made.downloader.total_concurrency = 0  # no limit, for Scrapy
    hooks.lift_slot_limits(112)
    assert made.downloader.total_concurrency == 112


@pytest.mark.parametrize("name", ["inprogress", "close", "nextcall", "_maybe_fire_closing"])
def test_another_scrapy_is_refused_at_the_start_with_what_it_lacks(name: str) -> None:
    made = engine()
    slot = {known: getattr(made._slot, known) for known in dir(made._slot) if known != name}
    made._slot = SimpleNamespace(**{known: it for known, it in slot.items() if known[:2] != "__"})
    with pytest.raises(CrawlprojError, match=rf"no {name} .*requirements\.txt"):
        EngineHooks(made).install(Watching())


def test_what_is_there_is_accepted() -> None:
    require("text", "upper", "lower")


def test_the_closing_of_a_spider_goes_on_although_nobody_waits_for_it() -> None:
    reasons: list[str] = []

    class Engine:
        async def close_spider_async(self, *, reason: str) -> None:
            await asyncio.sleep(0)
            gc.collect()
            await asyncio.sleep(0)
            reasons.append(reason)

    async def begin() -> None:
        closing: Any = Engine()
        begin_closing(closing, "store-failed")
        assert reasons == []
        for _ in range(4):
            await asyncio.sleep(0)

    run(begin())
    assert reasons == ["store-failed"]
