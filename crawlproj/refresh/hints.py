"""Changes of pages as sitemaps and feeds announce them, and whether to believe a site. Pure.

A ``lastmod`` later than the last check of a page announces a change, and an older one says that
there was none. They are noisy signals: many sites stamp the time of day on every page, and others
never touch a date. So a site is believed while its dates agree with what checks found; see
docs/explanation/refresh.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import inf, log2
from typing import TYPE_CHECKING

from crawlproj.refresh.rates import RATES
from crawlproj.store.revisions import checks_in

if TYPE_CHECKING:
    from crawlproj.store.base import Checked

CHANGEFREQS = {
    "always": 3600.0,
    "hourly": 3600.0,
    "daily": 86_400.0,
    "weekly": 604_800.0,
    "monthly": 2_592_000.0,
    "yearly": 31_536_000.0,
    "never": 1 / RATES[-1],
}
"""The values of ``changefreq`` → the seconds between changes."""

_MAX_WRONG = 0.2  # of the announcements, and of the changes that were not announced
# Intervals that were wrong, and all, which are assumed before any is known.
_INNOCENT = 0.5, 5
_UNPROVEN = 2.0, 4
_DOUBT = 0.2  # of the time for which a site says that there was no change: it may have stopped
_LATE = 0.1  # of the interval before a check: an older date does not cover it
_ONLY_A_DAY = len("2026-11-29")


@dataclass(slots=True)
class Trust:
    """How well the dates of a site agreed with the last check of each page.

    unchanged, changed: pages that the check found so. false: those unchanged that the site had said
    to be changed. missed: those changed that it had not.
    """

    unchanged: int = 0
    false: int = 0
    changed: int = 0
    missed: int = 0

    def note(self, page: Checked) -> None:
        """Take in the last check of ``page``, if a date was read shortly before."""
        if (verdict := _last_of(page)) is None:
            return
        changed, announced = verdict
        if changed:
            self.changed += 1
            self.missed += not announced
        else:
            self.unchanged += 1
            self.false += announced

    @property
    def announces(self) -> bool:
        """Whether a date later than the last check is believed; it is until it proves wrong."""
        return _share(self.false, self.unchanged, _INNOCENT) <= _MAX_WRONG

    @property
    def vouches(self) -> bool:
        """Whether an older date is believed: only of a site that announced what had changed."""
        return self.announces and _share(self.missed, self.changed, _UNPROVEN) <= _MAX_WRONG

    def age_s(self, page: Checked, now: float) -> float:
        """Return for how long ``page`` may have changed without anybody knowing; inf: it has."""
        age_s = now - page.at
        if page.lastmod is None or page.noted_at is None or page.noted_at <= page.at:
            return age_s
        if page.lastmod > page.at:
            # Else the few pages that change least, if they are announced all the time, would take
            # every check, and the site would never prove wrong.
            believed = self.announces and _last_of(page) != (False, True)
            return inf if believed else age_s
        return age_s - (1 - _DOUBT) * (page.noted_at - page.at) if self.vouches else age_s


def _last_of(page: Checked) -> tuple[bool, bool] | None:
    """Return whether the last check found a change, and whether one had been announced.

    None if no date was read shortly before.
    """
    checks = checks_in(page.history)
    if not checks or page.told is None or page.told_at is None or page.reason:
        return None
    seconds = abs(checks[-1])
    if not 0 <= page.at - page.told_at <= _LATE * seconds:
        return None
    return checks[-1] > 0, page.told > page.at - seconds


def _share(wrong: int, seen: int, assumed: tuple[float, int]) -> float:
    assumed_wrong, assumed_seen = assumed
    return (wrong + assumed_wrong) / (seen + assumed_seen)


def likely_with(changefreq: str) -> list[float]:
    """Return how likely each of RATES is with a ``changefreq``: little less if far from it."""
    claimed = 1 / CHANGEFREQS[changefreq]
    return [2 ** (-abs(log2(rate / claimed)) / 4) for rate in RATES]


def time_of(text: str, read_at: float) -> float | None:
    """Return the time that a date of a sitemap or feed stands for (unix seconds); None if none.

    text: as in W3C Datetime, RFC 3339 or RFC 822; without a zone, it is in UTC. A date without a
        time stands for the end of that day, because the page may have changed at any time in it.
    read_at: when it was read; no page has changed later than that.
    """
    try:
        found = datetime.fromisoformat(text)
        if len(text) <= _ONLY_A_DAY:
            found += timedelta(days=1)
    except (ValueError, OverflowError):
        try:
            found = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return min(found.timestamp(), read_at)
    except (ValueError, OverflowError):
        return None
