"""A job is read at most once a second, and its ticks only once, however many look."""

from __future__ import annotations

import asyncio

import pytest

from crawlproj.frontier.base import Totals
from crawlproj.frontier.job_status import JobStatus
from crawlproj.report.why import Why
from crawlproj.serve.cached import Cached
from crawlproj.serve.dashboard.view import Views
from tests.frontier.helpers import run
from tests.serve.dashboard.snapshots import FakeCrawls, live, site, ticks


async def no_status() -> list[JobStatus]:
    return []


def views(crawls: FakeCrawls) -> Views:
    return Views(crawls, Cached(no_status, 2.0, crawls.clock), crawls.clock)


def test_all_who_look_within_a_second_share_one_reading() -> None:
    crawls = FakeCrawls(published=[("w", live())], ticks_of={"w": ticks(5, done=2.0)})

    async def look() -> None:
        of = views(crawls)
        seen = await asyncio.gather(*(of.of() for _ in range(5)))
        assert len(crawls.since) == 1
        assert all(one.live is seen[0].live for one in seen)
        crawls.at += 1
        await of.of()
        assert len(crawls.since) == 2

    run(look())


def test_ticks_are_read_once_and_kept_for_ten_minutes() -> None:
    crawls = FakeCrawls(published=[("w", live())], ticks_of={"w": ticks(600, done=2.0)})

    async def look() -> None:
        of = views(crawls)
        assert len((await of.of()).ticks) == 600
        crawls.at += 300
        crawls.ticks_of["w"] = [*crawls.ticks_of["w"], *ticks(300, until=1300.0, done=3.0)]
        found = (await of.of()).ticks
        assert crawls.since[1] > 990  # only what is new
        assert [found[0].at, found[-1].at] == [700, 1300]
        assert [found[0].done, found[-1].done] == [2.0, 3.0]

    run(look())


def test_a_tick_that_one_worker_publishes_late_is_added_to_the_others() -> None:
    crawls = FakeCrawls(ticks_of={"a": ticks(5, done=2.0)})

    async def look() -> None:
        of = views(crawls)
        assert (await of.of()).ticks[-1].done == 2
        crawls.at += 1
        crawls.ticks_of["b"] = ticks(5, done=1.0)
        assert (await of.of()).ticks[-1].done == 3

    run(look())


@pytest.mark.parametrize(("running", "heard_s"), [(True, 60), (False, 10)])
def test_what_a_worker_said_last_is_kept_longer_while_the_crawl_runs(
    running: bool, heard_s: float
) -> None:
    crawls = FakeCrawls(published=[("w", live())], running=running)

    async def look() -> None:
        of = views(crawls)
        crawls.at += heard_s
        assert (await of.of()).silent_s == heard_s
        crawls.at += 2
        assert (await of.of()).live is None

    run(look())


def test_a_site_whose_urls_are_all_in_the_frontier_says_so() -> None:
    """A worker knows only of those that it has claimed."""
    nothing = Why("nothing-waits", "none of its URLs waits here")
    limited = Why("limit", "limited to 4 in flight by latency")
    sites = (site("more.test", nothing), site("done.test", nothing), site("busy.test", limited))
    crawls = FakeCrawls(published=[("w", live(sites=sites))])
    totals = {"more.test": Totals(pending=3), "done.test": Totals(done=3), "busy.test": Totals(9)}

    async def status() -> list[JobStatus]:
        return [JobStatus("j", 1, False, Totals(), totals)]

    async def look() -> None:
        seen = await Views(crawls, Cached(status, 2.0, crawls.clock), crawls.clock).of()
        assert seen.live is not None
        kinds = {one.site: one.why.kind for one in seen.live.sites}
        assert kinds == {
            "more.test": "claiming",
            "done.test": "nothing-waits",
            "busy.test": "limit",
        }

    run(look())
