"""Sitemaps are believed as long as checks agree with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import Any

import pytest

from crawlproj.refresh.auto import Auto
from crawlproj.refresh.hints import CHANGEFREQS, Trust, likely_with, time_of
from crawlproj.refresh.rates import RATES
from tests.refresh.test_auto import DAY, NOW, due, page

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-28T10:00:00Z", "2026-11-28T10:00:00+00:00"),
        ("2026-11-28T10:00:00.5+02:00", "2026-11-28T08:00:00.5+00:00"),
        ("2026-11-28T10:00:00", "2026-11-28T10:00:00+00:00"),
        ("2026-11-27", "2026-11-28T00:00:00+00:00"),  # at any time of that day
        ("Sat, 28 Nov 2026 10:00:00 GMT", "2026-11-28T10:00:00+00:00"),
        ("Sat, 28 Nov 2026 10:00:00 +0100", "2026-11-28T09:00:00+00:00"),
        ("2026-11-29", "2026-11-29T12:00:00+00:00"),  # but not later than it was read
        ("2031-01-01T00:00:00Z", "2026-11-29T12:00:00+00:00"),
    ],
)
def test_dates_are_read_as_sites_write_them(text: str, expected: str) -> None:
    assert time_of(text, NOON) == datetime.fromisoformat(expected).timestamp()


@pytest.mark.parametrize("text", ["", "yesterday", "28.11.2026", "0000-00-00", "99999-01-01"])
def test_what_is_not_a_date_says_nothing(text: str) -> None:
    assert time_of(text, NOON) is None


@pytest.mark.parametrize("changefreq", CHANGEFREQS)
def test_a_changefreq_makes_other_rates_only_a_little_less_likely(changefreq: str) -> None:
    likely = likely_with(changefreq)
    nearest = RATES[likely.index(max(likely))]
    assert 0.5 < nearest * CHANGEFREQS[changefreq] < 2
    assert min(likely) > 0.05


def hinted(path: str, age: float, *checks: float, lastmod: float, **more: Any) -> Any:
    """A page of which a sitemap, read an hour ago, says that it changed ``lastmod`` days ago."""
    given = {"lastmod": NOW - lastmod * DAY, "noted_at": NOW - DAY / 24, **more}
    return page(path, age, *checks, **given)


def told(path: str, *, announced: bool, changed: bool, late: float = 0.5) -> Any:
    """A page checked a day ago, 30 days after the check before."""
    told_at = NOW - (1 + late) * DAY
    said = told_at - DAY if announced else NOW - 100 * DAY
    return page(path, 1, 30.0 if changed else -30.0, told=said, told_at=told_at)


def test_a_site_vouches_for_pages_once_it_has_announced_changes() -> None:
    trust = Trust()
    assert (trust.announces, trust.vouches) == (True, False)
    for n in range(20):
        trust.note(told(str(n), announced=n % 2 == 0, changed=n % 2 == 0))
    assert (trust.announces, trust.vouches) == (True, True)


def test_a_site_that_announces_what_does_not_change_is_not_believed() -> None:
    trust = Trust()
    for n in range(3):
        trust.note(told(str(n), announced=True, changed=False))
    assert (trust.announces, trust.vouches) == (False, False)
    for n in range(20):
        trust.note(told(str(n), announced=False, changed=False))
    assert trust.announces, "most of what it says is right"


def test_a_site_that_changes_without_a_word_vouches_for_nothing() -> None:
    trust = Trust()
    for n in range(20):
        trust.note(told(str(n), announced=n % 2 == 0, changed=True))
    assert (trust.announces, trust.vouches) == (True, False)


def test_a_date_that_was_read_long_before_a_check_proves_nothing() -> None:
    trust = Trust()
    for n in range(20):
        trust.note(told(str(n), announced=True, changed=False, late=10))
    assert trust == Trust()


def test_a_page_is_due_at_once_when_its_date_is_later_than_the_last_check() -> None:
    assert Trust().age_s(hinted("x", 2, lastmod=1), NOW) == inf
    assert Trust().age_s(hinted("x", 2, lastmod=1, noted_at=NOW - 3 * DAY), NOW) == 2 * DAY
    stable = [-300.0, 60.0, -300.0]
    announced, silent = (hinted(f"{days}", 5, *stable, lastmod=days) for days in (1, 9))
    assert due(Auto(per_day=10), announced, silent, page("unlisted", 5, *stable)) == ["1"]


def test_a_page_that_was_announced_for_nothing_is_not_due_at_once_the_next_time() -> None:
    again = {"lastmod": NOW - 0.1 * DAY, "noted_at": NOW}
    for changed, expected in ((True, inf), (False, DAY)):
        page = replace(told("x", announced=True, changed=changed), **again)
        assert Trust().age_s(page, NOW) == expected


def test_a_page_that_a_believed_site_does_not_announce_waits() -> None:
    weekly = [7.0, -3.0, 7.0, -7.0, 7.0]
    proven = [told(f"proven-{n}", announced=True, changed=True) for n in range(9)]
    silent = hinted("silent", 3, *weekly, lastmod=30)
    pages = [page("unlisted", 3, *weekly), silent]
    assert due(Auto(per_day=10), *pages) == ["unlisted", "silent"]
    assert due(Auto(per_day=10), *pages, *proven)[:2] == ["unlisted", "proven-0"]


def test_dates_of_a_site_that_lies_change_nothing() -> None:
    weekly = [7.0, -3.0, 7.0, -7.0, 7.0]
    liars = [told(f"liar-{n}", announced=True, changed=False) for n in range(9)]
    pages = [hinted("silent", 9, *weekly, lastmod=30), hinted("now", 0.2, *weekly, lastmod=0.1)]
    assert due(Auto(per_day=10), *pages, *liars) == ["silent"]


def test_a_changefreq_counts_until_the_page_was_seen_to_change() -> None:
    quiet = [-2.0]
    pages = [page(f, 20, *quiet, changefreq=f) for f in ("never", "daily")]
    assert due(Auto(per_day=1), *pages) == ["daily"]
    changing = [3.0, -2.0, 3.0, 3.0]
    pages = [page(f, 1.5, *changing, changefreq=f) for f in ("never", "daily")]
    assert due(Auto(per_day=10), *pages) == ["never", "daily"]
