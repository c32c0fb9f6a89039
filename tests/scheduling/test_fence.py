"""Requests whose lease another worker may have are neither sent nor left in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrapy import Request

from crawlproj.frontier.base import Entry, Lease
from crawlproj.limits.permit import Permit
from crawlproj.scheduling.fence import Fence, LeaseLost
from crawlproj.scheduling.work import Work, WorkInHand

if TYPE_CHECKING:
    from collections.abc import Container


class Downloads:
    """Requests under way, and those that were cancelled."""

    def __init__(self) -> None:
        self.under_way: list[Request] = []
        self.cancelled: list[Request] = []

    def cancel(self, requests: Container[Request], error: Exception) -> None:
        assert isinstance(error, LeaseLost)
        self.cancelled += [request for request in self.under_way if request in requests]


class Worker:
    """A fence around the work of leases 1, 2, … valid: whether its leases are."""

    def __init__(self, *requests: Request) -> None:
        self.valid = True
        self.downloads = Downloads()
        self.downloads.under_way = list(requests)
        self.in_hand = WorkInHand()
        for number, request in enumerate(requests, 1):
            entry = Entry(number, "a.test", request.url)
            self.in_hand.add(Lease(number, entry, 0, 60.0), request, Permit(0.0, 1, False))
        self.spider = object()
        self.fence = Fence(self.in_hand, lambda: self.valid, spider=self.spider)

    def work_of(self, request: Request) -> Work:
        work = self.in_hand.of(request)
        assert work is not None
        return work

    def send(self, request: Request) -> None:
        self.fence.check(request)

    def lose(self, *lease_ids: int) -> None:
        self.fence.lose(lease_ids, self.downloads)


def page(path: str = "") -> Request:
    return Request(f"https://a.test/{path}")


def test_a_request_is_sent_while_its_lease_is_valid() -> None:
    here = page()
    worker = Worker(here)
    worker.send(here)
    assert not worker.work_of(here).cut_short


def test_a_request_is_not_sent_on_a_lease_that_may_have_expired() -> None:
    here = page()
    worker = Worker(here)
    worker.valid = False
    with pytest.raises(LeaseLost, match="another worker"):
        worker.send(here)
    assert worker.work_of(here).cut_short, "it goes back as it was"


def test_a_request_that_lost_its_lease_is_not_sent_though_newer_leases_are_valid() -> None:
    lost, kept = page("lost"), page("kept")  # both wait for robots.txt
    worker = Worker(lost, kept)
    worker.lose(1)
    with pytest.raises(LeaseLost):
        worker.send(lost)
    worker.send(kept)


def test_a_request_without_a_lease_is_always_sent() -> None:
    worker = Worker()
    worker.valid = False
    worker.send(Request("https://a.test/robots.txt"))


def test_downloads_on_lost_leases_are_cancelled_and_no_others() -> None:
    lost, kept = page("lost"), page("kept")
    worker = Worker(lost, kept)
    worker.lose(1, 17)  # lease 17 waits in the buffer
    assert worker.downloads.cancelled == [lost]
    assert worker.work_of(lost).cut_short
    assert not worker.work_of(kept).cut_short


def test_a_page_that_was_answered_is_still_parsed_when_its_lease_is_lost() -> None:
    answered = page()
    worker = Worker(answered)
    worker.work_of(answered).respond(200)
    worker.lose(1)
    assert not worker.downloads.cancelled
    assert not worker.work_of(answered).cut_short


def test_what_is_cut_short_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(page("one"), page("two"))
    worker.lose()
    worker.lose(1, 2)
    assert [record.message.split()[0] for record in caplog.records] == ["2"]
    assert [vars(record)["spider"] for record in caplog.records] == [worker.spider]
