"""A simulated web: pages that change as Poisson processes, and a store of them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate, repeat, takewhile
from math import exp, log
from typing import TYPE_CHECKING

from crawlproj.store.base import Checked
from crawlproj.store.revisions import observed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

DAY_S = 86_400.0


@dataclass(slots=True)
class WebPage:
    """A page. rate: its changes per second. changes: when it changes (seconds).

    lies: its validators are always the same. stored: when the stored version was fetched.
    vouched_at: as in a store.
    """

    rate: float
    changes: list[float]
    known: Checked
    lies: bool = False
    trusted: bool = True
    stored: float = 0.0
    vouched_at: float | None = None

    def is_fresh(self, now: float) -> bool:
        """Whether the stored version is that of ``now``."""
        return bisect_right(self.changes, now) == bisect_right(self.changes, self.stored)


WEBS: dict[str, tuple[tuple[float, float, float], ...]] = {
    # Cho and Garcia-Molina, "The evolution of the web", VLDB 2000, figure 2a.
    "the web of 2000": (
        (0.23, 0.1, 1), (0.15, 1, 7), (0.16, 7, 30), (0.16, 30, 120), (0.30, 120, 1000),
    ),
    "news": ((0.7, 0.05, 0.5), (0.3, 10, 60)),
}  # fmt: skip
"""Web → its kinds of pages: the share of each, and the days between changes, from, to."""


def pages_of(
    random: Random, web: str, number: int, days: float, lying: float = 0.0
) -> list[WebPage]:
    """Return ``number`` pages of a web. lying: the share whose validators never change."""
    shares, lows, highs = zip(*WEBS[web], strict=True)
    pages = []
    for n in range(number):
        (kind,) = random.choices(range(len(shares)), shares)
        mean_s = exp(random.uniform(log(lows[kind]), log(highs[kind]))) * DAY_S
        rate = 1 / mean_s
        gaps = (random.expovariate(rate) for _ in repeat(None))
        changes = list(takewhile(lambda at: at < days * DAY_S, accumulate(gaps)))
        url = f"http://site.test/{n:06}"
        known = Checked(
            "pages", url, 0, 0.0, "", missing=False, content_hash=str(n), etag='"1"',
            last_modified=None, history=None,
        )  # fmt: skip
        pages.append(WebPage(rate, changes, known, lies=random.random() < lying))
    return pages


@dataclass
class Crawler:
    """Checks pages as a crawl does, and counts what it costs.

    spot_checks: the share of checks without validators. requests, bodies: how many were sent, and
    answered with a body. missed: changes that a lying validator hid.
    """

    random: Random
    spot_checks: float = 0.05
    requests: int = 0
    bodies: int = 0
    missed: int = 0

    def check(self, page: WebPage, now: float) -> None:
        """Ask for ``page``."""
        self.requests += 1
        conditional = page.trusted and self.random.random() >= self.spot_checks
        changed = not page.is_fresh(now)
        shown = changed and not (conditional and page.lies)
        if changed and not shown:
            self.missed += 1
        if shown or not conditional:
            self.bodies += 1
        if shown:
            page.stored = now
            page.trusted = page.trusted and not page.lies  # the same validators, another content
        elif not changed:
            page.stored = now
        known = page.known
        history = observed(known.history, known.at, now, changed=shown, vouched_at=page.vouched_at)
        told, told_at = known.lastmod, known.noted_at  # as read before this check
        page.known = replace(known, at=now, history=history, told=told, told_at=told_at)


def freshness(pages: Iterable[WebPage], now: float) -> float:
    """Return the share of pages whose stored version is current."""
    fresh = [page.is_fresh(now) for page in pages]
    return sum(fresh) / len(fresh)
