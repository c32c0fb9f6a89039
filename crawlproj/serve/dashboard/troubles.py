"""The troubles of a crawl, in words. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crawlproj.plural import counted
from crawlproj.report.why import BUSY_CPU
from crawlproj.serve.dashboard import words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawlproj.report.live import Live, LiveSite, LiveTick

_RECENT_S = 30.0
SILENT_S = 5.0  # workers say something every second
_MANY = 0.1  # share of attempts
_SEVERAL = 10  # attempts that failed at a site
_FULL = 0.95  # share of the requests that may be in flight
_OURS = ("callback-error", "pipeline-error", "unstorable", "bad-payload")
_SITES = {
    "away": ("does not answer", "do not answer"),
    "given-up": ("was given up", "were given up"),
    "login": ("waits for a login", "wait for a login"),
    "asked": ("asked to wait", "asked to wait"),
    "paused": ("is paused by a command", "are paused by a command"),
    "cpu": ("waits for our own process", "wait for our own process"),
}


def troubles(
    live: Live, ticks: Sequence[LiveTick], failed: Mapping[str, int], silent_s: float = 0.0
) -> list[str]:
    """Return sentences, the worst first; none if all is well.

    ticks: oldest first. failed: URLs of the job, by reason. silent_s: how long ago the last worker
    said something.
    """
    recent = [tick for tick in ticks if tick.at >= live.at - _RECENT_S]
    found: list[str] = []
    if silent_s >= SILENT_S:
        found.append(
            f"No worker has said anything for {words.duration(silent_s)}: it is stopped or killed, "
            "its process gets no CPU, or it cannot reach the frontier. This is what it said last."
        )
    if live.held:
        found.append(f"No site may start a request: {live.held}.")
    elif len(recent) > 5 and live.queued and not any(tick.done for tick in recent):
        found.append(
            f"Nothing was done in the last {len(recent)} s, and {words.count(live.queued)} URLs "
            "wait: see why at each site."
        )
    found += _errors(recent)
    found += _failing(live.sites)
    if live.cpu >= BUSY_CPU * len(live.workers):
        found.append(
            f"Our own CPU is the limit: {live.cpu:.1f} cores for "
            f"{counted(len(live.workers), 'worker')}. More workers use more cores."
        )
    elif _is_full(live, recent):
        found.append(
            f"As many requests are in flight as CONCURRENT_REQUESTS allows, {live.budget}: with "
            "more, more sites are fetched at once."
        )
    ours = {reason: failed[reason] for reason in _OURS if failed.get(reason)}
    if ours:
        named = ", ".join(f"{reason} {words.count(number)}" for reason, number in ours.items())
        found.append(f"URLs failed in the spider's own code ({named}): its log has the tracebacks.")
    for kind, (one, several) in _SITES.items():
        if names := [site.site for site in live.sites if site.why.kind == kind]:
            found.append(f"{_named(names)} {one if len(names) == 1 else several}.")
    return found


def _is_full(live: Live, recent: Sequence[LiveTick]) -> bool:
    """Return whether more URLs wait than requests may be in flight, and hardly any more may be."""
    if len(recent) <= 5 or not live.budget or live.queued < live.budget:
        return False
    return sum(tick.in_flight for tick in recent) >= _FULL * live.budget * len(recent)


def _named(sites: Sequence[str]) -> str:
    """Return the first names: "a.test", "a.test and b.test", "a.test and 3 more sites"."""
    if len(sites) <= 2:
        return " and ".join(sites)
    return f"{sites[0]} and {words.count(len(sites) - 1)} more sites"


def _failing(sites: Sequence[LiveSite]) -> list[str]:
    """Name the sites that fail much, of which a share of all attempts may say nothing."""
    failing = [
        site
        for site in sites
        if site.errors >= _SEVERAL and site.errors >= _MANY * (site.errors + site.done)
    ]
    if not failing:
        return []
    worst = max(failing, key=lambda site: site.errors)
    share = worst.errors / (worst.errors + worst.done)
    more = len(failing) - 1
    others = f", and at {counted(more, 'more site')}" if more else ""
    return [f"{100 * share:.0f} % of the attempts at {worst.site} failed in this run{others}."]


def _errors(recent: Sequence[LiveTick]) -> list[str]:
    errors: Counter[str] = Counter()
    for tick in recent:
        for reason, per_s in tick.errors.items():
            errors[reason] += per_s  # type: ignore[assignment]  # a rate
    failing, done = sum(errors.values()), sum(tick.done for tick in recent)
    if failing < 1 or failing < _MANY * (failing + done):
        return []
    reason, _ = errors.most_common(1)[0]
    return [
        f"{100 * failing / (failing + done):.0f} % of attempts fail, most of them with {reason}."
    ]
