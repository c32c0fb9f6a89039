from __future__ import annotations

from typing import Any

import pytest
from scrapy import Request, Spider

from crawlproj.frontier.base import Entry, Lease
from crawlproj.scheduling.entries import Entries, Lost
from crawlproj.scheduling.serialize import RETRY_AT, VOLATILE, Unstorable, key_of

URL = "http://www.example.org/"


def entries(*, shared: bool = False, by_domain: bool = False, retry_times: int = 2) -> Entries:
    return Entries(
        Spider("any"),
        Stats(),  # type: ignore[arg-type]
        retry_times=retry_times,
        shared=shared,
        by_domain=by_domain,
    )


class Stats:
    def inc_value(self, name: str) -> None:
        assert name == "frontier/unstorable"


def unstorable(**meta: Any) -> Request:
    return Request(URL, meta={"handle": object(), **meta})


def lease(entry: Entry, attempts: int = 0) -> Lease:
    return Lease(1, entry, attempts, 60.0)


def test_a_request_becomes_an_entry_and_the_same_request_again() -> None:
    it = entries()
    request = Request(URL, meta={"note": 1}, priority=3)
    again = it.request_of(it.entry_of(request, it.key_of(request)))
    assert (again.url, again.meta, again.priority) == (URL, {"note": 1}, 3)


def test_a_request_that_is_not_filtered_has_a_key_of_its_own_each_time() -> None:
    it, request = entries(), Request(URL, dont_filter=True)
    assert len({it.key_of(request) for _ in range(3)} | {key_of(request)}) == 4


def test_a_start_request_is_filtered_though_scrapy_marks_it_otherwise() -> None:
    request = Request(URL, dont_filter=True, meta={"is_start_request": True})
    assert entries().key_of(request) == key_of(request)


def test_the_time_of_a_retry_that_was_copied_from_the_page_does_not_hold_a_new_request() -> None:
    assert entries().entry_of(Request(URL, meta={RETRY_AT: 99.0}), 1).not_before == 0.0


def test_a_registrable_domain_can_be_one_queue() -> None:
    assert entries(by_domain=True).entry_of(Request(URL), 1).site == "example.org"


def test_a_retry_keeps_its_place_and_waits_for_its_time() -> None:
    leased = Entry(5, "queue", URL)
    again = entries().retried(Request(URL, meta={RETRY_AT: 99.0}), lease(leased))
    assert again is not None
    assert (again.key, again.site, again.not_before) == (5, "queue", 99.0)


def test_an_unstorable_request_is_kept_in_memory_until_it_has_ended() -> None:
    it, request = entries(), unstorable()
    entry = it.entry_of(request, 1)
    assert entry.payload == VOLATILE
    assert it.request_of(entry) is request
    it.forget(entry)
    with pytest.raises(Lost, match="lost with the process"):
        it.request_of(entry)


def test_a_second_request_with_the_same_key_does_not_replace_the_one_in_memory() -> None:
    it, first = entries(), unstorable()
    it.entry_of(first, 1)
    assert it.request_of(it.entry_of(unstorable(), 1)) is first


def test_a_retry_replaces_the_one_in_memory() -> None:
    it, again = entries(), unstorable()
    entry = it.entry_of(unstorable(), 1)
    assert it.retried(again, lease(entry)) is not None
    assert it.request_of(entry) is again


def test_a_shared_frontier_refuses_a_request_that_cannot_be_stored() -> None:
    with pytest.raises(Unstorable, match="object"):
        entries(shared=True).entry_of(unstorable(), 1)


def test_an_unstorable_retry_goes_back_as_leased_until_its_attempts_are_spent() -> None:
    it, leased = entries(shared=True, retry_times=2), Entry(5, "queue", URL)
    again = it.retried(unstorable(**{RETRY_AT: 99.0}), lease(leased, attempts=1))
    assert again == Entry(5, "queue", URL, not_before=99.0)
    assert it.retried(unstorable(), lease(leased, attempts=2)) is None
    assert it.retried(unstorable(max_retry_times=5), lease(leased, attempts=4)) is not None
