from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request, Spider

from crawlproj.frontier.base import Entry, Lease, Written
from crawlproj.scheduling.carried import Carried
from crawlproj.scheduling.entries import Entries, Lost
from crawlproj.scheduling.serialize import (
    RETRY_AT,
    SEED,
    Unstorable,
    found_at_of,
)
from crawlproj.scheduling.volatile import is_volatile
from tests.scheduling.kept_classes import Book, Step
from tests.scheduling.some_keys import keys

if TYPE_CHECKING:
    from crawlproj.frontier.base import Clock

URL = "http://www.example.org/"


def entries(
    *,
    shared: bool = False,
    by_domain: bool = False,
    retry_times: int = 2,
    stats: Stats | None = None,
    clock: Clock = lambda: 0.0,
) -> Entries:
    return Entries(
        AnySpider(),
        Stats() if stats is None else stats,  # type: ignore[arg-type]
        keys(),
        retry_times=retry_times,
        shared=shared,
        by_domain=by_domain,
        clock=clock,
    )


class AnySpider(Spider):
    name = "any"


class Stats(Counter[str]):
    def inc_value(self, name: str, count: int = 1) -> None:
        self[name] += count


def unstorable(**meta: Any) -> Request:
    return Request(URL, meta={"handle": object(), **meta})


def lease(entry: Entry, attempts: int = 0) -> Lease:
    return Lease(1, entry, attempts, 60.0)


def test_a_request_becomes_an_entry_and_the_same_request_again() -> None:
    it = entries()
    request = Request(URL, meta={"note": 1}, priority=3)
    again = it.request_of(it.entry_of(request, it.keys.of(request)))
    assert (again.url, again.meta, again.priority) == (URL, {"note": 1}, 3)


def test_a_copy_of_a_seed_is_not_a_seed() -> None:
    it = entries()
    seed = Request(URL, dont_filter=True, meta={SEED: True, "is_start_request": True})
    assert len({it.keys.of(seed), it.keys.of(seed.replace()), it.keys.of(seed.replace())}) == 3
    assert SEED not in it.request_of(it.entry_of(seed, 1)).meta


def test_the_time_of_a_retry_that_was_copied_from_the_page_does_not_hold_a_new_request() -> None:
    assert entries().entry_of(Request(URL, meta={RETRY_AT: 99.0}), 1).not_before == 0.0


def test_a_registrable_domain_can_be_one_queue() -> None:
    assert entries(by_domain=True).entry_of(Request(URL), 1).site == "example.org"


def test_a_retry_keeps_its_place_and_waits_for_its_time() -> None:
    leased = Entry(5, "queue", URL)
    again = entries().retried(Request(URL, meta={RETRY_AT: 99.0}), lease(leased))
    assert again is not None
    assert (again.key, again.site, again.not_before) == (5, "queue", 99.0)


def test_each_reason_to_keep_a_request_in_memory_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    it = entries()
    lambdas: list[Any] = [lambda _, made=made: made for made in range(2)]
    requests = [Request(URL, callback=each) for each in lambdas]
    for n, request in enumerate([unstorable(), unstorable(), *requests]):
        it.entry_of(request, n)
    told = [record.getMessage() for record in caplog.records]
    assert [URL in each for each in told] == [True, True]
    assert "its meta holds a object" in told[0]
    assert "its callback" in told[1]


def test_an_unstorable_request_is_kept_in_memory_until_it_has_ended() -> None:
    stats = Stats()
    it, request = entries(stats=stats), unstorable()
    entry = it.entry_of(request, 1)
    assert is_volatile(entry)
    assert stats["scheduler/unserializable"] == 1
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


def test_an_unstorable_retry_goes_back_as_leased_until_its_attempts_are_spent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    it, leased = entries(shared=True, retry_times=2), Entry(5, "queue", URL)
    failed = unstorable(**{RETRY_AT: 99.0})
    again = it.retried(failed, lease(leased, attempts=1))
    assert again == Entry(5, "queue", URL, not_before=99.0)
    assert it.request_of(again).meta["handle"] is failed.meta["handle"], "not a second one"
    assert it.retried(unstorable(), lease(leased, attempts=2)) is None
    (given_up,) = caplog.records
    assert vars(given_up)["spider"] is it.spider, "as in Scrapy's records"
    assert it.retried(unstorable(max_retry_times=5), lease(leased, attempts=4)) is not None


def test_a_retry_goes_back_without_what_middlewares_gave_the_request_that_failed() -> None:
    it, leased, sent = entries(shared=True, retry_times=2), Entry(5, "queue", URL), unstorable()
    retry = sent.replace(meta={**sent.meta, "retry_times": 1, RETRY_AT: 99.0})
    again = it.retried(retry, lease(leased, attempts=9), sent)
    assert again is not None
    assert again.not_before == 99.0
    assert b"retry_times" in again.payload
    assert b"handle" not in again.payload
    assert it.request_of(again).meta["handle"] is sent.meta["handle"], "in this process"


def test_a_slot_that_the_spider_chose_is_the_requests_queue_and_is_stored() -> None:
    it, request = entries(), Request(URL, meta={"download_slot": "api"})
    entry = it.entry_of(request, 1)
    assert entry.site == "api"
    assert it.request_of(entry).meta == {"download_slot": "api"}
    assert entries(by_domain=True).entry_of(request, 1).site == "api"


def test_the_slot_that_the_downloader_wrote_is_not_copied_to_another_host() -> None:
    it, page = entries(), Request(URL, meta={"download_slot": "www.example.org"})
    entry = it.entry_of(Request("http://other.test/", meta=page.meta), 1, page)
    assert entry.site == "other.test"
    assert it.request_of(entry).meta == {}
    again = it.retried(page, lease(Entry(5, "www.example.org", URL)))
    assert again is not None
    assert again.payload == b""


def test_requests_are_counted_as_scrapys_scheduler_and_duplicate_filter_do() -> None:
    stats = Stats()
    it, request = entries(stats=stats), Request(URL)
    first = it.entry_of(request, it.keys.of(request))
    it.entry_of(request, it.keys.of(request))
    it.count(Written(new=1), 1)
    it.request_of(first)
    it.retried(request, lease(first))
    it.request_of(first)
    it.count(Written(stale=1), 0)
    assert stats == {
        "scheduler/enqueued": 2,
        "scheduler/dequeued": 2,
        "dupefilter/filtered": 1,
        "frontier/stale_acks": 1,
    }


def test_an_ended_request_that_was_kept_in_memory_is_not_kept_again() -> None:
    it, request = entries(), unstorable()
    entry = it.entry_of(request, it.keys.of(request))
    it.forget(entry)
    it.entry_of(unstorable(), entry.key)
    with pytest.raises(Lost):
        it.request_of(entry)


def test_the_lists_that_requests_share_are_shared_after_the_frontier_too() -> None:
    it, found = entries(), ["a"]
    first = it.entry_of(Request(URL, cb_kwargs={"found": found}), 1)
    second = it.entry_of(Request(URL, meta={"found": found, "n": 1}), 2)
    found.append("b")
    assert it.request_of(first).cb_kwargs["found"] is found
    assert it.request_of(second).meta == {"found": ["a", "b"], "n": 1}


def test_a_duplicate_does_not_change_what_the_first_one_carries() -> None:
    it = entries()
    entry = it.entry_of(Request(URL, meta={"item": {"n": 1}}), 1)
    it.entry_of(Request(URL, meta={"item": {"n": 2}}), 1)
    assert it.request_of(entry).meta["item"] == {"n": 1}


def test_requests_that_have_ended_and_workers_that_share_a_frontier_get_copies() -> None:
    for it in (entries(), entries(shared=True)):
        found: list[str] = []
        entry = it.entry_of(Request(URL, meta={"found": found}), 1)
        it.forget(entry)
        assert it.request_of(entry).meta["found"] is not found


def test_no_more_lists_are_kept_than_allowed_and_the_latest_stay() -> None:
    kept, lists = Carried(most=2), [[0], [1], [2]]
    for number, value in enumerate(lists):
        kept.keep(number, Request(URL, meta={"list": value}))
    requests = [Request(URL, meta={"list": list(value)}) for value in lists]
    for number, request in enumerate(requests):
        kept.give_back(number, request)
    shared = [request.meta["list"] is lists[n] for n, request in enumerate(requests)]
    assert shared == [False, True, True]


@pytest.mark.parametrize("value", [{1}, Step("x"), (1, [2]), Book(title="Emma")])
def test_objects_that_may_change_are_shared_by_all_who_carry_them(value: object) -> None:
    it = entries()
    entry = it.entry_of(Request(URL, meta={"shared": value}), 1)
    assert it.request_of(entry).meta["shared"] is value


def test_what_belongs_to_an_attempt_is_not_carried_to_the_next() -> None:
    kept, request = Carried(), Request(URL)
    kept.keep(1, Request(URL, meta={"timings": {"dns": 1}}))
    kept.give_back(1, request)
    assert not request.meta


def test_a_retry_keeps_the_time_at_which_its_url_was_found() -> None:
    now = [1000.9]
    it, request = entries(clock=lambda: now[0]), Request(URL)
    entry = it.entry_of(request, it.keys.of(request))
    now[0] = 2000.0
    retried = it.retried(it.request_of(entry), lease(entry))
    assert retried is not None
    assert found_at_of(entry.payload) == found_at_of(retried.payload) == 1000
