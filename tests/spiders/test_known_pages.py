"""A run that continues knows what was fetched before of its sites, so that traps hold for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from crawlproj.spiders.known_pages import know_pages
from crawlproj.spiders.site import SiteSpider
from crawlproj.store.base import Checked
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crawlproj.store.base import ReadChecked

HOME = "http://a.example/"


def store_of(urls: Iterable[str]) -> ReadChecked:
    async def read(table: str, start: str, end: str | None, limit: int) -> list[Checked]:
        assert table == "pages"
        found = sorted(url for url in urls if start <= url and (end is None or url < end))
        return [
            Checked("pages", url, 0, 0.0, "", False, "", None, None, None) for url in found[:limit]
        ]

    return read


def test_all_pages_of_the_sites_are_known_and_no_others() -> None:
    of_sites = {f"{HOME}p{n}" for n in range(1200)} | {"https://a.example/", "http://b.example/x"}
    traps = mock.Mock()
    read = store_of({*of_sites, "http://a.example:81/", "http://c.example/"})
    scheduler: Any = SimpleNamespace(books=SimpleNamespace(read=read))
    run(know_pages(traps, scheduler, ["a.example", "b.example"]))
    assert {call.args[0] for call in traps.know.call_args_list} == of_sites


@pytest.mark.parametrize("done", [0, 7])
def test_a_trap_of_the_run_before_holds_for_paths_that_only_that_run_fetched(done: int) -> None:
    spider = SiteSpider(url=HOME)
    spider.crawler = mock.Mock()
    assert spider.traps is not None
    spider.traps.found["a.example/p#?replytocom= (again)"] = "20 pages in a row had nothing new"
    books = SimpleNamespace(read=store_of([f"{HOME}p7"]))
    scheduler = SimpleNamespace(books=books, totals=SimpleNamespace(done=done))

    async def start() -> None:
        with mock.patch("crawlproj.spiders.site.scheduler_of", return_value=scheduler):
            await anext(spider.start())

    run(start())
    assert bool(spider.traps.why_not(f"{HOME}p7?replytocom=1")) == (done > 0)
    assert not spider.traps.why_not(f"{HOME}p8?replytocom=1")
