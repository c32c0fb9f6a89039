"""What must be true after a crawl whatever was done to it, judged by what the demo web saw.

I1 discovered = pending + leased + done + failed + skipped, at the end without the first two
I2 a URL ends once; it is fetched again only after a failure or a fault
I3 what is acked is stored, once and as it was served
I4 who lost a lease changes nothing
I5 limits of a site hold over all workers
I6 memory stays bounded while Redis or the database is away

I1 and half of I3 are also checked all the time (crew.py), I6 where something is away.
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
    from tests.chaos.books import Books
    from tests.chaos.shelves import Shelves

# From an answer to its durable ack: parsing, the store's commit, a round of the outbox.
_SETTLES_S = 2.0
_ROBOTS = "/robots.txt"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that may lead to pages being fetched again.

    since, until: unix seconds. loses_answered: whether also pages that had been answered whole.
    """

    since: float
    until: float
    loses_answered: bool = True

    def excuses(self, fetch: AnswerLine) -> bool:
        """Return whether ``fetch`` may have been in vain because of this."""
        if self.loses_answered:
            return fetch.arrived <= self.until and self.since <= fetch.ended + _SETTLES_S
        return not _whole(fetch) and fetch.arrived <= self.until and self.since <= fetch.ended


def judge(web: DemoWeb, shelves: Shelves, books: Books, faults: Sequence[Fault]) -> None:
    """Assert I1 to I4 of a finished crawl."""
    assert_every_url_ended_once(web, books)
    assert_every_page_is_stored_once(web, shelves)
    assert_nothing_was_fetched_again_without_a_fault(web, faults)


def assert_every_url_ended_once(web: DemoWeb, books: Books) -> None:
    """I1 at the end, I2 and I4: the totals are those of a crawl to which nothing was done."""
    wanted = Counter[str]()
    for name in web.specs:
        site = web.expected(name)
        wanted["done"] += len(site.pages | site.other)
        wanted.update(f"f:{reason}" for reason in site.failed.values())
        wanted.update(f"s:{reason}" for reason in site.skipped.values())
    own = {"pending", "leased", "seen", "level", "split"}
    ended = {name: n for name, n in books.counts.items() if name not in own}
    assert ended == wanted
    assert (books.pending, books.leased) == (0, 0)


def assert_every_page_is_stored_once(web: DemoWeb, shelves: Shelves) -> None:
    """I3: each page with the hash of what the demo web answers, and nothing else."""
    wanted: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name, spec in web.specs.items():
        site, base = web.expected(name), web.url(name)
        failed |= site.failed
        for url in site.pages:
            body = answer(spec, base, urlsplit(url).path, visit=2).body
            wanted[url] = blake2b(body, digest_size=16).hexdigest()
    pages = shelves.pages()
    assert len(pages) == len(wanted), _difference(wanted, (url for url, _, _ in pages))
    assert {url: content for url, content, _ in pages} == wanted
    assert shelves.failures() == failed
    firsts = [content for _, content, first in pages if first is None]
    assert sorted(firsts) == sorted(set(wanted.values())), "of equal pages one is the first"


def assert_nothing_was_fetched_again_without_a_fault(web: DemoWeb, faults: Sequence[Fault]) -> None:
    """I2: each further fetch of a URL follows a failed one, or one that a fault undid."""
    for url, fetches in _fetches(web).items():
        for before, after in pairwise(fetches):
            excused = any(fault.excuses(before) for fault in faults)
            assert excused or not _whole(before), f"{url}: {before}, then {after}, of {faults}"


def fetched_again(web: DemoWeb) -> int:
    """Return how many fetches followed one of the same URL that had not failed by itself."""
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
    """I5: requests in flight and the time between two, of each site, over all workers.

    at_once: requests in flight at most. delays: site → seconds between two. That which robots.txt
    asks for is known to a worker that has read it: the first page after a death may be early.
    """
    deaths = [fault.since for fault in faults if fault.since == fault.until]
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
            assert in_flight <= allowed, f"{site}: {in_flight} in flight at {when}"
        starts = sorted(fetch.arrived for fetch in fetches)
        for before, after in pairwise(starts):
            wanted = delays.get(site, 0.0) - tolerance_s
            unknown = web.specs[site].crawl_delay_s and any(
                before <= death <= after for death in deaths
            )
            assert after - before >= wanted or unknown, (
                f"{site}: {after} is {after - before:.3f} s after {before}"
            )


def started(web: DemoWeb, since: float, until: float) -> int:
    """Return how many requests arrived in a time."""
    return sum(since <= line.time <= until for line in web.log() if line.path != _ROBOTS)


def arrived(web: DemoWeb, site: str) -> list[float]:
    """Return when requests arrived at ``site`` (unix seconds)."""
    return [line.time for line in web.log() if line.site == site and line.path != _ROBOTS]


def abandoned(web: DemoWeb, site: str) -> list[float]:
    """Return when clients went away from ``site`` without an answer (unix seconds)."""
    return [
        line.ended for line in web.answers() if line.site == site and line.ending == "abandoned"
    ]


def _fetches(web: DemoWeb) -> dict[str, list[AnswerLine]]:
    """Return the requests of each URL as they came; those for robots.txt are the workers' own."""
    found: dict[str, list[AnswerLine]] = defaultdict(list)
    for line in sorted(web.answers(), key=lambda line: line.arrived):
        if line.path != _ROBOTS:
            found[web.url(line.site) + line.path].append(line)
    return found


def _whole(fetch: AnswerLine) -> bool:
    return fetch.status == 200 and fetch.ending == "whole"


def _difference(wanted: Iterable[str], found: Iterable[str]) -> str:
    wanted, found = set(wanted), set(found)
    return f"missing: {sorted(wanted - found)[:5]}, too many: {sorted(found - wanted)[:5]}"
