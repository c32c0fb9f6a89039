from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider

from crawlproj.frontier.base import Ack, Entry, Lease, State
from crawlproj.scheduling.books import Books
from crawlproj.scheduling.entries import Entries
from crawlproj.scheduling.rebuilding import Rebuilding
from crawlproj.scheduling.volatile import Source, volatile_entry
from tests.scheduling.some_keys import keys

if TYPE_CHECKING:
    import pytest


LIST = Entry(1, "a.example", "http://a.example/list", b'{"priority":1}')


class AnySpider(Spider):
    name = "any"


class Stats:
    def inc_value(self, name: str, count: int = 1) -> None:
        """Count nothing."""


class Desk:
    """A process that continues a crawl, at work with leases."""

    def __init__(self) -> None:
        self.put: list[Entry] = []
        self.acks: list[Ack] = []
        stats: Any = Stats()
        self.entries = Entries(
            AnySpider(), stats, keys(), retry_times=2, shared=False, by_domain=False
        )
        books = Books(lambda ack, _: self.acks.append(ack), spider=None)
        books.begin()
        self.rebuilding = Rebuilding(self.entries, self.put.append, books)

    def claims(self, entry: Entry) -> Request | None:
        return self.rebuilding.request_of(Lease(len(self.acks), entry, 0, 60.0))


def lost(n: int, source: Entry | Source) -> Entry:
    return volatile_entry(Request(f"http://a.example/{n}"), n, source)


def test_the_page_of_lost_requests_is_asked_for_once_more_and_they_are_forgotten() -> None:
    desk = Desk()
    assert [desk.claims(lost(n, LIST)) for n in (2, 3)] == [None, None]
    (page,) = desk.put
    assert (page.site, page.url, page.payload) == (LIST.site, LIST.url, LIST.payload)
    assert page.key != LIST.key, "which has ended"
    assert [(ack.state, ack.forget) for ack in desk.acks] == [(State.DONE, True)] * 2


def test_a_request_that_its_page_has_given_again_is_the_one_of_the_entry_before() -> None:
    desk, entry = Desk(), lost(2, LIST)
    again = Request(entry.url, meta={"page": object()})
    desk.entries.entry_of(again, entry.key, source=LIST)
    assert desk.claims(entry) is again
    assert not desk.put


def test_a_lost_seed_is_forgotten_so_that_start_puts_it_again() -> None:
    desk = Desk()
    assert desk.claims(lost(2, Source.START)) is None
    assert (desk.put, [ack.forget for ack in desk.acks]) == ([], [True])


def test_a_lost_request_of_an_unknown_source_fails(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    assert desk.claims(lost(2, Source.UNKNOWN)) is None
    assert desk.acks == [Ack(0, State.FAILED, "lost")]
    assert "http://a.example/2: lost with the process" in caplog.text


def test_a_retry_that_can_no_longer_be_stored_falls_back_on_what_was_leased() -> None:
    first, second = Desk(), Desk()
    unstorable = Request(LIST.url, meta={"proxy_session": object()})
    retry = first.entries.retried(unstorable, Lease(1, LIST, 0, 60.0))
    assert retry is not None
    assert second.claims(retry) is None
    assert [page.payload for page in second.put] == [LIST.payload]


def test_a_retry_of_a_request_in_memory_keeps_its_page() -> None:
    first, second = Desk(), Desk()
    leased = lost(2, LIST)
    retry = first.entries.retried(
        Request(leased.url, meta={"page": object()}), Lease(1, leased, 0, 60.0)
    )
    assert retry is not None
    assert second.claims(retry) is None
    assert [page.url for page in second.put] == [LIST.url]
