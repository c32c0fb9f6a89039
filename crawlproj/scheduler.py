"""Scrapy's scheduler over a frontier: admits by site, and acks when the work is really done.

A request that is handed out works on a lease, whose id is in its ``meta``. What becomes of it
decides the lease's ack:

====================================================  ==============================
a response, its callback and pipelines                done
a Request of the same key instead of a response       pending again, attempt counted
a Request of another key instead of a response        skipped("redirected")
a failure; a status nobody handles; an exception      failed(reason), see reasons.py
IgnoreRequest (robots, offsite)                       skipped(reason)
the engine closed before it ended                     pending again, not counted
the store failed before it had an item                pending again, not counted
its lease may be lost before there is a response      pending again, not counted
====================================================  ==============================

A retry waits until its ``meta["retry_at"]`` (unix seconds), holding neither permit nor slot. A
permit is given back when the download ends (``on_downloaded``), or with the lease at the latest.

Once there is a response, a lease id in another request's ``meta`` (``meta=response.meta``) means
nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scrapy import Request, signals
from scrapy.core.scheduler import BaseScheduler, BaseSchedulerMeta
from scrapy.exceptions import CloseSpider, DownloadCancelledError
from scrapy.http import Response
from scrapy.utils.defer import deferred_from_coro

from crawlproj._scrapy.engine import EngineHooks
from crawlproj.errors import CrawlprojError, FrontierError, NotStored
from crawlproj.frontier.base import Ack, Entry, Lease, Opened, State
from crawlproj.http import DownloadHandler
from crawlproj.limits.permits import Permits
from crawlproj.limits.site import Ending, Verdict
from crawlproj.links.normalize import registrable_domain, site_of
from crawlproj.reasons import error_of, outcome_of
from crawlproj.scheduling.buffered import BufferConfig, BufferedFrontier
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.entries import Entries
from crawlproj.scheduling.fence import Fence
from crawlproj.scheduling.seen import Seen
from crawlproj.scheduling.serialize import (
    LEASE,
    PERMIT_WAIT,
    RETRY_AT,
    BadPayload,
    Unstorable,
    key_of,
)
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.scheduling.tally import Tally
from crawlproj.signals import robots_parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import Any

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from crawlproj.frontier.base import Totals
    from crawlproj.limits.site import Permit
    from crawlproj.scheduling.lease_buffer import Handout

logger = logging.getLogger(__name__)

# Against those downloading: requests handed out and not finished, as parsing and storing overlap
# with downloading; and those and finished ones whose acks are not durable, on their way to a
# frontier that may be slow. What a crash would fetch again stays bounded.
_WORKING_PER_DOWNLOAD = 2
_OUTSTANDING_PER_DOWNLOAD = 3
_ABANDON_AFTER_CANCEL_S = 1.0
_NOTHING_LEARNT = Ending(Verdict.IGNORED)
_MAX_ADDRESSES = 100_000
_MAX_MET = 100_000
_ALONE_S = 1e-6  # a delay, which lets requests go one at a time


@dataclass(slots=True)
class _Work:
    """A request handed out, and what its lease's ack will say."""

    lease: Lease
    request: Request
    permit: Permit | None
    responded: bool = False
    state: State = State.DONE
    reason: str = ""
    put_back: Entry | None = None
    cut_short: bool = False  # it goes back as it was, whatever its state


class _Strict(BaseSchedulerMeta):
    """isinstance() tells our scheduler from others: Scrapy's takes each that has its methods."""

    def __instancecheck__(cls, instance: object) -> bool:  # noqa: N805 - of a class
        return type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, subclass: type) -> bool:  # noqa: N805
        return type.__subclasscheck__(cls, subclass)


class Scheduler(BaseScheduler, metaclass=_Strict):
    """See the module docstring. Public beyond Scrapy's interface: unseen, room, opened, tally."""

    def __init__(self, crawler: Crawler) -> None:
        self.config = CrawlConfig.from_settings(crawler.settings)
        self.concurrency = ConcurrencyConfig.from_settings(crawler.settings)
        self._addresses: dict[str, str] = {}  # of sites, where they share permits by address
        self.permits = Permits(
            self.concurrency.control,
            time.time,
            budget=self.config.in_flight,
            group_of=self._group_of(self.concurrency.scope),
        )
        self.tally = Tally()
        self.opened: Opened | None = None
        self.finished = False  # once closed: nothing of the generation is left to do
        self.job = ""
        self._crawler = crawler
        self._hooks = EngineHooks(crawler.engine)
        self._retry_times = crawler.settings.getint("RETRY_TIMES")
        self._seen = Seen()
        self._working: dict[int, _Work] = {}  # by lease id
        self._pages = 0  # responses with a 2xx status that finished, over the generation
        # Of sites whose robots.txt asks for one: by origin, as http and https may have another.
        self._crawl_delays: dict[str, dict[str, float]] = {}
        self._met: set[str] = set()  # sites of which a first request has ended
        self._closing = False
        self._closing_task: asyncio.Future[None] | None = None
        self._budget_spent = False
        self._shutdown_timer: asyncio.TimerHandle | None = None
        frontier = self.config.frontier()
        self._shared = frontier.shared
        self._frontier = BufferedFrontier(
            frontier,
            self.permits,
            time.time,
            BufferConfig(
                ready=2 * self.config.in_flight,
                per_site=max(32, 2 * int(self.concurrency.default.most)),
                at_most=32 * self.config.in_flight,
                max_pending=self.config.seeds_pending,
                lease_s=self.config.lease_s,
                # A round costs a network's time there, and next to nothing beside a file.
                batch_s=0.1 if self._shared else 0.005,
                batch=max(1, self.config.in_flight // 2),
            ),
            on_change=self._hooks.wake,
            on_failure=self._on_frontier_failure,
            on_forgotten=self._seen.clear,
            on_lost=self._on_lost,
            delay_of=self._delay_s,
        )
        self._fence = Fence(self._working, self._work_of, lambda: self._frontier.leases_valid)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Scheduler:
        """Make the scheduler; raises ConfigError naming a wrong setting."""
        return cls(crawler)

    # Scrapy's interface

    def open(self, spider: Spider) -> Deferred[None]:
        """Open the frontier for the spider's job."""
        return deferred_from_coro(self._open(spider))

    async def _open(self, spider: Spider) -> None:
        self._entries = Entries(
            spider,
            self._crawler.stats,
            shared=self._shared,
            by_domain=self._shared and self.concurrency.scope == "domain",
        )
        self.job = self.config.job or getattr(spider, "job", "") or spider.name
        try:
            self._hooks.install(self)
            self._hooks.lift_slot_limits(self.config.in_flight)
            self._downloads = DownloadHandler.from_crawler(self._crawler)
            self._downloads.before_send = self._before_send
            self.opened = await self._frontier.open(self.job, reset=self.config.reset)
        except CrawlprojError as exc:
            # Scrapy closes cleanly only when the pipelines have been opened too.
            logger.error("%s", exc)
            self._crawler.signals.connect(self._give_up, signals.spider_opened)
            return
        self._pages = self.totals.done
        if self.opened.finished:
            logger.info("Generation %d of job %r is finished", self.opened.generation, self.job)
            return
        if self.opened.resumed:
            logger.info(
                "Continuing job %r (generation %d): %d pending, %d done",
                self.job,
                self.opened.generation,
                self.totals.pending,
                self.totals.done,
            )
        connect = self._crawler.signals.connect
        connect(self._on_spider_error, signals.spider_error)
        connect(self._on_item_error, signals.item_error)
        connect(self._on_robots, robots_parsed)

    def has_pending_requests(self) -> bool:
        """Whether the crawl must go on."""
        if self.opened is None or self.opened.finished or self._budget_spent:
            return False
        return self._frontier.pending or bool(self._working)

    def enqueue_request(self, request: Request) -> bool:
        """Put ``request``, or take it as the outcome of the lease it carries."""
        if self.opened is None or self.opened.finished:
            return False
        work = self._working.get(request.meta.get(LEASE, 0))
        if work is not None and (work.responded or work.state is not State.DONE):
            work = None
        key = self._entries.key_of(request)
        if work is not None:
            self._release(work)
            if key_of(request) == key_of(work.request):
                self._try_again(work, request)
                return True
            work.state, work.reason = State.SKIPPED, "redirected"
            if work.lease.entry.key == key_of(work.request):
                # It may have dont_filter from a retry, which was not for where that leads.
                key = key_of(request)
        try:
            self._frontier.put(self._entries.entry_of(request, key))
        except Unstorable as exc:
            logger.error("Dropped, as another process could not rebuild it: %s", exc)
            return False
        if request.method == "GET" and not request.body and self._entries.is_filtered(request):
            self._seen.add(request.url)
        return True

    def _try_again(self, work: _Work, request: Request) -> None:
        """Let a lease go back with ``request`` in its place."""
        leased, retry_at = work.lease.entry, request.meta.get(RETRY_AT, 0.0)
        work.state = State.PENDING
        try:
            work.put_back = self._entries.entry_of(request, leased.key, leased.site)
        except Unstorable as exc:
            # What was leased goes back, without what its retries are counted by.
            if work.lease.attempts < request.meta.get("max_retry_times", self._retry_times):
                work.put_back = replace(leased, not_before=retry_at)
                return
            work.state, work.reason = State.FAILED, "unstorable"
            logger.error("Given up, as another process could not rebuild it: %s", exc)

    def next_request(self) -> Request | None:
        """Return a request of a site that has a permit, if there is one."""
        if self._closing or self.opened is None or self._busy():
            return None
        while (handout := self._frontier.next()) is not None:
            request = self._request(handout.lease)
            if request is not None:
                self._start(handout, request)
                return request
            site = handout.lease.entry.site
            self._frontier.release(site, handout.permit, _NOTHING_LEARNT)
        return None

    def _start(self, handout: Handout, request: Request) -> None:
        lease = handout.lease
        handout.permit.sent = False  # robots.txt may come first; see on_sent
        self._working[lease.id] = _Work(lease, request, handout.permit)
        if (site := lease.entry.site) not in self._met:
            # Others would wait with it for robots.txt, and not for the delay that asks for.
            self.permits.set_delay(site, max(_ALONE_S, self._delay_s(site)))
        request.meta[LEASE] = lease.id
        request.meta[PERMIT_WAIT] = handout.waited_s

    def close(self, reason: str) -> Deferred[None]:
        """Write what waits, give leases back, and end the generation if everything is done."""
        return deferred_from_coro(self._close(reason))

    async def _close(self, reason: str) -> None:
        if self._shutdown_timer is not None:
            self._shutdown_timer.cancel()
        if self.opened is None:
            await self._frontier.close(finish=False)
            return
        ended = reason == "finished"
        self.finished = await self._frontier.close(
            finish=ended, skip_rest="max-pages" if ended and self._budget_spent else ""
        )
        if self._frontier.stale:
            self._crawler.stats.set_value("frontier/stale_acks", self._frontier.stale)

    # For spiders, spider middlewares and the display

    @property
    def totals(self) -> Totals:
        """The frontier's counts as of its last round, some milliseconds ago."""
        return self._frontier.totals

    @property
    def waiting(self) -> int:
        """Leases fetched ahead of need, waiting for their site's turn."""
        return self._frontier.buffered

    def unseen(self, urls: Iterable[str]) -> Iterator[str]:
        """Yield those of ``urls`` (normalised) that this process has not enqueued lately.

        A cheap first sieve before a Request is built; the frontier deduplicates exactly.
        """
        return self._seen.missing(urls)

    @property
    def owner(self) -> int:
        """The number of this worker of a shared frontier, 0 if it has none (yet)."""
        return self._frontier.owner

    async def flushed(self) -> None:
        """Wait until what was enqueued is durable; raises FrontierError if it will not be."""
        await self._frontier.flushed()

    async def room(self) -> bool:
        """Wait until a producer of seeds may go on; False when no more seeds are wanted."""
        return await self._frontier.room()

    # For the concurrency middleware

    def permit_of(self, request: Request) -> Permit | None:
        """Return the permit that ``request`` holds."""
        work = self._work_of(request)
        return work.permit if work is not None else None

    def on_sent(self, request: Request) -> Permit | None:
        """Note that ``request`` is sent now; returns its permit, if it holds one."""
        permit = self.permit_of(request)
        if permit is not None and not permit.sent:
            self.permits.send(permit)
        return permit

    def _before_send(self, request: Request) -> None:
        """Let ``request`` be written to its connection, which may be late. Raises LeaseLost."""
        self._fence.check(request)
        permit = self.permit_of(request)
        if permit is not None:
            self.permits.send(permit)  # the site sees the request only now

    def on_downloaded(self, request: Request, ending: Ending, address: str = "") -> None:
        """Give the permit of ``request`` back, with how its download ended.

        address: the IP address that answered; "" if unknown.
        """
        work = self._work_of(request)
        if work is not None:
            if address and self.concurrency.scope == "ip":
                self._locate(work.lease.entry.site, address)
            self._release(work, ending)
        elif ending.retry_after_s is not None or ending.policy is not None:
            self.permits.note(site_of(request.url), ending)

    def _locate(self, site: str, address: str) -> None:
        self._addresses[site] = address
        if len(self._addresses) > _MAX_ADDRESSES:
            del self._addresses[next(iter(self._addresses))]

    def _group_of(self, scope: str) -> Callable[[str], str] | None:
        if scope == "domain":
            return registrable_domain
        return self._address_of if scope == "ip" else None

    def _address_of(self, site: str) -> str:
        return self._addresses.get(site, site)

    # What becomes of requests (see _engine.Watcher)

    def on_result(self, request: Request, result: Response | Failure) -> None:
        """Note a response, or a failure for good."""
        work = self._work_of(request)
        if work is None:
            return
        self._release(work)
        if isinstance(result, Response):
            work.responded, work.cut_short = True, False
            return
        exc = error_of(result)
        work.state, work.reason = outcome_of(exc)
        if self._closing and isinstance(exc, DownloadCancelledError):
            work.cut_short = True

    def note_failure(self, request: Request, exc: BaseException) -> None:
        """Let ``request`` end as failed or skipped by ``exc``, whatever its callback does."""
        work = self._work_of(request)
        if work is not None:
            work.state, work.reason = outcome_of(exc)

    def on_finished(self, request: Request) -> None:
        """Ack the lease of a request whose callback and pipelines are done."""
        work = self._work_of(request)
        if work is None:
            return
        del self._working[work.lease.id]
        self._release(work)
        ack = Ack(work.lease.id, work.state, work.reason, work.put_back)
        if work.cut_short or (self._closing and not self._ended(work)):
            ack = Ack(work.lease.id, State.PENDING, count_attempt=False)
        if ack.state.terminal:
            self._entries.forget(work.lease.entry)
        self._frontier.ack(ack, work.lease.entry.site)
        self._count(work, ack)

    def on_closing(self) -> None:
        """Start the clock of an orderly end."""
        if self._closing:
            return
        self._closing = True
        self._frontier.stop_feeding()
        loop = asyncio.get_running_loop()
        self._shutdown_timer = loop.call_later(self.config.grace_s, self._cancel_downloads)

    def _ended(self, work: _Work) -> bool:
        return work.responded or work.state is not State.DONE

    def _on_lost(self, lease_ids: Collection[int]) -> None:
        self._fence.lose(lease_ids, self._downloads)

    def _cancel_downloads(self) -> None:
        self._downloads.cancel_all("the crawl is being stopped")
        loop = asyncio.get_running_loop()
        self._shutdown_timer = loop.call_later(_ABANDON_AFTER_CANCEL_S, self._abandon)

    def _abandon(self) -> None:
        for work in self._working.values():
            work.cut_short = True
        if dropped := self._hooks.abandon():
            logger.warning(
                "%d requests did not end within %.0f s and were given back to the frontier",
                dropped,
                self.config.grace_s + _ABANDON_AFTER_CANCEL_S,
            )

    def _give_up(self) -> None:
        raise CloseSpider("frontier-unusable")

    def _on_frontier_failure(self, error: FrontierError) -> None:
        logger.error("The crawl stops, nothing is lost: %s", error)
        close = self._crawler.engine.close_spider_async(reason="frontier-failed")
        self._closing_task = asyncio.ensure_future(close)

    def _on_spider_error(self, response: Any) -> None:
        work = self._work_of(getattr(response, "request", None))
        if work is not None and work.state is State.DONE:
            work.state, work.reason = State.FAILED, "callback-error"

    def _on_item_error(self, response: Any, failure: Failure) -> None:
        work = self._work_of(getattr(response, "request", None))
        if work is None:
            return
        if isinstance(failure.value, NotStored):
            work.cut_short = True
        else:
            work.state, work.reason = State.FAILED, "pipeline-error"

    def _on_robots(self, site: str, origin: str, crawl_delay_s: float | None) -> None:
        asked = self._crawl_delays.setdefault(site, {})
        asked[origin] = crawl_delay_s or 0.0
        if not any(asked.values()):
            del self._crawl_delays[site]
        self.permits.set_delay(site, self._delay_s(site))

    def _delay_s(self, site: str) -> float:
        asked = [
            delay_s
            for member in self.permits.members(site)
            for delay_s in self._crawl_delays.get(member, {}).values()
        ]
        return max(self.concurrency.of(site).delay_s, *asked, 0.0)

    # Helpers

    def _busy(self) -> bool:
        in_flight = self.config.in_flight
        if len(self._working) >= _WORKING_PER_DOWNLOAD * in_flight:
            return True
        if self._frontier.outstanding >= _OUTSTANDING_PER_DOWNLOAD * in_flight:
            return True
        budget = self.config.max_pages
        if self._shared:
            self._pages = max(self._pages, self.totals.done)
        if not budget or self._pages + len(self._working) < budget:
            return False
        if self._pages >= budget:
            self._budget_spent = True
            self._frontier.stop_feeding()
        return True

    def _work_of(self, request: Request | None) -> _Work | None:
        """Return the work ``request`` does; a copy of a request does none."""
        if request is None:
            return None
        work = self._working.get(request.meta.get(LEASE, 0))
        return work if work is not None and work.request is request else None

    def _release(self, work: _Work, ending: Ending = _NOTHING_LEARNT) -> None:
        permit, work.permit = work.permit, None
        if permit is None:
            return
        site = work.lease.entry.site
        if site not in self._met:
            if len(self._met) >= _MAX_MET:
                self._met.clear()
            self._met.add(site)
            self.permits.set_delay(site, self._delay_s(site))
        self._frontier.release(site, permit, ending)

    def _count(self, work: _Work, ack: Ack) -> None:
        if ack.state is State.DONE:
            self._pages += 1
        self.tally.add(work.lease.entry.site, ack.state, ack.reason)

    def _request(self, lease: Lease) -> Request | None:
        entry = lease.entry
        try:
            request = self._entries.request_of(entry)
        except BadPayload as exc:
            logger.error("%s", exc)
            self._frontier.ack(Ack(lease.id, State.FAILED, exc.reason), entry.site)
            return None
        if self._crawl_delays and (delay_s := self._delay_s(entry.site)):
            # Each time, as permits forget a site that was idle for long.
            self.permits.set_delay(entry.site, delay_s)
        return request
