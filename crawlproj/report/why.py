"""Why a site is not faster: the one thing that binds it now, in words. Pure."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from crawlproj.frontier.commands import Verb
from crawlproj.limits.base import whole
from crawlproj.limits.decisions import Rule
from crawlproj.steering.standing import until_of

if TYPE_CHECKING:
    from crawlproj.frontier.commands import Command
    from crawlproj.limits.facts import SiteFacts
    from crawlproj.steering.standing import Wishes

BUSY_CPU = 0.9
"""Of a core, in a process whose CPU is taken for the limit."""

_PACING_S = 1.0  # a shorter wait is pacing
_ALONE_S = 1e-3  # a shorter delay only lets the first request go alone
_BUSY_LAG_S = 0.05
_LONGEST_DELAY = 1.5  # times the delay, by the default of DOWNLOAD_DELAY_JITTER
_BY_RULE = {
    Rule.REFUSED: "by refusals of what was too much at once",
    Rule.RESTART: "while it starts again",
    Rule.COMMANDED: "by command",
}


@dataclass(frozen=True, slots=True)
class Why:
    """The limit that binds a site.

    kind: a short stable name, for colours and filters: "given-up", "login", "paused", "drained",
        "away", "asked", "delay", "rate", "limit", "cpu", "budget", "nothing-waits", "running".
    words: without times. since, until: unix seconds; None if unknown or open.
    """

    kind: str
    words: str
    since: float | None = None
    until: float | None = None

    def sentence(self, now: float) -> str:
        """Return the words with the times, in local time: "… since 12:03, until 12:10"."""
        since = f" since {_clock(self.since, now)}" if self.since else ""
        until = f"{',' * bool(since)} until {_clock(self.until, now)}" if self.until else ""
        return self.words + since + until


@dataclass(frozen=True, slots=True)
class Around:
    """The facts that a worker knows about a site beside its limits.

    given_up: why the site was given up, and until when. paused_by: the PAUSE or DRAIN that holds.
    wishes: the limits that were commanded. crawl_delay_s: what its robots.txt asks for.
    waiting: leases that wait for a permit here. busy: requests in flight over all sites, and
    budget: how many there may be. cpu: share of a core that this process uses. lag_s: how late its
    event loop is, at worst. logging_in: whether the site waits for a login.
    """

    given_up: tuple[str, float] | None
    paused_by: Command | None
    wishes: Wishes
    crawl_delay_s: float
    waiting: int
    busy: int
    budget: int
    cpu: float
    lag_s: float
    logging_in: bool = False


def why(facts: SiteFacts | None, around: Around, now: float) -> Why:
    """Return what binds a site ``now``. facts: None if the site has no control yet."""
    if around.given_up is not None:
        words, until = around.given_up
        return Why("given-up", words, until=until)
    if around.logging_in:
        return Why("login", "waits for a login")
    if around.paused_by is not None:
        return why_paused(around.paused_by)
    if facts is not None:
        found = _waits(facts, around, now) or _paced(facts, around, now) or _full(facts, around)
        if found is not None:
            return found
    return _ours(around)


def why_paused(command: Command) -> Why:
    """Return the words for a PAUSE or DRAIN."""
    until = until_of(command)
    verb = "drained" if command.verb is Verb.DRAIN else "paused"
    ends = until if until < inf else None
    return Why(verb, f"{verb} by {command.who}", command.at, ends)


def _waits(facts: SiteFacts, around: Around, now: float) -> Why | None:
    """Return why time does not allow a start, if that takes over a second."""
    if facts.down_since is not None:
        words = "no answer: one request at a time looks whether it is back"
        return Why("away", words, facts.down_since)
    asked = facts.asked
    if asked is not None and now + _PACING_S < facts.ready_at <= asked.at + 1.1 * asked.seconds + 1:
        status = "429" if asked.throttled else "503"
        words = f"{status} with Retry-After {asked.seconds:g}"
        return Why("asked", words, asked.at, facts.ready_at)
    wait_s = facts.ready_at - now
    if wait_s <= _PACING_S:
        return None
    unpaced_s = wait_s - _PACING_S - _LONGEST_DELAY * facts.delay_s
    if unpaced_s * facts.rate > 1 and facts.rate_by in {"", "refused"}:
        words = "rests after a refusal" if facts.rate_by else "rests"
        return Why("rate", words, until=facts.ready_at if facts.ready_at < inf else None)
    return _delay(facts, around)


def _delay(facts: SiteFacts, around: Around) -> Why | None:
    if facts.delay_s < _ALONE_S or facts.delay_s * facts.rate < 1:  # the rate is slower
        return None
    by = around.wishes.by.get("delay")
    if around.crawl_delay_s and facts.delay_s <= around.crawl_delay_s:
        return Why("delay", f"Crawl-delay {facts.delay_s:g} s")
    if by is not None:
        return Why("delay", f"a delay of {facts.delay_s:g} s by {by.who}", by.at)
    return Why("delay", f"a delay of {facts.delay_s:g} s by the settings")


def _paced(facts: SiteFacts, around: Around, now: float) -> Why | None:
    """Return what spaces the starts out, if the site would start more."""
    if facts.ready_at <= now and not around.waiting:
        return None
    if (delay := _delay(facts, around)) is not None:
        return delay
    if facts.rate == inf or facts.in_flight >= facts.cap > 1:
        return None
    words = f"limited to {facts.rate:.3g} requests/s"
    by = around.wishes.by.get("rate")
    if facts.rate_by == "set" and by is not None:
        return Why("rate", f"{words} by {by.who}", by.at)
    reasons = {
        "refused": "because it refused more",
        "announced": "by the quota that it announced",
        "set": "by the settings",
    }
    since = facts.rate_since if facts.rate_by == "refused" else 0.0
    return Why("rate", f"{words} {reasons[facts.rate_by]}", since or None)


def _full(facts: SiteFacts, around: Around) -> Why | None:
    """Return why no more than what is in flight may be, if that is so."""
    if facts.in_flight < facts.cap:
        return None
    words = f"limited to {facts.cap} in flight"
    for name in ("limit", "max"):
        by = around.wishes.by.get(name)
        if by is not None and (name == "limit" or facts.limit >= facts.maximum - 0.5):
            return Why("limit", f"{words} by {by.who}", by.at)
    if facts.limit >= facts.maximum - 0.5:
        return Why("limit", f"{words} by the settings")
    decision = facts.decision
    if decision is None or facts.cap < whole(facts.limit):
        return Why("limit", f"{words} while it is new")
    return Why("limit", f"{words} {_BY_RULE.get(decision.reason.rule, 'by latency')}", decision.at)


def _ours(around: Around) -> Why:
    """Return what on our side keeps the site from having more in flight."""
    if not around.waiting:
        return Why("nothing-waits", "none of its URLs waits here")
    if around.cpu >= BUSY_CPU:
        return Why("cpu", f"our own CPU ({100 * around.cpu:.0f} % of a core)")
    if around.lag_s >= _BUSY_LAG_S:
        return Why("cpu", f"our own event loop, which runs {1000 * around.lag_s:.0f} ms late")
    if around.busy >= around.budget:
        return Why("budget", f"its share of the {around.budget} requests of CONCURRENT_REQUESTS")
    return Why("running", "nothing: it gets more as it answers")


def _clock(at: float, now: float) -> str:
    form = "%H:%M" if abs(now - at) < 43_200 else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(at))
