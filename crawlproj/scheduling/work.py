"""Requests that were handed out, and how their leases will be acked.

The outcome of a request decides the ack of its lease:

====================================================  ==============================
a response, its callback and pipelines                done
a Request with the same key instead of a response     pending again, attempt counted
a Request with another key instead of a response      skipped("redirected")
a failure; an unhandled status; an exception          failed(reason), see reasons.py
IgnoreRequest (robots, offsite)                       skipped(reason)
the engine closed before the request ended            pending again, not counted
the store failed before it had an item                pending again, not counted
a file could not be written: the disk is full         pending again, not counted
its lease may be lost before there is a response      pending again, not counted
====================================================  ==============================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapy.exceptions import DownloadCancelledError

from crawlproj._scrapy.answered import ANSWERED
from crawlproj.errors import NotStored
from crawlproj.frontier.base import Ack, State
from crawlproj.reasons import detail_of, is_disk_failure, outcome_of, time_of
from crawlproj.scheduling.checks import check_of
from crawlproj.scheduling.serialize import LEASE, SEED
from crawlproj.scheduling.volatile import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scrapy import Request
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from crawlproj.frontier.base import Entry, Lease
    from crawlproj.limits.permit import Permit


@dataclass(slots=True)
class Work:
    """A request that was handed out with its lease.

    permit: None once it was given back, because the download has ended.
    responded: there is a response, so the request's fate is up to its callback and pipelines.
    state, reason: what the ack will say if nothing else happens. detail: more about the reason.
    status: of the response, if there is one. ended_at: when it failed (unix seconds), if it did.
    put_back: with PENDING: the entry that replaces the leased one.
    cut_short: the lease goes back as it was, whatever the state.
    items: how many items its page has yielded, if they are stored.
    """

    lease: Lease
    request: Request
    permit: Permit | None
    responded: bool = False
    state: State = State.DONE
    reason: str = ""
    detail: str = ""
    status: int | None = None
    ended_at: float | None = None
    put_back: Entry | None = None
    cut_short: bool = False
    items: int = 0

    @property
    def undecided(self) -> bool:
        """Whether there is no response yet, and no other outcome."""
        return not self.responded and self.state is State.DONE

    def retry(self, entry: Entry | None) -> None:
        """Put the lease back with ``entry`` in place of what was leased, an attempt counted.

        None, for a request that cannot be stored, ends as failed.
        """
        if entry is None:
            self.fail_with("unstorable")
        else:
            self.state, self.put_back = State.PENDING, entry

    def redirect(self, url: str) -> None:
        """End as skipped: the entry of ``url`` takes over."""
        self.state, self.reason, self.detail = State.SKIPPED, "redirected", url

    def respond(self, status: int) -> None:
        """Note that a response went to the callback."""
        self.responded, self.cut_short, self.status = True, False, status

    def fail(self, exc: BaseException, *, closing: bool = False) -> None:
        """End as failed or skipped because of ``exc``; see reasons.outcome_of.

        closing: the crawl is ending, so a cancelled download goes back uncounted.
        """
        self.state, self.reason = outcome_of(exc)
        self.detail, self.ended_at = detail_of(exc), time_of(exc)
        self.responded |= self.state is State.DONE
        if closing and isinstance(exc, DownloadCancelledError):
            self.cut_short = True

    def fail_with(self, reason: str, exc: BaseException | None = None) -> None:
        """End as failed for ``reason``, because of ``exc``."""
        self.state, self.reason = State.FAILED, reason
        self.detail = f"{type(exc).__name__}: {detail_of(exc)}" if exc is not None else ""

    def fail_callback(self, exc: BaseException | None) -> None:
        """Note that the callback raised; an outcome that was decided earlier stays."""
        if self.state is State.DONE:
            self.fail_with("callback-error", exc)

    def fail_item(self, exc: BaseException | None) -> None:
        """Note that a pipeline raised ``exc`` on an item of the page."""
        if isinstance(exc, NotStored):
            self.cut_short = True
        else:
            self.fail_with("pipeline-error", exc)

    def ack(self, *, closing: bool) -> Ack:
        """Return the lease's ack; if the crawl is ``closing``, undecided work goes back."""
        if self.cut_short or (closing and self.undecided):
            return Ack(self.lease.id, State.PENDING, count_attempt=False)
        # A check that ends leaves the page as it is in the frontier: done.
        forget = self.state.terminal and check_of(self.request) is not None
        return Ack(self.lease.id, self.state, self.reason, self.put_back, forget=forget)


class WorkInHand:
    """Every request that was handed out and has not finished, by its lease.

    on_disk_failure: called with what is wrong, once, if a file of a request cannot be written
        because the disk is full. Such requests go back.
    """

    def __init__(self, on_disk_failure: Callable[[str], None] = lambda _: None) -> None:
        self._by_lease: dict[int, Work] = {}
        self._on_disk_failure = on_disk_failure
        self._disk_failed = False

    def __len__(self) -> int:
        return len(self._by_lease)

    def __iter__(self) -> Iterator[Work]:
        return iter(self._by_lease.values())

    def add(self, lease: Lease, request: Request, permit: Permit) -> None:
        """Take ``request`` in hand; from now on its ``meta`` names the lease."""
        self._by_lease[lease.id] = Work(lease, request, permit)
        request.meta[LEASE] = lease.id

    def of(self, request: Request | None) -> Work | None:
        """Return the work that ``request`` does. A copy of a request does none."""
        if request is None:
            return None
        work = self._by_lease.get(request.meta.get(LEASE, 0))
        return work if work is not None and work.request is request else None

    def note_failure(self, request: Request, exc: BaseException) -> None:
        """Let ``request`` end because of ``exc``, whatever its callback does."""
        work = self.of(request)
        if work is not None:
            self.fail(work, exc)

    def fail(self, work: Work, exc: BaseException, *, closing: bool = False) -> None:
        """Let ``work`` end because of ``exc``; see ``Work.fail``."""
        work.fail(exc, closing=closing)
        self._look_at(work, exc)

    def on_spider_error(self, response: Response | Failure | None, failure: Failure) -> None:
        """Note that the callback or errback of a request in hand raised (a signal)."""
        work = self.of(getattr(response, "request", None))
        if work is not None:
            work.fail_callback(failure.value)
            self._look_at(work, failure.value)

    def on_item_error(self, response: Response | Failure | None, failure: Failure) -> None:
        """Note that a pipeline raised on an item of a request in hand (a signal)."""
        work = self.of(getattr(response, "request", None))
        if work is not None:
            work.fail_item(failure.value)
            self._look_at(work, failure.value)

    def _look_at(self, work: Work, exc: BaseException | None) -> None:
        """Let ``work`` go back if the disk is at fault."""
        if not is_disk_failure(exc):
            return
        work.cut_short = True
        if not self._disk_failed:
            self._disk_failed = True
            self._on_disk_failure(
                f"a file cannot be written for {work.request.url} ({exc}); free disk space, or "
                "make the file system writable"
            )

    def origin_of(self, request: Request) -> Request | None:
        """Return the request in hand whose ``meta`` has become that of ``request``."""
        work = self._by_lease.get(request.meta.get(LEASE, 0))
        return work.request if work is not None else None

    def replaced_by(self, request: Request) -> Work | None:
        """Return the work whose outcome ``request`` is: a retry or a redirect of its request.

        Once there is a response, a lease in another request's ``meta`` means nothing: the spider
        copied it (``meta=response.meta``).
        """
        work = self._by_lease.get(request.meta.get(LEASE, 0))
        return work if work is not None and work.undecided else None

    def source_of(self, request: Request, replaced: Work | None) -> Entry | Source:
        """Return where a request came from, as long as it has the mark of a seed.

        replaced: the work that it goes on with, which it redirects.
        """
        if SEED in request.meta:
            return Source.START
        work = replaced or self.of(ANSWERED.get())
        return work.lease.entry if work is not None else Source.UNKNOWN

    def remove(self, work: Work) -> None:
        """Forget ``work``, which has finished."""
        del self._by_lease[work.lease.id]
