"""Sets up a crawl for the chaos tests: demo web, Redis behind a proxy, store and crew."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.chaos import oracle
from tests.chaos.crew import Crew
from tests.servers import Proxy, Redis, need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT_ONCE = 4  # maximum requests in flight at a site
IN_FLIGHT = 16  # maximum requests in flight at a worker
_DELAY_S = 0.4
_FULL = 4  # sites without a delay
_LATE_S = 0.2  # how late a request may arrive on a busy machine
_LONG, _SHORT = 2000, 240  # pages

both = pytest.mark.parametrize(
    "long",
    [
        pytest.param(False, marks=pytest.mark.slow, id="short"),
        pytest.param(True, marks=pytest.mark.chaos, id="long"),
    ],
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers and workers of a test. aof: the folder of Redis's append-only file."""

    web: DemoWeb
    redis: Redis
    aof: Path
    proxy: Proxy
    crew: Crew

    def judge(self, within_s: float) -> None:
        """Let the crawl finish, and assert the invariants I1 to I5."""
        counts = self.crew.finish(within_s)
        oracle.judge(self.web, self.crew.stored, counts, self.crew.faults)
        oracle.assert_limits_held(
            self.web,
            self.crew.faults,
            at_once=AT_ONCE,
            delays={"delayed": _DELAY_S, "asked": _DELAY_S},
            tolerance_s=_LATE_S,
        )


@contextmanager
def stage(
    folder: Path,
    *,
    long: bool,
    seconds: float,
    lease_s: float = 10.0,
    seed: int = 0,
    store_url: str = "",
    more: tuple[SiteSpec, ...] = (),
) -> Iterator[Stage]:
    """Start everything except the crew's workers.

    long: 3 workers and 2,000 pages; otherwise 2 and 240.
    seconds: minimum duration of the crawl. more: additional sites.
    lease_s: short for tests that wait until leases expire, long for those in which none may.
    """
    need(Redis.missing())
    specs = (*_specs(_LONG if long else _SHORT, seconds), *more)
    (folder / "redis").mkdir()
    with ExitStack() as stack:
        web = stack.enter_context(
            DemoWeb(specs, folder / "access.log", answers=folder / "answers.log")
        )
        redis = stack.enter_context(Redis(folder / "redis"))
        proxy = stack.enter_context(Proxy(redis.url()))
        host = urlsplit(web.url("delayed")).hostname
        crew = stack.enter_context(
            Crew(
                folder,
                web,
                redis.url(),
                size=3 if long else 2,
                frontier_url=proxy.url(),
                store_url=store_url,
                settings={
                    "CONCURRENT_REQUESTS": IN_FLIGHT,
                    "CONCURRENCY_MAX_PER_SITE": AT_ONCE,
                    "CONCURRENCY_START": AT_ONCE,
                    "CONCURRENCY_SITES": json.dumps({host: {"delay": _DELAY_S}}),
                    "FRONTIER_LEASE_TIME": lease_s,
                    "RETRY_TIMES": 1,
                },
                seed=seed,
            )
        )
        yield Stage(web, redis, folder / "redis/appendonlydir", proxy, crew)


def _specs(pages: int, seconds: float) -> list[SiteSpec]:
    """Return sites with ``pages`` pages in total that keep a crawl busy for ``seconds``."""
    slow = round(seconds / _DELAY_S)
    failing = pages // 20
    full = (pages - 2 * slow - failing) // _FULL
    latency_s = 0.7 * AT_ONCE * seconds / full
    return [
        *(SiteSpec(f"full{n}", pages=full, latency_s=latency_s) for n in range(_FULL)),
        SiteSpec("delayed", pages=slow),
        SiteSpec("asked", pages=slow, crawl_delay_s=_DELAY_S),
        SiteSpec("failing", "failing", pages=failing),
    ]
