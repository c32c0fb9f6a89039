"""From scrapy-redis's requests to entries of a frontier."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

from scrapy import Request

from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.links.normalize import normalize, registrable_domain, site_of
from crawlproj.scheduling.serialize import Unstorable, entry_of, key_of, key_of_url
from crawlproj.scrapy_redis.queue import Refused, decode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from scrapy import Spider

    from crawlproj.frontier.base import Frontier
    from crawlproj.scrapy_redis.queue import OldQueue

_BATCH = 500
_LEASE_S = 600.0
_PER_SITE = 1_000_000  # no limit: nothing is fetched
_LOWEST, _HIGHEST = -(2**31), 2**31 - 1  # of priorities
_SEARCHED, _SHOWN = 4096, 60  # bytes of a payload that is told
# What to_dict() calls those that are built differently and sent alike.
_PLAIN_CLASSES = frozenset(
    {
        "scrapy.http.request.Request", "scrapy.http.request.form.FormRequest",
        "scrapy.http.request.json_request.JsonRequest", "scrapy.http.request.rpc.XmlRpcRequest",
    }
)  # fmt: skip


@dataclass(slots=True)
class Moved:
    """What became of the requests; refused: how many by reason, with the first one of each."""

    new: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


class Entries:
    """What entries scrapy-redis's requests, and done URLs, are in the spider's job.

    spider: whose methods the callbacks are; it may be one that was never initialised.
    """

    def __init__(self, spider: Spider, *, trust_pickle: bool, by_domain: bool) -> None:
        self._spider = spider
        self._trust_pickle = trust_pickle
        self._by_domain = by_domain

    def of_request(self, payload: bytes, priority: int | None) -> Entry:
        """Return a queued request's entry; raises Refused.

        As scrapy-redis does, a request that is not to be filtered is fetched whatever else was;
        only equal ones are one, so that moving it twice changes nothing.
        """
        request = self._request(decode(payload, trust_pickle=self._trust_pickle), priority)
        key = key_of(request)
        if request.dont_filter and not request.meta.get("is_start_request"):
            digest = blake2b(payload, digest_size=8, person=b"scrapy-redis").digest()
            key = int.from_bytes(digest, "big", signed=True)
        try:
            return self._placed(entry_of(request, self._spider, key))
        except Unstorable as exc:
            raise Refused(str(exc).removeprefix(f"{request}: ")) from None

    def of_done_url(self, url: str) -> Entry:
        """Return the entry of a URL that is to be marked done; raises ValueError."""
        normal = normalize(url)
        if not normal:
            raise ValueError(f"{url[:200]!r} is no http or https URL")
        # Before what else there is of its site: it is claimed to be acked.
        return self._placed(Entry(key_of_url(url), site_of(normal), normal, priority=_HIGHEST))

    def _request(self, stored: dict[str, Any], priority: int | None) -> Request:
        built_as = stored.get("_class", "scrapy.http.request.Request")
        if built_as not in _PLAIN_CLASSES:
            raise Refused(f"a {built_as} cannot be rebuilt from data")
        kept = {name: value for name, value in stored.items() if name in Request.attributes}
        for role in ("callback", "errback"):
            if name := stored.get(role):
                kept[role] = self._method(role, name)
        if priority is not None:
            kept["priority"] = priority
        try:
            kept["priority"] = min(max(int(kept.get("priority", 0)), _LOWEST), _HIGHEST)
            return Request(**kept)
        except (TypeError, ValueError, AttributeError) as exc:
            raise Refused(f"no request can be made of it: {exc}") from None

    def _method(self, role: str, name: object) -> Any:
        method = getattr(self._spider, name, None) if isinstance(name, str) else None
        if getattr(method, "__self__", None) is not self._spider:
            raise Refused(f"its {role} {name!r} is no method of the spider {self._spider.name!r}")
        return method

    def _placed(self, entry: Entry) -> Entry:
        """Put it where the scheduler would; see ``Scheduler._entry``."""
        return replace(entry, site=registrable_domain(entry.site)) if self._by_domain else entry


async def move(
    old: OldQueue, frontier: Frontier | None, entries: Entries, *, delete: bool
) -> AsyncIterator[Moved]:
    """Move the queue; yields what became of each batch.

    frontier: None to count only. delete: what is in the frontier, from the queue.
    """
    start = 0
    while batch := await old.read(start, _BATCH):
        moved, found = Moved(), {}
        for payload, priority in batch:
            try:
                found[payload] = entries.of_request(payload, priority)
            except Refused as exc:
                moved.refused[str(exc)] += 1
                moved.examples.setdefault(str(exc), _shown(payload))
        moved.new = len(batch) - moved.refused.total()
        if frontier is not None:
            moved.new = (await frontier.write(list(found.values()), [])).new
        moved.known = len(batch) - moved.refused.total() - moved.new
        start += len(batch)
        if delete:
            await old.remove([payload for payload, _ in batch if payload in found])
            start -= len(batch) - moved.refused.total()
        yield moved


async def mark_done(frontier: Frontier, done: Iterable[Entry]) -> tuple[int, int]:
    """Put ``done`` and ack them; returns how many there are, and how many of them were new.

    One that is pending already stays so: a worker may be about to fetch it.
    """
    number, total, remaining = 0, 0, iter(done)
    while batch := list(islice(remaining, _BATCH)):
        number += len(batch)
        keys = {entry.key for entry in batch}
        left = (await frontier.write(batch, [])).new
        while left > 0 and (
            leases := await frontier.claim(_BATCH, per_site=_PER_SITE, resting={}, lease_s=_LEASE_S)
        ):
            # The others are given back when the frontier is closed.
            acks = [Ack(lease.id, State.DONE) for lease in leases if lease.entry.key in keys]
            await frontier.write([], acks)
            left -= len(acks)
            total += len(acks)
    return number, total


def _shown(payload: bytes) -> str:
    """Return the URL in it, which in a pickle or JSON is plain to see; else its first bytes."""
    if url := re.search(rb"https?://[^\x00-\x20\"\x7f-\xff]+", payload[:_SEARCHED]):
        return url[0].decode()
    return repr(payload[:_SHOWN])[2:-1] + ("…" if len(payload) > _SHOWN else "")
