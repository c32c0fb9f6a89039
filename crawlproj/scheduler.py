"""Scrapy's scheduler over a frontier: admits by site, and acks when the work is really done.

A request that is handed out works on a lease, whose id is in its ``meta``; scheduling/work.py has
the table of what becomes of the lease. A retry waits until its ``meta["retry_at"]`` (unix seconds)
and holds neither permit nor slot meanwhile.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import Request, signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from scrapy.utils.defer import deferred_from_coro

from crawlproj._scrapy.engine import EngineHooks, begin_closing, engine_of
from crawlproj._scrapy.strict import Strict
from crawlproj.clock import crawl_time
from crawlproj.errors import CrawlprojError, FrontierError
from crawlproj.http import DownloadHandler
from crawlproj.limits.ending import NOTHING_LEARNED
from crawlproj.links.found import found_by
from crawlproj.reasons import FAILED_CRAWLS, error_of, nothing_reached
from crawlproj.scheduling.admission import Admission
from crawlproj.scheduling.arrivals import Arrivals
from crawlproj.scheduling.books import Books
from crawlproj.scheduling.budget import Budget
from crawlproj.scheduling.buffer_config import BufferConfig
from crawlproj.scheduling.buffered import BufferedFrontier
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.scheduling.crawl_delays import CrawlDelays
from crawlproj.scheduling.cuts import Cuts
from crawlproj.scheduling.direct import DirectRequests
from crawlproj.scheduling.entries import Entries
from crawlproj.scheduling.fence import Fence
from crawlproj.scheduling.network_pause import NetworkPause
from crawlproj.scheduling.patience import Patience
from crawlproj.scheduling.rebuilding import Rebuilding
from crawlproj.scheduling.seen import Seen
from crawlproj.scheduling.serialize import PERMIT_WAIT
from crawlproj.scheduling.shutdown import ABANDON_AFTER_CANCEL_S, Shutdown
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.scheduling.site_groups import SiteGroups
from crawlproj.scheduling.steered_limits import SteeredLimits
from crawlproj.scheduling.steering import Steering
from crawlproj.scheduling.tally import Tally
from crawlproj.scheduling.work import WorkInHand
from crawlproj.signals import robots_parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scrapy import Spider
    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from crawlproj.frontier.base import Opened, Totals

__all__ = ["Scheduler"]

logger = logging.getLogger(__name__)


class Scheduler(BaseScheduler, metaclass=Strict):
    """Hands out requests of sites that have a permit, from any frontier.

    config, concurrency: the settings. job: the frontier's job, "" until it is open.
    permits: how many requests each site may have in flight. admission: the permits of requests
    in hand. tally: what this run has done. in_hand: the requests that were handed out. books:
    writes down what was not done. cuts: links that are not followed. steering: obeys commands.
    backend: the frontier. opened: what it held when it was opened; None before, or if that failed.
    deaths: runs that died on a URL. network_pause: if the network is away. finished: done.
    """

    def __init__(self, crawler: Crawler) -> None:
        self.config = CrawlConfig.from_settings(crawler.settings)
        self.concurrency = ConcurrencyConfig.from_settings(crawler.settings)
        groups = SiteGroups(self.concurrency.scope)
        limits = SteeredLimits(self.concurrency)
        self.permits = self.concurrency.permits(groups, self.config.in_flight, limits.of)
        self.tally = Tally()
        self.opened: Opened | None = None
        self.finished, self.job = False, ""
        self.deaths: Mapping[str, int] = {}
        self._crawler, spider = crawler, crawler.spider
        self._hooks = EngineHooks(crawler.engine)
        self._seen = Seen()
        self.in_hand = WorkInHand(lambda error: self._end("disk-failed", error))
        patience = Patience(self.concurrency.patience_s, self.permits, crawl_time)
        self._delays = CrawlDelays(self.permits, limits.delay_of, patience.heed_delay)
        self._budget = Budget(self.config.in_flight, self.config.max_pages)
        self._shutdown = Shutdown(
            self.config.grace_s, cancel=self._cancel_downloads, abandon=self._abandon
        )
        self.network_pause = NetworkPause(
            self.concurrency.patience_s,
            on_back=self._hooks.wake,
            on_given_up=self._end,
            spider=spider,
        )
        frontier = self.backend = self.config.frontier()
        self._frontier = BufferedFrontier(
            frontier,
            self.permits,
            crawl_time,
            BufferConfig.of_crawl(self.config, self.concurrency, shared=frontier.shared),
            on_change=self._hooks.wake,
            on_failure=lambda error: self._end("frontier-failed", str(error)),
            on_forgotten=self._on_forgotten,
            on_lost=lambda lease_ids: self._fence.lose(lease_ids, self._downloads),
            delay_of=self._delays.of,
            sift=lambda leases: self.cuts.sift(self.steering.sift(leases)),
        )
        self.books = Books(self._frontier.ack, spider=spider)
        self.cuts = Cuts(self._frontier.put, self.books, self._seen)
        self._fence = Fence(self.in_hand, lambda: self._frontier.held.valid, spider=spider)
        given_back, file_bytes = self._frontier.claims.given_back, self.config.file_bytes
        direct = DirectRequests(self.permits, self._delays, crawl_time, given_back, file_bytes)
        self.admission = Admission(
            self.permits, self.in_hand, self._delays, groups, self._fence, patience,
            self._frontier.release, direct,
        )  # fmt: skip
        self.steering = Steering(
            frontier, self._frontier, limits, self.permits, self._delays, patience, self.books,
            entry_of=lambda *url: self._entries.entry_of_url(*url),  # noqa: PLW0108 - made later
            idle=lambda: not (self.in_hand or self._frontier.buffer or direct),
            end=self._end, spider=spider,
        )  # fmt: skip

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Scheduler:
        """Build the scheduler. Raises ConfigError naming a wrong setting."""
        return cls(crawler)

    # Scrapy's interface

    def open(self, spider: Spider) -> Deferred[None]:
        """Open the frontier for the spider's job."""
        return deferred_from_coro(self._open(spider))

    async def _open(self, spider: Spider) -> None:
        shared, by_domain = self.backend.shared, self.concurrency.scope == "domain"
        self.job = self.config.job_of(spider)
        try:
            self._entries = Entries.of_crawl(
                spider, self._crawler, shared=shared, by_domain=by_domain, config=self.config
            )
            await self._entries.keys.open()
            put = self._frontier.put
            self._arrivals = Arrivals(self._entries, self.in_hand, self.admission, put, self._seen)
            self._rebuilding = Rebuilding(self._entries, put, self.books)
            self._frontier.outbox.on_written = self._entries.count
            self._hooks.install(self)
            self._hooks.lift_slot_limits(self.config.in_flight)
            self._hooks.admit_downloads(self.admission.admit, self.admission.direct.release)
            self._downloads = DownloadHandler.in_use(self._crawler)
            self.admission.watch(self._downloads)
            self.network_pause.works = self._downloads.works
            reset, reopen = self.config.reset, self.config.reopens(spider)
            gained = getattr(spider, "know_sites", None)
            self.opened = await self._frontier.open(
                self.job, reset=reset, reopen=reopen, traps=found_by(spider), on_gained=gained
            )
            if not self.opened.finished:
                await self.steering.begin(self.opened.generation)
        except CrawlprojError as exc:
            # Scrapy closes cleanly only after the pipelines have been opened, too.
            logger.error("%s", exc, extra={"spider": spider})
            self._crawler.signals.connect(self._give_up, signals.spider_opened)
            return
        self._budget.begin(self.totals, reopened=reopen)
        logger.info("%s", self.opened.note(self.job, self.totals), extra={"spider": spider})
        if self.opened.finished:
            return
        connect = self._crawler.signals.connect
        connect(self.books.begin, signals.spider_opened)
        connect(self.in_hand.on_spider_error, signals.spider_error)
        connect(self.in_hand.on_item_error, signals.item_error)
        connect(self._delays.on_robots_parsed, robots_parsed)

    def has_pending_requests(self) -> bool:
        """Whether the crawl must go on."""
        if self.opened is None or self.opened.finished or self._budget.spent:
            return False
        some = self.in_hand or self.books or self._hooks.direct or self.steering.waits
        return self._frontier.pending or bool(some)

    def __len__(self) -> int:
        """Return how many requests wait; some of those that were put last may be duplicates."""
        return self.totals.pending + self.waiting + self._frontier.outbox.entries

    def enqueue_request(self, request: Request) -> bool:
        """Put ``request``, or take it as the outcome of the lease that it carries."""
        if self.opened is None or self.opened.finished:
            return False
        return self._arrivals.take(request)

    def _on_forgotten(self) -> None:
        self._seen.clear()
        self.cuts.forget()

    def next_request(self) -> Request | None:
        """Return a request of a site that has a permit, if there is one."""
        if self._shutdown.begun or self.opened is None or not self._may_start():
            return None
        self.admission.direct.serve_all()
        while (handout := self._frontier.next()) is not None:
            if (request := self._rebuilding.request_of(handout.lease)) is not None:
                self.admission.start(handout, request)
                request.meta[PERMIT_WAIT] = handout.waited_s
                return request
            self._frontier.release(handout.lease.entry.site, handout.permit, NOTHING_LEARNED)
        return None

    def _may_start(self) -> bool:
        if self.backend.shared:
            self._budget.see(self.totals)
        if self._budget.spent:
            self._frontier.seeds.close()
        some = self._budget.allows(len(self.in_hand), self._frontier.outstanding)
        return some and not self.network_pause.on

    def close(self, reason: str) -> Deferred[None]:
        """Write what waits, give leases back, and end the generation if everything is done."""
        return deferred_from_coro(self._close(reason))

    async def _close(self, reason: str) -> None:
        extra = {"spider": self._crawler.spider}
        self._shutdown.end()
        self.backend.hurry()  # all that follows asks it, and it may be gone for good
        await self.steering.close()
        self.admission.direct.cancel()
        if reason in FAILED_CRAWLS:
            self.fail()
        if self.opened is None:
            await self._frontier.close(finish=False)
            return
        await self.books.settled()
        rest = self._budget.skips if (ended := reason == "finished") else ""
        try:
            self.finished = await self._frontier.close(finish=ended, skip_rest=rest)
        except FrontierError as exc:
            logger.error("The next run does again what was done last: %s", exc, extra=extra)
            self.fail()
        if self.finished and not self.config.in_fleet and (why := nothing_reached(self.totals)):
            logger.error("%s", why, extra=extra)
            self.fail()

    # For spiders, spider middlewares, pipelines and extensions

    def fail(self) -> None:
        """Let the command end with status 1, whatever the crawl's reason to end. While it runs."""
        self._hooks.fail_start(begun=self.opened is not None)

    @property
    def totals(self) -> Totals:
        """The frontier's counts as of its last round, some milliseconds ago."""
        return self._frontier.totals

    @property
    def waiting(self) -> int:
        """Leases that were fetched ahead of need and wait for their site's turn."""
        return len(self._frontier.buffer)

    def unseen(self, urls: Iterable[str]) -> Iterator[str]:
        """Yield those of ``urls`` (normalised) that this process has not enqueued lately.

        A cheap first sieve before a Request is built; the frontier deduplicates exactly.
        """
        return self._seen.missing(urls)

    async def flushed(self) -> None:
        """Wait until what was enqueued is durable. Raises FrontierError if it never will be."""
        await self._frontier.flushed()

    async def room(self) -> bool:
        """Wait until a producer of seeds may go on; False when no more seeds are wanted."""
        return await self._frontier.seeds.wait()

    # Reports of the engine (see _scrapy.engine.Watcher)

    def on_result(self, request: Request, result: Response | Failure) -> None:
        """Note a response, or a failure for good."""
        work = self.in_hand.of(request)
        if work is None:
            return
        self.admission.release(work)
        if isinstance(result, Response):
            work.respond(result.status)
        else:
            self.in_hand.fail(work, error_of(result), closing=self._shutdown.begun)

    def on_finished(self, request: Request) -> None:
        """Ack the lease of a request whose callback and pipelines are done."""
        self._downloads.done_with(request)
        work = self.in_hand.of(request)
        if work is None:
            return
        self.in_hand.remove(work)
        self.admission.release(work)
        ack, entry = work.ack(closing=self._shutdown.begun), work.lease.entry
        if ack.state.terminal:
            self._entries.forget(entry)
        self.books.close(ack, entry, work, depth=request.meta.get("depth", 0))
        self._budget.add(ack)
        self.tally.add(entry.site, ack.state, ack.reason)

    def on_closing(self) -> None:
        """Begin an orderly end."""
        self._frontier.seeds.close()
        self.network_pause.close()
        self._shutdown.begin()

    def _cancel_downloads(self) -> None:
        self.admission.direct.cancel()
        self._downloads.cancel_all("the crawl is being stopped")

    def _abandon(self) -> None:
        for work in self.in_hand:
            work.cut_short = True
        if dropped := self._hooks.abandon():
            after_s = self.config.grace_s + ABANDON_AFTER_CANCEL_S
            logger.warning(
                "%d requests did not end in %.0f s: pending again",
                dropped,
                after_s,
                extra={"spider": self._crawler.spider},
            )

    def _give_up(self) -> None:
        raise CloseSpider("frontier-unusable")

    def _end(self, reason: str, error: str = "") -> None:
        if error:
            logger.error(
                "The crawl stops; start it again to fetch what is not done: %s",
                error,
                extra={"spider": self._crawler.spider},
            )
        begin_closing(self._crawler.engine, reason)


def scheduler_of(crawler: Crawler) -> Scheduler | None:
    """Return the crawler's scheduler if it is this project's; None before the crawl starts."""
    scheduler = getattr(engine_of(crawler), "scheduler", None)
    return scheduler if isinstance(scheduler, Scheduler) else None
