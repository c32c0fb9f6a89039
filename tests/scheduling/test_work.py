from __future__ import annotations

import errno

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response
from twisted.python.failure import Failure

from crawlproj.errors import NotStored, StoreError
from crawlproj.frontier.base import Ack, Entry, Lease, State
from crawlproj.limits.permit import Permit
from crawlproj.scheduling.work import Work, WorkInHand

LEASE = Lease(7, Entry(1, "a.test", "http://a.test/"), 0, 60.0)
BACK = Ack(7, State.PENDING, count_attempt=False)


def work() -> Work:
    return Work(LEASE, Request("http://a.test/"), None)


def test_a_response_without_an_error_is_done() -> None:
    it = work()
    it.respond(200)
    assert it.ack(closing=False) == Ack(7, State.DONE)


@pytest.mark.parametrize(
    ("exc", "state", "reason"),
    [
        (DownloadTimeoutError("60 s"), State.FAILED, "timeout"),
        (IgnoreRequest("Forbidden by robots.txt"), State.SKIPPED, "robots"),
        (ValueError("no"), State.FAILED, "exception-valueerror"),
    ],
)
def test_an_exception_ends_it_with_its_reason(exc: Exception, state: State, reason: str) -> None:
    it = work()
    it.fail(exc)
    assert it.ack(closing=False) == Ack(7, state, reason)


def test_a_retry_puts_the_lease_back_with_its_new_entry_and_an_attempt_counted() -> None:
    it, entry = work(), Entry(1, "a.test", "http://a.test/", b"{}", not_before=9.0)
    it.retry(entry)
    assert it.ack(closing=False) == Ack(7, State.PENDING, "", entry, count_attempt=True)


def test_a_redirect_ends_the_page_it_came_from_as_skipped() -> None:
    it = work()
    it.redirect("http://b/")
    assert it.ack(closing=False) == Ack(7, State.SKIPPED, "redirected")


def test_an_error_of_the_callback_fails_the_page_but_replaces_no_earlier_failure() -> None:
    it = work()
    it.respond(200)
    it.fail_callback(ValueError())
    assert it.ack(closing=False) == Ack(7, State.FAILED, "callback-error")
    it = work()
    it.fail(DownloadTimeoutError("60 s"))
    it.fail_callback(ValueError())
    assert it.reason == "timeout"


def test_an_error_of_a_pipeline_fails_the_page() -> None:
    it = work()
    it.respond(200)
    it.fail_item(StoreError("no"))
    assert it.ack(closing=False) == Ack(7, State.FAILED, "pipeline-error")


def test_a_page_that_the_store_never_had_goes_back_uncounted() -> None:
    it = work()
    it.respond(200)
    it.fail_item(NotStored("the store failed"))
    assert it.ack(closing=False) == BACK


def test_what_the_end_of_the_crawl_cuts_short_goes_back_uncounted() -> None:
    undecided, cancelled, abandoned = work(), work(), work()
    cancelled.fail(DownloadCancelledError("the crawl is being stopped"), closing=True)
    abandoned.respond(200)
    abandoned.cut_short = True
    assert {it.ack(closing=True) for it in (undecided, cancelled, abandoned)} == {BACK}


def test_what_was_decided_before_the_end_of_the_crawl_counts() -> None:
    done, failed = work(), work()
    done.respond(200)
    failed.fail(DownloadTimeoutError("60 s"), closing=True)
    assert done.ack(closing=True).state is State.DONE
    assert failed.ack(closing=True) == Ack(7, State.FAILED, "timeout")


def test_a_download_cancelled_while_the_crawl_goes_on_has_failed() -> None:
    it = work()
    it.fail(DownloadCancelledError("a middleware's decision"))
    assert it.ack(closing=False) == Ack(7, State.FAILED, "cancelled")


def in_hand() -> tuple[WorkInHand, Request]:
    hand, request = WorkInHand(), Request("http://a.test/")
    hand.add(LEASE, request, Permit(0.0, 1, False))
    return hand, request


def test_only_the_request_itself_does_the_work_and_no_copy_of_it() -> None:
    hand, request = in_hand()
    assert hand.of(request) is not None
    assert hand.of(request.copy()) is hand.of(Request("http://a.test/")) is hand.of(None) is None


def test_a_copy_replaces_the_work_until_there_is_a_response() -> None:
    hand, request = in_hand()
    it = hand.of(request)
    assert it is not None
    assert hand.replaced_by(request.replace(url="http://a.test/login")) is it
    it.respond(200)
    assert hand.replaced_by(request.copy()) is None


def test_only_the_first_of_two_copies_replaces_the_work() -> None:
    hand, request = in_hand()
    it = hand.replaced_by(request.copy())
    assert it is not None
    it.redirect("http://b/")
    assert hand.replaced_by(request.copy()) is None


def test_a_request_does_no_work_after_it_was_removed() -> None:
    hand, request = in_hand()
    (it,) = hand
    hand.remove(it)
    assert len(hand) == 0
    assert hand.of(request) is None


@pytest.mark.parametrize("where", ["middleware", "callback", "pipeline"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_page_whose_file_finds_no_room_on_the_disk_goes_back_and_that_is_told_once(
    where: str, code: int
) -> None:
    told: list[str] = []
    hand = WorkInHand(told.append)
    error = OSError(code, "no room")
    for number in (1, 2):
        request = Request(f"http://a.test/{number}")
        hand.add(
            Lease(number, Entry(number, "a.test", request.url), 0, 60.0),
            request,
            Permit(0.0, 1, False),
        )
        it = hand.of(request)
        assert it is not None
        if where == "middleware":
            hand.fail(it, error)
        else:
            it.respond(200)
            response = Response(request.url, request=request)
            hear = hand.on_spider_error if where == "callback" else hand.on_item_error
            hear(response, Failure(error))  # type: ignore[no-untyped-call]
        assert it.ack(closing=False) == Ack(number, State.PENDING, count_attempt=False)
    assert len(told) == 1
    assert "http://a.test/1" in told[0]


def test_a_file_that_is_missing_is_a_fault_of_the_callback() -> None:
    hand, request = WorkInHand(), Request("http://a.test/")
    hand.add(LEASE, request, Permit(0.0, 1, False))
    it = hand.of(request)
    assert it is not None
    it.respond(200)
    missing = Failure(FileNotFoundError(errno.ENOENT, "gone", "x"))  # type: ignore[no-untyped-call]
    hand.on_spider_error(Response(request.url, request=request), missing)
    assert it.ack(closing=False) == Ack(7, State.FAILED, "callback-error")
