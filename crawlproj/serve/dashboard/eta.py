"""How long a crawl still takes, and what that rests on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawlproj.serve.dashboard import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawlproj.report.live import Live, LiveTick

_OVER_S = 120.0
_ENOUGH_S = 10.0
_SHRINKING_S = 30.0  # since when the queue was longest: shorter may be the ups and downs of a crawl
_STOPPED = 5.0  # URLs that should have left the queue meanwhile
_LONGER = 1.2  # how much longer one site must take to be named
_ENDLESS = frozenset({"paused", "drained", "given-up", "away"})


@dataclass(frozen=True, slots=True)
class Eta:
    """seconds: until the end; None if that cannot be said. basis: what it rests on, or why not."""

    seconds: float | None
    basis: str


def eta(live: Live, ticks: Sequence[LiveTick], pending: Mapping[str, int]) -> Eta:
    """Return how long the crawl still takes, by how fast the queue shrinks and by its slowest site.

    ticks: oldest first. pending: URLs that wait, by site; may be empty.
    """
    if live.held:
        return Eta(None, f"no estimate: {live.held}")
    if not live.queued:
        return Eta(0.0 if not live.leased else None, "nothing waits; the last requests are open")
    recent = _trend(ticks)
    span_s = recent[-1].at - recent[0].at if recent else 0.0
    if span_s < _ENOUGH_S:
        return Eta(None, "no estimate yet: it takes ten seconds of crawling")
    shrinks = (recent[0].queued - recent[-1].queued) / span_s
    done = sum(tick.done for tick in recent) / len(recent)
    over = words.duration(span_s)
    if shrinks <= 0.02 * done:
        found = "about as many were found, so the queue hardly shrank"
        if shrinks < 0:
            found = f"more were found, so the queue grew by {words.rate(-shrinks)}/s"
        return Eta(
            None,
            f"no end in sight: {words.rate(done)} URLs/s were done in the last {over}, but {found}",
        )
    lately = [tick for tick in recent if tick.at >= recent[-1].at - _SHRINKING_S]
    lately_s = lately[-1].at - lately[0].at
    left, expected = lately[0].queued - lately[-1].queued, shrinks * lately_s
    if not any(tick.done for tick in lately) and expected >= _STOPPED and left < 0.1 * expected:
        return Eta(None, f"no estimate: nothing was done in the last {words.duration(lately_s)}")
    whole = Eta(
        live.queued / shrinks,
        f"{words.count(live.queued)} URLs wait, and the queue shrank by {words.rate(shrinks)}/s in "
        f"the last {over}",
    )
    slowest = _slowest(live, pending)
    if slowest is not None and (slowest.seconds or 0) > _LONGER * (whole.seconds or 0):
        return slowest
    return whole


def _trend(ticks: Sequence[LiveTick]) -> Sequence[LiveTick]:
    """Return the last ticks, without those while the queue still filled if it shrinks now."""
    recent = [tick for tick in ticks if tick.at >= ticks[-1].at - _OVER_S] if ticks else []
    longest = max(range(len(recent)), key=lambda n: recent[n].queued, default=0)
    if recent and recent[-1].at - recent[longest].at >= _SHRINKING_S:
        return recent[longest:]
    return recent


def _slowest(live: Live, pending: Mapping[str, int]) -> Eta | None:
    """Return when the site that takes longest is done."""
    ran_s = max(live.at - live.began, 1.0)
    found: Eta | None = None
    for site in live.sites:
        rate = max(site.pages_per_s, site.done / ran_s)
        waits = pending.get(site.site, 0)
        if not rate or not waits or site.why.kind in _ENDLESS:
            continue
        takes_s = waits / rate
        if found is None or takes_s > (found.seconds or 0):
            found = Eta(
                takes_s,
                f"{site.site} alone takes that long: {words.count(waits)} of its URLs wait, at "
                f"{words.rate(rate)}/s ({site.why.words})",
            )
    return found
