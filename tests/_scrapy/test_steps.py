"""Only the steps in which code runs are watched; the code itself moves the clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj._scrapy.steps import Steps
from crawlproj.downloadermiddlewares.scraper_timing import Stopwatch
from tests.frontier.helpers import Now, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Spider:
    """Callbacks that work for some seconds and wait for others."""

    def __init__(self) -> None:
        self.now = Now()
        self.times: list[float] = []

    def steps(self) -> Steps:
        return Steps([Stopwatch(self.now, self.times.append)])

    def work(self, seconds: float) -> None:
        self.now.time += seconds

    async def wait(self, seconds: float) -> None:
        asyncio.get_running_loop().call_soon(self.work, seconds)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def generator(self) -> Iterator[str]:
        self.work(1)
        yield "a"
        self.work(2)
        yield "b"

    async def coroutine(self) -> list[str]:
        self.work(1)
        await self.wait(50)
        self.work(2)
        return ["a", "b"]

    async def async_generator(self) -> AsyncIterator[str]:
        self.work(1)
        yield "a"
        await self.wait(50)
        self.work(2)
        yield "b"


def test_a_generator_is_timed_while_it_runs() -> None:
    spider = Spider()
    outputs = []
    for output in spider.steps().iterated(spider.generator()):
        outputs.append(output)
        spider.work(100)
    assert outputs == ["a", "b"]
    assert spider.times == [3]


def test_the_time_that_a_coroutine_awaits_does_not_count() -> None:
    async def main() -> None:
        spider = Spider()
        steps = spider.steps()
        assert await steps.awaited(spider.coroutine()) == ["a", "b"]
        steps.close()
        assert spider.times == [3]
        assert spider.now.time == 1053

    run(main())


def test_an_async_generator_is_timed_while_it_runs() -> None:
    async def main() -> None:
        spider = Spider()
        outputs = []
        steps = spider.steps()
        async for output in steps.async_iterated(spider.async_generator()):
            outputs.append(output)
            spider.work(100)
        assert outputs == ["a", "b"]
        assert spider.times == [3]

    run(main())


def test_an_exception_propagates_and_ends_the_timing() -> None:
    spider = Spider()

    def broken() -> Iterator[str]:
        spider.work(1)
        yield "a"
        spider.work(2)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        list(spider.steps().iterated(broken()))
    assert spider.times == [3]


def test_a_failed_async_generator_is_counted_once() -> None:
    async def broken(spider: Spider) -> AsyncIterator[str]:
        spider.work(1)
        yield "a"
        raise RuntimeError("broken")

    async def main() -> None:
        spider = Spider()
        values = spider.steps().async_iterated(broken(spider))
        assert await anext(values) == "a"
        with pytest.raises(RuntimeError, match="broken"):
            await anext(values)
        with pytest.raises(StopAsyncIteration):
            await anext(values)
        assert spider.times == [1]

    run(main())


def test_cancellation_reaches_the_code_that_waits() -> None:
    cleaned: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("yes")

    async def main() -> None:
        async def wrapped() -> None:
            await Spider().steps().awaited(waits())

        task = asyncio.ensure_future(wrapped())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main())
    assert cleaned == ["yes"]


def test_code_that_catches_an_exception_continues() -> None:
    async def survives() -> str:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "survived"
        return ""

    async def main() -> Any:
        return await Spider().steps().awaited(survives())

    assert run(main()) == "survived"


def test_closing_a_coroutine_closes_the_one_it_awaits() -> None:
    closed: list[str] = []

    async def inner() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            closed.append("yes")

    async def outer() -> None:
        await Spider().steps().awaited(inner())

    async def main() -> None:
        coroutine = outer()
        coroutine.send(None)
        coroutine.close()

    run(main())
    assert closed == ["yes"]
