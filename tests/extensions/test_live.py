"""The snapshot that a worker publishes, from parts that no crawl drives."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace
from typing import Any

import pytest

from crawlproj.errors import FrontierError
from crawlproj.extensions import live as module
from crawlproj.extensions.live import LivePublisher
from crawlproj.frontier.base import State, Totals
from crawlproj.frontier.commands import Command, Verb
from crawlproj.latency.recorder import LatencyRecorder
from crawlproj.limits.ending import Ending, Verdict
from crawlproj.limits.paused import PausedSites
from crawlproj.report.live import MAX_SITES, Live
from crawlproj.scheduling.site_config import ConcurrencyConfig
from crawlproj.scheduling.site_groups import SiteGroups
from crawlproj.scheduling.tally import Tally
from crawlproj.steering.standing import Standing
from tests.frontier.helpers import run


class Parts:
    """A crawl's parts, and a publisher that reads them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.recorder = LatencyRecorder(time.monotonic)
        self.tally = Tally()
        self.permits = ConcurrencyConfig().permits(SiteGroups("host"), 64)
        self.published: list[tuple[str, str]] = []
        self.fails = False
        self.failures = 0
        self.steering = SimpleNamespace(
            name="w1", standing=Standing(), publish=self.publish, waiting_at=lambda _: 2,
            given_up=lambda _: None, awaits_login=lambda _: False, crawl_delay_s=lambda _: 0.0,
        )  # fmt: skip
        self.scheduler: Any = SimpleNamespace(
            tally=self.tally, permits=self.permits, steering=self.steering, waiting=5, job="job",
            totals=Totals(100, 3, 40, {"dns": 2}, {"robots": 1}),
            config=SimpleNamespace(in_flight=64),
            opened=SimpleNamespace(generation=3, finished=False),
        )  # fmt: skip
        crawler: Any = SimpleNamespace(
            signals=SimpleNamespace(connect=lambda *_: None),
            engine=SimpleNamespace(downloader=SimpleNamespace(active={1, 2})),
            spider=SimpleNamespace(name="site"),
        )
        monkeypatch.setattr(module, "recorder_of", lambda _: self.recorder)
        self.publisher = LivePublisher(crawler)

    async def publish(self, document: str, tick: str) -> None:
        if self.fails:
            self.failures += 1
            raise FrontierError("the disk is full")
        self.published.append((document, tick))

    def fetch(self, site: str, *, times: int = 1, ttfb_s: float = 0.1, reason: str = "") -> None:
        for _ in range(times):
            self.recorder.record(site, {"ttfb": ttfb_s}, reason)
            if not reason:
                self.tally.add(site, State.DONE, "")

    def look(self) -> Live:
        return self.publisher.look(self.scheduler)[0]


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    return Parts(monkeypatch)


def test_a_snapshot_has_the_counts_of_the_job_and_of_the_run(parts: Parts) -> None:
    parts.look()
    parts.fetch("a.test", times=8)
    parts.fetch("a.test", times=2, reason="timeout")
    live = parts.look()
    assert (live.workers, live.job, live.spider, live.generation) == (("w1",), "job", "site", 3)
    assert (live.pending, live.leased, live.done, live.queued) == (100, 3, 40, 105)
    assert (live.failed, live.skipped, live.errors) == ({"dns": 2}, {"robots": 1}, {"timeout": 2})
    assert (live.in_flight, live.budget) == (2, 64)
    assert live.pages_per_s > 0
    (site,) = live.sites
    assert (site.site, site.done, site.errors, site.waiting) == ("a.test", 8, 2, 2)
    assert site.p50_s == site.p99_s == pytest.approx(0.1, rel=0.03)
    assert live.quantile(0.5) == pytest.approx(0.1, rel=0.03)


def test_latencies_are_those_of_the_last_seconds(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_OVER_S", 0.0)
    parts.fetch("a.test", times=50, ttfb_s=0.1)
    for _ in range(2):
        parts.look()
    parts.fetch("a.test", times=5, ttfb_s=2.0)
    assert parts.look().quantile(0.5) == pytest.approx(2.0, rel=0.03)


def test_of_many_sites_those_that_people_look_at_are_there(parts: Parts) -> None:
    for number in range(700):
        parts.fetch(f"{number}.test", times=1 + (number < 60))
    busy = parts.permits.take_free("699.test")
    assert busy is not None
    parts.permits.paused = PausedSites(lambda site: site == "650.test")
    assert "650.test" in parts.permits.paused
    pause = Command(Verb.PAUSE, {"site": "650.test"}, "ann", time.time())
    parts.steering.standing = Standing(pauses=[pause])
    live = parts.look()
    assert (len(live.sites), live.sites_known) == (MAX_SITES, 700)
    assert [site.site for site in live.sites[:2]] == ["699.test", "650.test"]
    assert live.sites[0].in_flight == 1
    assert live.sites[1].why.words == "paused by ann"
    assert all(site.done == 2 for site in live.sites[2:])
    assert len(live.text()) < 20_000


def test_a_site_that_asked_to_wait_is_there_although_nothing_of_it_was_done(parts: Parts) -> None:
    for number in range(60):
        parts.fetch(f"{number}.test")
    permit = parts.permits.take("slow.test")
    parts.permits.give_back(permit, Ending(Verdict.THROTTLED, retry_after_s=60.0))
    parts.permits.rest_until("idle.test", time.time() + 90)
    parts.steering.waiting_at = lambda site: 3 * (site == "slow.test")

    sites = {site.site: site for site in parts.look().sites}

    assert len(sites) == MAX_SITES
    assert sites["slow.test"].why.words == "429 with Retry-After 60"
    assert sites["slow.test"].waiting == 3
    assert "idle.test" not in sites


def test_a_pause_of_everything_is_said_once(parts: Parts) -> None:
    parts.steering.standing = Standing(pauses=[Command(Verb.PAUSE, {"site": "*"}, "ann", 1000.0)])
    parts.permits.paused = PausedSites(lambda _: True, everything=True)
    assert parts.look().held.startswith("paused by ann since ")


def test_a_site_at_its_limit_says_so(parts: Parts) -> None:
    for _ in range(3):
        permit = parts.permits.take_free("a.test")
        assert permit is not None
        parts.permits.give_back(permit, Ending(Verdict.OK, 0.1))
    while parts.permits.take_free("a.test") is not None:
        pass
    (site,) = parts.look().sites
    assert site.why.kind == "limit"
    assert site.in_flight == int((site.limit or 0) + 0.5)


def test_the_limit_stays_while_nothing_is_in_flight(parts: Parts) -> None:
    permit = parts.permits.take_free("a.test")
    assert permit is not None
    before = parts.publisher.look(parts.scheduler)[1].limit
    parts.permits.give_back(permit, Ending(Verdict.OK, 0.1))
    assert parts.publisher.look(parts.scheduler)[1].limit == before > 0


def test_a_tick_has_what_happened_since_the_last_one(parts: Parts) -> None:
    parts.look()
    parts.fetch("a.test", times=4)
    parts.fetch("a.test", times=2, reason="dns")
    tick = parts.publisher.look(parts.scheduler)[1]
    assert tick.done > 0
    assert tick.errors["dns"] == pytest.approx(tick.done / 2, rel=0.01)
    assert parts.publisher.look(parts.scheduler)[1].done == 0
    assert json.loads(tick.text())[0] == tick.done


def test_a_frontier_that_fails_again_and_again_ends_nothing_and_is_logged_once(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_EVERY_S", 0)

    async def watch() -> None:
        parts.fails = True
        task = asyncio.ensure_future(parts.publisher._run(parts.scheduler))
        while parts.failures < 5:
            await asyncio.sleep(0)
        parts.fails = False
        while not parts.published:
            await asyncio.sleep(0)
        task.cancel()

    run(watch())
    assert caplog.text.count("Nobody can watch this crawl: the disk is full") == 1


def test_a_failure_with_which_the_crawl_ends_is_not_logged_here_too(
    parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    async def watch() -> None:
        parts.fails = True
        task = asyncio.ensure_future(parts.publisher._run(parts.scheduler))
        while not parts.failures:
            await asyncio.sleep(0)
        task.cancel()

    run(watch())
    assert not caplog.messages
