"""New requests on their way into a shared frontier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawlproj.scheduling.arrivals import Arrivals
from crawlproj.scheduling.seen import Seen
from crawlproj.scheduling.work import WorkInHand
from tests.scheduling.test_entries import URL, entries, lease

if TYPE_CHECKING:
    from crawlproj.frontier.base import Entry


def test_a_retry_from_a_callback_is_put_without_the_objects_that_its_page_was_given() -> None:
    it, in_hand = entries(shared=True), WorkInHand()
    put: list[Entry] = []
    page = Request(URL, cb_kwargs={"own": 1})
    permit: Any = None
    in_hand.add(lease(it.entry_of(page, 1)), page, permit)
    work = in_hand.of(page)
    assert work is not None
    work.responded = True
    page.cb_kwargs.update(page=object(), plain=2)  # as a middleware does

    admission: Any = None
    arrivals = Arrivals(it, in_hand, admission, put.append, Seen())
    assert arrivals.take(page.replace(dont_filter=True))
    (entry,) = put
    assert it.request_of(entry).cb_kwargs == {"own": 1, "plain": 2}
    assert not arrivals.take(Request(URL, cb_kwargs={"page": object()})), "its own"
