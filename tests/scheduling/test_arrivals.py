"""New requests on their way into a shared frontier."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, Spider

from crawlproj.scheduling.arrivals import Arrivals
from crawlproj.scheduling.given import without_given
from crawlproj.scheduling.seen import Seen
from crawlproj.scheduling.work import WorkInHand
from tests.scheduling.test_entries import URL, entries, lease

if TYPE_CHECKING:
    from crawlproj.frontier.base import Entry


@pytest.mark.parametrize("seen", [True, False], ids=["retry from the callback", "redirect"])
def test_a_copy_of_a_page_is_put_without_the_objects_that_the_page_was_given(seen: bool) -> None:
    it, in_hand = entries(shared=True), WorkInHand()
    put: list[Entry] = []
    page = Request(URL, cb_kwargs={"own": 1})
    permit: Any = None
    in_hand.add(lease(it.entry_of(page, 1)), page, permit)
    work = in_hand.of(page)
    assert work is not None
    work.responded = seen
    page.cb_kwargs.update(page=object(), plain=2)  # as a middleware does
    if not seen:
        page.meta["session"] = object()

    admission: Any = SimpleNamespace(release=lambda _: None)
    arrivals = Arrivals(it, in_hand, admission, put.append, Seen())
    assert arrivals.take(page.replace(url=URL if seen else f"{URL}to", dont_filter=seen))
    (entry,) = put
    again = it.request_of(entry)
    assert again.cb_kwargs == {"own": 1, "plain": 2}
    assert "session" not in again.meta
    assert not arrivals.take(Request(URL, cb_kwargs={"page": object()})), "its own"


@pytest.mark.parametrize("name", ["page", "other"])
def test_what_the_spider_passes_on_is_not_left_out(name: str) -> None:
    spider = Spider("any")
    page = Request(URL, callback=spider.parse, cb_kwargs={"page": spider}, meta={"kept": spider})
    given: Any = {"page": object()} if name == "page" else page.cb_kwargs
    request = page.replace(callback=spider.parse if name == "page" else print, cb_kwargs=given)
    assert without_given(request, page, spider, seen=True) is None
