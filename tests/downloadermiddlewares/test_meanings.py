"""A site that refuses everything for a while, after as many pages each time, limits the rate."""

from __future__ import annotations

from itertools import count

import pytest
from scrapy import Request
from scrapy.http import Response

from crawlproj.downloadermiddlewares.meanings import Meanings
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.permit import Permit

BUSY = 8  # in flight
OK = Ending(Verdict.OK, 0.1)
PAGE = Request("http://a.example/")


class Site:
    """A site that answers some requests, then refuses some for ten seconds, as ``refusal`` says."""

    def __init__(self, refusal: Ending, status: int, *, closed: bool) -> None:
        self._meanings = Meanings(lambda _: True)
        self._refusal, self._status, self._closed = refusal, status, closed
        self._starts = count()

    def answer(self, times: int) -> None:
        for _ in range(times):
            self._take(200, OK)

    def answer_a_refused_page(self) -> None:
        self._take(200, OK, again=True)

    def refuse(self, times: int) -> Ending:
        """Return the sense of the last one."""
        found = self._refusal
        for _ in range(times):
            if self._status:
                found = self._take(self._status, self._refusal)
            else:
                found = self._meanings.take_silence(
                    self._permit(), self._refusal, closed=self._closed, failures=0
                )
        return found

    def _take(self, status: int, ending: Ending, *, again: bool = False) -> Ending:
        response = Response(PAGE.url, status=status, body=b"page")
        return self._meanings.take(self._permit(), PAGE, response, ending, failures=int(again))

    def _permit(self) -> Permit:
        return Permit(float(next(self._starts)), BUSY, canary=False)


@pytest.mark.parametrize(
    ("refusal", "status", "closed"),
    [
        (Ending(Verdict.OVERLOADED, 0.1, 10.0), 503, False),
        (Ending(Verdict.OVERLOADED, 0.1), 503, False),
        (Ending(Verdict.OVERLOADED), 0, True),
        (Ending(Verdict.OVERLOADED), 0, False),
    ],
    ids=["503 with Retry-After", "503", "closed or refused", "time-out"],
)
def test_a_penalty_that_comes_again_after_as_many_pages_is_a_limit_of_the_rate(
    refusal: Ending, status: int, *, closed: bool
) -> None:
    site = Site(refusal, status, closed=closed)
    for _ in range(2):
        site.answer(20)
        assert site.refuse(10).verdict is Verdict.OVERLOADED
    site.answer_a_refused_page()
    site.answer(19)

    found = site.refuse(1)

    assert found.verdict is Verdict.THROTTLED
    assert found.retry_after_s == refusal.retry_after_s


def test_outages_after_other_numbers_of_pages_are_outages() -> None:
    site = Site(Ending(Verdict.OVERLOADED), 0, closed=True)
    for answers in (20, 90, 30, 55):
        site.answer(answers)
        assert site.refuse(10).verdict is Verdict.OVERLOADED
        site.answer_a_refused_page()


@pytest.mark.parametrize(
    ("flags", "is_ours", "tries"),
    [([], True, True), (["download_stopped"], True, False), ([], False, False)],
    ids=["empty", "stopped by the project", "of another handler"],
)
def test_an_empty_page_is_asked_for_again_if_the_site_can_be_to_blame(
    flags: list[str], *, is_ours: bool, tries: bool
) -> None:
    meanings = Meanings(lambda _: is_ours)
    found = [
        meanings.take(
            Permit(float(at), BUSY, canary=False),
            PAGE,
            Response(PAGE.url, flags=flags),
            OK,
            failures=0,
        )
        for at in range(8)
    ]
    assert any(ending.tries for ending in found) is tries
