from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest
from scrapy import Request
from scrapy.utils.test import get_crawler

import crawlproj.http.budget
from crawlproj.errors import ConfigError
from crawlproj.http.budget import SMALL_BYTES, MemoryBudget, Share
from tests.frontier.helpers import run
from tests.waiting import PATIENCE_S

MB = 1_000_000


def share(budget: MemoryBudget, size: int = 0) -> Share:
    made = Share(budget, nullcontext)
    if size:
        made.add(size)
    return made


async def waits(body: Share) -> bool:
    """Whether the body has to wait now."""
    room = asyncio.ensure_future(body.room())
    await asyncio.sleep(0)
    waiting = not room.done()
    room.cancel()
    return waiting


def test_bodies_within_the_budget_do_not_wait() -> None:
    budget = MemoryBudget(10 * MB)
    bodies = [share(budget, 3 * MB) for _ in range(3)]
    assert not any(run(waits(body)) for body in bodies)
    assert budget.used == 9 * MB


def test_beyond_the_budget_only_the_body_that_was_begun_first_goes_on() -> None:
    async def receive() -> None:
        budget = MemoryBudget(10 * MB)
        first, second, third = (share(budget, 4 * MB) for _ in range(3))
        assert [await waits(body) for body in (first, second, third)] == [False, True, True]
        first.release()
        assert [await waits(body) for body in (second, third)] == [False, False]
        second.add(9 * MB)
        assert [await waits(body) for body in (second, third)] == [False, True]

    run(receive())


def test_bodies_that_are_handled_count_until_their_requests_are_done_with() -> None:
    async def receive() -> None:
        budget = MemoryBudget(10 * MB)
        request = Request("http://a.test/")
        share(budget, 11 * MB).hand_over(request)
        body = share(budget, MB)
        room = asyncio.ensure_future(body.room())
        await asyncio.sleep(0)
        assert not room.done(), "the first one waits for those that are handled, too"
        del request
        await asyncio.wait_for(room, PATIENCE_S)
        assert budget.used == MB

    run(receive())


def test_bodies_count_no_longer_once_their_request_has_ended_though_it_is_kept() -> None:
    budget = MemoryBudget(10 * MB)
    kept = Request("http://a.test/")
    share(budget, 11 * MB).hand_over(kept)
    budget.hold(kept, 2 * MB)
    other = Request("http://a.test/")
    share(budget, MB).hand_over(other)
    budget.done_with(kept)
    assert budget.used == budget.handled == MB
    budget.done_with(kept)
    del kept
    assert budget.used == MB, "nothing was given back twice"


def test_the_first_body_does_not_wait_for_ever_for_a_callback_that_may_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crawlproj.http.budget, "_PATIENCE_S", 0.01)

    async def receive() -> None:
        budget = MemoryBudget(10 * MB)
        request = Request("http://a.test/")
        share(budget, 11 * MB).hand_over(request)
        first, second = share(budget, MB), share(budget, MB)
        await asyncio.wait_for(first.room(), PATIENCE_S)
        first.add(MB)
        assert not await waits(first), "it waits once, not for each part"
        assert await waits(second)

    run(receive())


def test_a_decompressed_body_counts_and_a_small_one_does_not() -> None:
    budget = MemoryBudget(10 * MB)
    request = Request("http://a.test/")
    budget.hold(request, SMALL_BYTES)
    assert budget.used == 0
    budget.hold(request, 11 * MB)
    assert budget.full
    del request
    assert budget.used == 0


def test_without_a_limit_nothing_waits() -> None:
    budget = MemoryBudget(0)
    assert not run(waits(share(budget, 10**12)))


def test_the_crawler_has_one_budget_and_a_wrong_setting_is_named() -> None:
    crawler = get_crawler(settings_dict={"MEMORY_BUDGET": 5})
    assert MemoryBudget.of(crawler) is MemoryBudget.of(crawler)
    with pytest.raises(ConfigError, match="MEMORY_BUDGET"):
        MemoryBudget.of(get_crawler(settings_dict={"MEMORY_BUDGET": -1}))
