"""Callbacks are called as Scrapy's scraper calls them, and watched."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, Spider
from scrapy.core.scraper import Scraper
from scrapy.exceptions import ScrapyDeprecationWarning
from scrapy.http import Response
from scrapy.utils.test import get_crawler
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from crawlproj._scrapy.callbacks import watch_callbacks
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler

URL = "http://a.example/"


class Outputs(Spider):
    name = "outputs"

    def nothing(self, _: Any) -> None: ...

    def an_item(self, _: Any) -> dict[str, int]:
        return {"a": 1}

    def a_list(self, _: Any, more: int = 0) -> list[int]:
        return [1, 2, more]

    def a_generator(self, _: Any) -> Iterator[int]:
        yield 1
        yield 2

    def a_generator_that_returns(self, _: Any) -> Iterator[int]:
        yield 1
        return 2  # type: ignore[return-value]

    async def a_coroutine(self, _: Any) -> list[int]:
        return [1, 2]

    async def a_coroutine_of_nothing(self, _: Any) -> None: ...

    async def an_async_generator(self, _: Any) -> AsyncIterator[int]:
        yield 1
        yield 2

    def a_deferred(self, _: Any) -> Deferred[list[int]]:
        return succeed([1, 2])

    def an_error(self, _: Any) -> None:
        raise RuntimeError("broken")

    async def an_error_of_a_coroutine(self, _: Any) -> None:
        raise RuntimeError("broken")

    def a_failure(self, _: Any) -> Failure:
        return Failure(RuntimeError("broken"))  # type: ignore[no-untyped-call]

    def the_same_failure(self, failure: Any) -> Any:
        return failure if isinstance(failure, Failure) else []


NAMES = [name for name in vars(Outputs) if name != "name" and not name.startswith("_")]


class Steps:
    """Counts what it learns."""

    def __init__(self) -> None:
        self.begun = self.ended = self.closed = 0

    def begin(self) -> None:
        self.begun += 1

    def end(self) -> None:
        self.ended += 1

    def close(self) -> None:
        self.closed += 1


def crawler_of() -> Crawler:
    crawler = get_crawler(Outputs)
    crawler.spider = crawler._create_spider()
    return crawler


async def outcome(scraper: Scraper, request: Request, *, fails: bool) -> Any:
    """Return what the callback, or the errback, yields or raises."""
    result: Response | Failure = Response(URL, request=request)
    if fails:
        result = Failure(ValueError("not found"))  # type: ignore[no-untyped-call]
    try:
        output = await scraper.call_spider_async(result, request)
        if hasattr(output, "__aiter__"):
            return [repr(value) async for value in output]
        return list(map(repr, output))
    except Exception as exc:  # noqa: BLE001 - all are compared
        return repr(exc)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_the_outcome_is_that_of_scrapy(name: str, *, fails: bool) -> None:
    async def main() -> None:
        crawler = crawler_of()
        theirs, ours = Scraper(crawler), Scraper(crawler)
        seen: list[Steps] = []
        watch_callbacks(ours, lambda _: seen.append(Steps()) or seen[-1])  # type: ignore[func-returns-value]
        function = getattr(crawler.spider, name)
        requests = [Request(URL, callback=function, errback=function) for _ in range(2)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = await outcome(theirs, requests[0], fails=fails)
            assert await outcome(ours, requests[1], fails=fails) == expected
        [steps] = seen
        assert steps.begun == steps.ended > 0
        assert steps.closed == 1

    run(main())


def test_a_callback_gets_its_arguments() -> None:
    async def main() -> None:
        crawler = crawler_of()
        scraper = Scraper(crawler)
        watch_callbacks(scraper, lambda _: None)
        request = Request(URL, callback=crawler.spider.a_list, cb_kwargs={"more": 3})  # type: ignore[union-attr]
        assert await outcome(scraper, request, fails=False) == ["1", "2", "3"]

    run(main())


def test_a_failure_without_an_errback_is_raised_and_not_watched() -> None:
    async def main() -> None:
        scraper = Scraper(crawler_of())
        watch_callbacks(scraper, lambda _: pytest.fail("no code of the spider runs"))
        assert await outcome(scraper, Request(URL), fails=True) == "ValueError('not found')"

    run(main())


def test_the_latest_watch_is_the_outermost() -> None:
    order: list[str] = []

    class Named(Steps):
        def __init__(self, name: str) -> None:
            super().__init__()
            self._name = name

        def begin(self) -> None:
            order.append(f"{self._name} begins")

        def end(self) -> None:
            order.append(f"{self._name} ends")

    async def main() -> None:
        scraper = Scraper(crawler_of())
        for name in ("inner", "outer"):
            watch_callbacks(scraper, lambda _, name=name: Named(name))  # type: ignore[misc]
        await scraper.call_spider_async(
            Response(URL),
            Request(URL, callback=scraper.crawler.spider.nothing),  # type: ignore[union-attr]
        )

    run(main())
    assert order == ["outer begins", "inner begins", "inner ends", "outer ends"]


def test_a_generator_that_returns_a_value_is_warned_of_once() -> None:
    async def main() -> None:
        crawler = crawler_of()
        scraper = Scraper(crawler)
        watch_callbacks(scraper, lambda _: None)
        for _ in range(2):
            request = Request(URL, callback=crawler.spider.a_generator_that_returns)  # type: ignore[union-attr]
            await outcome(scraper, request, fails=False)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(main())
    assert [str(each.message)[:40] for each in caught] == [
        'The "Outputs.a_generator_that_returns" m'
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_a_deferred_is_deprecated_in_the_words_of_scrapy(*, fails: bool) -> None:
    async def main() -> None:
        crawler = crawler_of()
        theirs, ours = Scraper(crawler), Scraper(crawler)
        watch_callbacks(ours, lambda _: None)
        function = crawler.spider.a_deferred  # type: ignore[union-attr]
        for scraper in (theirs, ours):
            await outcome(scraper, Request(URL, callback=function, errback=function), fails=fails)

    with warnings.catch_warnings(
        record=True, action="always", category=ScrapyDeprecationWarning
    ) as got:
        run(main())
    [expected, told] = [str(each.message) for each in got]
    assert told == expected
