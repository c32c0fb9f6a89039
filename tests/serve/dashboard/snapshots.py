"""Snapshots as a crawl publishes them, and a frontier that has nothing but them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from crawlproj.frontier.finding import Job
from crawlproj.frontier.live import Tick, WorkerNews
from crawlproj.report.live import Live, LiveSite, LiveTick
from crawlproj.report.why import Why

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from crawlproj.frontier.command_log import Controls

T = TypeVar("T")

RUNNING = Why("running", "nothing")


def live(**more: Any) -> Live:
    """A snapshot of a crawl that began 100 s ago."""
    usual = {"workers": ("w",), "at": 1000.0, "began": 900.0, "job": "j", "spider": "site"}
    return Live(**{**usual, "generation": 1, **more})


def site(name: str, why: Why = RUNNING, **more: Any) -> LiveSite:
    """A site of it."""
    return LiveSite(name, why=why, **more)


def ticks(seconds: int = 61, *, until: float = 1000.0, **values: Any) -> list[LiveTick]:
    """One tick a second; a value may be a function of the seconds since the first."""
    return [
        LiveTick(
            until - seconds + 1 + n,
            **{name: value(n) if callable(value) else value for name, value in values.items()},
        )
        for n in range(seconds)
    ]


@dataclass
class FakeCrawls:
    """One job. at: of the clock. reads: how often it was read."""

    at: float = 1000.0
    running: bool = True
    published: list[tuple[str, Live]] = field(default_factory=list)
    ticks_of: dict[str, Sequence[LiveTick]] = field(default_factory=dict)
    since: list[float] = field(default_factory=list)

    async def jobs(self) -> list[Job]:
        return [Job("j", running=self.running)]

    async def use(self, job: str, work: Callable[[Controls], Awaitable[T]]) -> T:
        assert job == "j"
        return await work(cast("Controls", self))

    async def workers(self, since: float) -> list[WorkerNews]:
        return [
            WorkerNews(name, one.at, one.text()) for name, one in self.published if one.at >= since
        ]

    async def ticks(self, since: float) -> dict[str, list[Tick]]:
        self.since.append(since)
        return {
            worker: [Tick(tick.at, tick.text()) for tick in each if tick.at >= since]
            for worker, each in self.ticks_of.items()
        }

    async def close(self) -> None:
        pass

    def clock(self) -> float:
        return self.at
