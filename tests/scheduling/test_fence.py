"""Requests whose lease another worker may have are neither sent nor left in flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from scrapy import Request

from crawlproj.scheduling.fence import Fence, LeaseLost

if TYPE_CHECKING:
    from collections.abc import Container


@dataclass(slots=True)
class Work:
    request: Request
    responded: bool = False
    cut_short: bool = False


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

    def __init__(self, *works: Work) -> None:
        self.valid = True
        self.downloads = Downloads()
        self.downloads.under_way = [work.request for work in works]
        self._working = dict(enumerate(works, 1))
        self.fence = Fence(self._working, self._work_of, lambda: self.valid)

    def _work_of(self, request: Request) -> Work | None:
        works = self._working.values()
        return next((work for work in works if work.request is request), None)

    def send(self, request: Request) -> None:
        self.fence.check(request)

    def lose(self, *lease_ids: int) -> None:
        self.fence.lose(lease_ids, self.downloads)


def work(path: str = "") -> Work:
    return Work(Request(f"https://a.test/{path}"))


def test_a_request_is_sent_while_its_lease_is_valid() -> None:
    here = work()
    Worker(here).send(here.request)
    assert not here.cut_short


def test_a_request_is_not_sent_on_a_lease_that_may_have_expired() -> None:
    here = work()
    worker = Worker(here)
    worker.valid = False
    with pytest.raises(LeaseLost, match="another worker"):
        worker.send(here.request)
    assert here.cut_short, "it goes back as it was"


def test_a_request_that_lost_its_lease_is_not_sent_though_newer_leases_are_valid() -> None:
    lost, kept = work("lost"), work("kept")  # both wait for robots.txt
    worker = Worker(lost, kept)
    worker.lose(1)
    with pytest.raises(LeaseLost):
        worker.send(lost.request)
    worker.send(kept.request)


def test_a_request_without_a_lease_is_always_sent() -> None:
    worker = Worker()
    worker.valid = False
    worker.send(Request("https://a.test/robots.txt"))


def test_downloads_on_lost_leases_are_cancelled_and_no_others() -> None:
    lost, kept = work("lost"), work("kept")
    worker = Worker(lost, kept)
    worker.lose(1, 17)  # lease 17 waits in the buffer
    assert worker.downloads.cancelled == [lost.request]
    assert (lost.cut_short, kept.cut_short) == (True, False)


def test_a_page_that_was_answered_is_still_parsed_when_its_lease_is_lost() -> None:
    answered = work()
    answered.responded = True
    worker = Worker(answered)
    worker.lose(1)
    assert not worker.downloads.cancelled
    assert not answered.cut_short


def test_what_is_cut_short_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(work("one"), work("two"))
    worker.lose()
    worker.lose(1, 2)
    assert [record.message.split()[0] for record in caplog.records] == ["2"]
