"""The invariants of a crawl under faults, checked against the logs of the demo web.

I1 discovered = pending + leased + done + failed + skipped; at the end, pending = leased = 0
I2 a URL ends once, and is fetched again only after a failure or a fault
I3 every acked page is stored once, as it was served
I4 a worker that lost a lease can no longer change its entry
I5 a site's limits hold over all workers together
I6 memory stays bounded while Redis or the database is unreachable

I1 and half of I3 are also checked during the crawl (crew.py), I6 during an outage.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crawlproj.demo.pages import answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crawlproj.demo import AnswerLine, DemoWeb
    from tests.chaos.counts import Counts
    from tests.chaos.stored import Stored

# From an answer to its durable ack: parsing, the store's commit, one flush of the outbox.
_SETTLES_S = 2.0
_ROBOTS = "/robots.txt"


@dataclass(frozen=True, slots=True)
class Fault:
    """An event after which pages may be fetched again.

    since, until: unix seconds. loses_answered: whether that includes completely answered pages.
    loses_owners: whether two workers may ask the same site meanwhile.
    """

    since: float
    until: float
    loses_answered: bool = True
    loses_owners: bool = False

    def excuses(self, fetch: AnswerLine) -> bool:
        """Return whether this fault may have lost the result of ``fetch``."""
        if self.loses_answered:
            return fetch.arrived <= self.until and self.since <= fetch.ended + _SETTLES_S
        return not _whole(fetch) and fetch.arrived <= self.until and self.since <= fetch.ended


def judge(web: DemoWeb, stored: Stored, counts: Counts, faults: Sequence[Fault]) -> None:
    """Assert I1 to I4 for a finished crawl."""
    assert_every_url_ended_once(web, counts)
    assert_every_page_is_stored_once(web, stored)
    assert_nothing_was_fetched_again_without_a_fault(web, faults)


def assert_every_url_ended_once(web: DemoWeb, counts: Counts) -> None:
    """Assert I1, I2 and I4: the totals equal those of a crawl without faults."""
    wanted = Counter[str]()
    for name in web.specs:
        site = web.expected(name)
        wanted["done"] += len(site.pages)
        wanted.update(f"f:{reason}" for reason in site.failed.values())
        wanted.update(f"s:{reason}" for reason in site.skipped.values())
    own = {"pending", "leased", "seen", "level", "split"}
    ended = {name: n for name, n in counts.counters.items() if name not in own}
    assert ended == wanted
    assert (counts.pending, counts.leased) == (0, 0)


def assert_every_page_is_stored_once(web: DemoWeb, stored: Stored) -> None:
    """Assert I3: the store has each page, with the hash of the demo web's answer, and no other."""
    wanted: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name, spec in web.specs.items():
        site, base = web.expected(name), web.url(name)
        failed |= site.failed
        for url in site.pages:
            body = answer(spec, base, urlsplit(url).path, visit=2).body
            wanted[url] = blake2b(body, digest_size=16).hexdigest()
    pages = stored.pages()
    assert len(pages) == len(wanted), _difference(wanted, (url for url, _, _ in pages))
    assert {url: content for url, content, _ in pages} == wanted
    assert stored.failures() == failed
    firsts = [content for _, content, first in pages if first is None]
    assert sorted(firsts) == sorted(set(wanted.values())), (
        "of equal pages exactly one must not be a duplicate"
    )


def assert_nothing_was_fetched_again_without_a_fault(web: DemoWeb, faults: Sequence[Fault]) -> None:
    """Assert I2: a URL is fetched again only after a failed fetch or one that a fault excuses."""
    for url, fetches in _fetches(web).items():
        for before, after in pairwise(fetches):
            excused = any(fault.excuses(before) for fault in faults)
            assert excused or not _whole(before), f"{url}: {before}, then {after}, of {faults}"


def fetched_again(web: DemoWeb) -> int:
    """Return how many fetches repeated one that had not failed by itself."""
    again = 0
    for fetches in _fetches(web).values():
        again += sum(_whole(fetch) or fetch.ending == "abandoned" for fetch in fetches[:-1])
    return again


def assert_limits_held(
    web: DemoWeb,
    faults: Sequence[Fault],
    *,
    at_once: int,
    delays: Mapping[str, float],
    tolerance_s: float,
) -> None:
    """Assert I5: each site's requests in flight and delay, over all workers.

    at_once: maximum requests in flight. delays: seconds between requests, by site. A delay from
    robots.txt applies once a worker has read it: the first page after a death may be early.
    """
    deaths = [fault.since for fault in faults if fault.since == fault.until]
    unowned = [(fault.since, fault.until) for fault in faults if fault.loses_owners]
    by_site: dict[str, list[AnswerLine]] = defaultdict(list)
    for fetches in _fetches(web).values():
        for fetch in fetches:
            by_site[fetch.site].append(fetch)
    for site, fetches in by_site.items():
        allowed = 1 if site in delays else at_once
        edges = [(fetch.arrived, 1) for fetch in fetches]
        edges += [(fetch.ended, -1) for fetch in fetches]
        in_flight = 0
        for when, change in sorted(edges):
            in_flight += change
            held = in_flight <= allowed or _is_within(when, unowned)
            assert held, f"{site}: {in_flight} in flight at {when}, of {faults}"
        starts = sorted(fetch.arrived for fetch in fetches)
        for before, after in pairwise(starts):
            wanted = delays.get(site, 0.0) - tolerance_s
            unknown = web.specs[site].crawl_delay_s and any(
                before <= death <= after for death in deaths
            )
            assert after - before >= wanted or unknown or _is_within(after, unowned), (
                f"{site}: {after} is {after - before:.3f} s after {before}"
            )


def _is_within(when: float, spans: Iterable[tuple[float, float]]) -> bool:
    return any(since <= when <= until for since, until in spans)


def started(web: DemoWeb, since: float, until: float) -> int:
    """Return how many requests arrived between two times (unix seconds)."""
    return sum(since <= line.time <= until for line in web.log() if line.path != _ROBOTS)


def arrived(web: DemoWeb, site: str) -> list[float]:
    """Return when requests arrived at ``site`` (unix seconds)."""
    return [line.time for line in web.log() if line.site == site and line.path != _ROBOTS]


def abandoned(web: DemoWeb, site: str) -> list[float]:
    """Return when clients disconnected from ``site`` before an answer (unix seconds)."""
    return [
        line.ended for line in web.answers() if line.site == site and line.ending == "abandoned"
    ]


def _fetches(web: DemoWeb) -> dict[str, list[AnswerLine]]:
    """Return the requests of each URL in order of arrival, except those for robots.txt."""
    found: dict[str, list[AnswerLine]] = defaultdict(list)
    for line in sorted(web.answers(), key=lambda line: line.arrived):
        if line.path != _ROBOTS:
            found[web.url(line.site) + line.path].append(line)
    return found


def _whole(fetch: AnswerLine) -> bool:
    return fetch.status == 200 and fetch.ending == "whole"


def _difference(wanted: Iterable[str], found: Iterable[str]) -> str:
    wanted, found = set(wanted), set(found)
    return f"missing: {sorted(wanted - found)[:5]}, unexpected: {sorted(found - wanted)[:5]}"
