"""A worker writes down the URLs that a command skips, in virtual time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import NotStored
from crawlproj.frontier.base import Entry
from crawlproj.frontier.commands import SKIPPED_BY_COMMAND, Verb
from crawlproj.items import SkippedUrl
from crawlproj.scheduling.serialize import depth_of
from tests.frontier.helpers import entry
from tests.scheduling.desk import in_virtual_time
from tests.scheduling.steered import crawl

if TYPE_CHECKING:
    from crawlproj.scheduling.books import Outcome


class Store:
    """Keeps outcomes in memory. failing: after how many it fails."""

    def __init__(self, failing: int = 1000) -> None:
        self.rows: dict[str, SkippedUrl] = {}
        self.failing = failing

    def write(self, outcome: Outcome) -> asyncio.Future[str | None]:
        done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        assert isinstance(outcome, SkippedUrl)
        if len(self.rows) >= self.failing:
            done.set_exception(NotStored("the disk is full"))
        else:
            self.rows[outcome.url] = outcome
            done.set_result(None)
        return done


@in_virtual_time
async def test_skipped_urls_have_a_row_that_says_who_skipped_them_and_by_which_pattern() -> None:
    store = Store()
    async with crawl() as it:
        it.books.write = store.write
        await it.it.put(*(entry(n, "a.test") for n in range(1, 10)))
        later = Entry(50, "a.test", "http://a.test/50", b'{"meta":{"depth":3}}', 0, 1e12)
        await it.frontier.write([later], [])
        await it.obeyed(Verb.SKIP, pattern="re:/[1-5]")
        await it.it.put(entry(11, "a.test"), entry(61, "a.test"))
        await asyncio.sleep(1)
        (command,) = await it.frontier.commands()
        assert sorted(store.rows) == [f"http://a.test/{n}" for n in (1, 11, 2, 3, 4, 5, 50)]
        assert {row.reason for row in store.rows.values()} == {SKIPPED_BY_COMMAND}
        assert {row.detail for row in store.rows.values()} == {command.trace}
        assert command.trace.startswith("by ann at ")
        assert command.trace.endswith(" UTC: URLs that match re:/[1-5]")
        assert store.rows["http://a.test/50"].depth == 3


@in_virtual_time
async def test_a_skip_waits_until_the_store_is_open_and_the_crawl_waits_for_it() -> None:
    async with crawl() as it:
        it.books._early = []
        await it.frontier.write([entry(1, "a.test", not_before=1e12)], [])
        await it.obeyed(Verb.SKIP, site="a.test")
        waited = [it.steering.waits]
        assert (await it.frontier.totals()).skipped == {}
        it.books.write = (store := Store()).write
        it.books.begin()
        await asyncio.sleep(1.5)
        waited.append(it.steering.waits)
        assert waited == [True, False]
        assert (await it.frontier.totals()).skipped == {SKIPPED_BY_COMMAND: 1}
        assert list(store.rows) == ["http://a.test/1"]


@in_virtual_time
async def test_nothing_is_skipped_that_the_store_did_not_take() -> None:
    async with crawl() as it:
        it.books.write = Store(failing=1).write
        later = [entry(n, "a.test", not_before=1e12) for n in (1, 2)]
        await it.frontier.write(later, [])
        await it.say(Verb.SKIP, site="a.test")
        with pytest.raises(NotStored):
            await it.steering.look()
        assert (await it.frontier.totals()).skipped == {}
        it.books.write = (store := Store()).write
        await it.steering.look()
        assert len(store.rows) == 2
        assert (await it.frontier.totals()).skipped == {SKIPPED_BY_COMMAND: 2}


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"meta":{"depth":"x"}}', b'{"meta":1}'])
def test_an_entry_whose_depth_is_unknown_has_none(payload: bytes) -> None:
    assert depth_of(Entry(1, "a.test", "http://a.test/", payload)) == 0
