"""A view of a job at one moment, taken at most once a second for all viewers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crawlproj.frontier.finding import ALIVE_S
from crawlproj.report.live import Live, LiveTick, merged, merged_ticks
from crawlproj.report.why import Why
from crawlproj.serve.cached import Cached

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crawlproj.frontier.command_log import Controls
    from crawlproj.frontier.finding import Job
    from crawlproj.frontier.job_status import JobStatus
    from crawlproj.frontier.live import Tick, WorkerNews
    from crawlproj.serve.dashboard.crawls import Crawls

_KEPT_S = 600
_REMEMBERED_S = 60.0  # what a worker said last, if it is alive but too busy to say more
_AGAIN_S = 5  # workers publish a second's tick at different times
_FRESH_S = 0.9
_JOBS_S = 3.0


@dataclass(frozen=True, slots=True)
class View:
    """A job.

    at: unix seconds. job: its name; "" if there is none. jobs: all of them. running: whether a
    crawl works on it. live: what the workers say together; None if none does. workers: what each
    says, by name. ticks: the last ten minutes, oldest first. status: the counts of the job by site,
    which may be old; None if they are not there yet.
    """

    at: float
    job: str = ""
    jobs: tuple[Job, ...] = ()
    running: bool = False
    live: Live | None = None
    workers: tuple[tuple[str, Live], ...] = ()
    ticks: tuple[LiveTick, ...] = ()
    status: JobStatus | None = None

    @property
    def silent_s(self) -> float:
        """How long no worker has said anything; 0 if none ever did."""
        return max(0.0, self.at - self.live.at) if self.live is not None else 0.0

    @property
    def pending(self) -> dict[str, int]:
        """How many URLs wait, by site."""
        sites = self.status.sites if self.status is not None else {}
        return {site: totals.pending for site, totals in sites.items()}


class Views:
    """The views of all jobs. clock: unix seconds."""

    def __init__(
        self, crawls: Crawls, status: Cached[list[JobStatus]], clock: Callable[[], float]
    ) -> None:
        self._crawls = crawls
        self._status = status
        self._clock = clock
        self._jobs = Cached(crawls.jobs, _JOBS_S, clock)
        self._watched: dict[str, _Watched] = {}

    async def of(self, name: str = "") -> View:
        """Return the view of the job of this name, else of one that runs, else of the first.

        Raises Problem if the frontier cannot be read.
        """
        taken = await self._jobs.get(5.0)
        jobs = taken.value if taken is not None else []
        job = max(jobs, key=lambda job: (job.name == name, job.running), default=None)
        if job is None:
            return View(self._clock())
        if job.name not in self._watched:
            self._watched[job.name] = _Watched(self._crawls, job.name, self._clock)
        heard_s = _REMEMBERED_S if job.running else ALIVE_S
        seen = await self._watched[job.name].look(heard_s)
        # A crawl that says nothing has no other counts.
        counted = await self._status.get(0.2 if seen.live is not None else 3.0)
        status = next((s for s in counted.value if s.job == job.name), None) if counted else None
        return View(
            self._clock(),
            job.name,
            tuple(jobs),
            job.running,
            seen.live and _with_claims(seen.live, status),
            seen.workers,
            seen.ticks,
            status,
        )

    async def close(self) -> None:
        """Stop looking."""
        await self._jobs.close()


_CLAIMING = Why("claiming", "its next URLs are being claimed from the frontier")


def _with_claims(live: Live, status: JobStatus | None) -> Live:
    """Return ``live`` where sites that have no URL in a worker, but in the frontier, say so.

    A worker knows only those that it has claimed.
    """
    known = status.sites if status is not None else {}
    claiming = {
        site.site
        for site in live.sites
        if site.why.kind == "nothing-waits" and site.site in known and known[site.site].pending
    }
    if not claiming:
        return live
    return replace(
        live,
        sites=tuple(
            replace(site, why=_CLAIMING) if site.site in claiming else site for site in live.sites
        ),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    live: Live | None = None
    workers: tuple[tuple[str, Live], ...] = ()
    ticks: tuple[LiveTick, ...] = ()


@dataclass(slots=True)
class _Watched:
    """A job that is looked at. One who looks waits for another who does; ticks are read once."""

    crawls: Crawls
    job: str
    clock: Callable[[], float]
    _taken_at: float = float("-inf")
    _seen: _Seen = field(default_factory=_Seen)
    _ticks: dict[int, LiveTick] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, heard_s: float) -> _Seen:
        """Return what workers said in the last ``heard_s`` seconds."""
        async with self._turn:
            now = self.clock()
            if now - self._taken_at >= _FRESH_S:
                news, ticks = await self.crawls.use(
                    self.job, lambda controls: self._read(controls, heard_s)
                )
                self._taken_at = now
                self._keep(merged_ticks(ticks), now)
                read = [(one.worker, live) for one in news if (live := Live.read(one.document))]
                kept = tuple(self._ticks[second] for second in sorted(self._ticks))
                self._seen = _Seen(merged(news), tuple(read), kept)
            return self._seen

    async def _read(
        self, controls: Controls, heard_s: float
    ) -> tuple[list[WorkerNews], Mapping[str, list[Tick]]]:
        now = int(self.clock())
        since = max(self._ticks, default=now - _KEPT_S) - _AGAIN_S
        return await controls.workers(now - heard_s), await controls.ticks(since)

    def _keep(self, ticks: list[LiveTick], now: float) -> None:
        self._ticks |= {int(tick.at): tick for tick in ticks}
        for second in [second for second in self._ticks if second < now - _KEPT_S]:
            del self._ticks[second]
