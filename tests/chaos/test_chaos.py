"""A crawl loses nothing when workers, Redis, the network or the database fail."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from crawlproj.demo import SiteSpec
from tests.chaos import oracle
from tests.chaos.oracle import Fault
from tests.chaos.stage import IN_FLIGHT, both, stage
from tests.servers import Postgres, need

if TYPE_CHECKING:
    from tests.chaos.stage import Stage

_MB = 1 << 20
_MAX_GROWTH = 40 * _MB  # of a worker that waits
_MAX_UNACKED = 3 * IN_FLIGHT  # requests of one worker that are handed out but not acked
_MAX_RECONNECT_S = 2.5  # until a worker notices that Redis is back
_MAX_SILENT_S = 5.0  # until a worker takes a connection for lost
_LATE_S = 1.0  # on a busy machine
_TAKEN_OVER_WITHIN_S = 15.0  # the sites of a stopped worker, once its leases have expired


@both
def test_killing_workers_loses_nothing(tmp_path: Path, *, long: bool) -> None:
    seed, kills, lease_s = 4, 20 if long else 4, 3.0
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    with stage(tmp_path, long=long, seconds=30 if long else 4, lease_s=lease_s, seed=seed) as on:
        on.crew.start()
        on.crew.until_all_work()
        for kill in range(kills):
            victim = dice.choice(on.crew.alive)
            on.crew.kill(victim)
            if kill % 2:  # otherwise its leases must expire
                on.crew.give_up(victim)
            on.crew.tend(dice.uniform(0.2, 2.0 if long else 1.0))
        on.judge(90)
        assert oracle.fetched_again(on.web) <= kills * _MAX_UNACKED


@both
def test_a_redis_that_loses_its_last_second_loses_no_page(tmp_path: Path, *, long: bool) -> None:
    seed, lease_s = 5, 3.0
    dice = random.Random(seed)  # noqa: S311
    with stage(tmp_path, long=long, seconds=30 if long else 4, lease_s=lease_s, seed=seed) as on:
        on.crew.start()
        on.crew.until_all_work()
        for away_s in (1.0, 10.0, 0.2, 2.0) if long else (1.0,):
            on.crew.tend(dice.uniform(0.5, 2.0))
            (aof,) = on.aof.glob("*.incr.aof")
            synced, since = aof.stat().st_size, time.time()
            on.crew.tend(1.0)
            on.redis.stop(signal.SIGKILL)
            # The kernel's buffers survive the process; truncating simulates a power cut.
            with aof.open("r+b") as file:
                file.truncate(synced)
            _nothing_piles_up(on, away_s)
            on.redis.start()
            on.crew.faults.append(Fault(since, time.time() + _MAX_RECONNECT_S, loses_owners=True))
        on.judge(90)


@both
def test_a_worker_suspended_past_its_lease_changes_nothing_when_it_wakes_up(
    tmp_path: Path, *, long: bool
) -> None:
    seed, lease_s = 6, 2.5
    dice = random.Random(seed)  # noqa: S311
    with stage(tmp_path, long=long, seconds=30 if long else 4, lease_s=lease_s, seed=seed) as on:
        on.crew.start()
        stopped = []
        for _ in range(4 if long else 1):
            on.crew.until_all_work()
            victim = dice.choice(on.crew.alive)
            while not on.crew.stop(victim):
                on.crew.go_on(victim)
                on.crew.until_all_work()
            since = time.time()
            on.crew.tend(lease_s + 1.5)
            expired = since + lease_s
            while not oracle.started(on.web, expired, time.time()):
                assert time.time() < expired + _TAKEN_OVER_WITHIN_S, "no other worker took over"
                on.crew.tend(0.1)
            on.crew.faults.append(Fault(since, time.time()))
            on.crew.go_on(victim)  # and sends nothing on the leases that it lost
            stopped.append(victim)
            on.crew.tend(1.0)
        on.judge(90)
        for worker in stopped:
            log = worker.log()
            assert "leases were lost" in log or "stale_acks" in log


@pytest.mark.slow
def test_a_worker_cut_off_from_redis_ends_its_requests_when_their_leases_expire(
    tmp_path: Path,
) -> None:
    lease_s = 2.5
    hanging = SiteSpec("hanging", pages=5, latency_s=60.0)
    with stage(tmp_path, long=False, seconds=4, lease_s=lease_s, more=(hanging,)) as on:
        on.crew.start()
        while not oracle.arrived(on.web, "hanging"):
            on.crew.tend(0.1)
        assert not oracle.abandoned(on.web, "hanging"), "its lease is renewed"
        cut_at = time.time()
        on.proxy.refuse()
        on.proxy.cut()
        on.crew.tend(lease_s + _LATE_S)
        asked, ended = (of(on.web, "hanging") for of in (oracle.arrived, oracle.abandoned))
        assert len(asked) == len(ended)
        assert cut_at < min(ended)
        assert max(ended) < cut_at + lease_s + _LATE_S
        on.proxy.accept()
        until = time.time() + _TAKEN_OVER_WITHIN_S
        while len(oracle.arrived(on.web, "hanging")) == len(asked):
            assert time.time() < until, "no worker requested the page again"
            on.crew.tend(0.1)


@both
def test_network_faults_to_redis_lose_nothing(tmp_path: Path, *, long: bool) -> None:
    seed, lease_s = 7, 4.0
    dice = random.Random(seed)  # noqa: S311
    with stage(tmp_path, long=long, seconds=40 if long else 4, lease_s=lease_s, seed=seed) as on:
        on.crew.start()
        on.crew.until_all_work()
        does = ["cut", "swallow", "refuse", "delay"] * (6 if long else 1)
        dice.shuffle(does)
        for what in does:
            match what:
                case "delay":
                    on.proxy.delay_s = dice.uniform(0.005, 0.05)
                case "cut":
                    on.proxy.cut()
                case "swallow":
                    on.proxy.swallow(3)
                case _:
                    since = time.time()
                    on.proxy.refuse()
                    on.proxy.cut()
                    on.crew.tend(dice.uniform(2.0, 3.0))
                    on.proxy.accept()
                    on.crew.faults.append(Fault(since, time.time() + _MAX_RECONNECT_S))
            on.crew.tend(dice.uniform(0.2, 1.0))
        on.judge(90)


@both
def test_a_redis_whose_answers_never_arrive_loses_nothing(tmp_path: Path, *, long: bool) -> None:
    with stage(tmp_path, long=long, seconds=30 if long else 4, lease_s=4.0, seed=8) as on:
        on.crew.start()
        on.crew.until_all_work()
        since = time.time()
        on.proxy.delay_s = 600.0  # nothing is refused or closed
        _nothing_piles_up(on, 30 if long else 8)
        on.proxy.delay_s = 0.0
        on.crew.faults.append(Fault(since, time.time() + _MAX_SILENT_S + _MAX_RECONNECT_S))
        on.judge(90)


@both
def test_a_database_outage_loses_nothing(tmp_path: Path, *, long: bool) -> None:
    need(Postgres.missing())
    with (
        # pytest's folders may be closed to the database's own user.
        TemporaryDirectory() as folder,
        Postgres(Path(folder)) as database,
        stage(tmp_path, long=long, seconds=12 if long else 4, store_url=database.url()) as on,
    ):
        on.crew.start()
        on.crew.until_all_work()
        on.crew.tend(0.5)
        since = time.time()
        database.stop(signal.SIGKILL)
        _nothing_piles_up(on, 20 if long else 3)
        assert oracle.fetched_again(on.web) == 0, "leases must be renewed during the outage"
        victim = on.crew.alive[0]  # only it has the pages that wait for the database
        on.crew.kill(victim)
        on.crew.give_up(victim)
        on.crew.faults.append(Fault(since, time.time()))
        database.start()
        if long:
            on.crew.until_all_work()
            database.stop(signal.SIGINT)  # a fast shutdown, which cuts its connections
            on.crew.tend(1.0)
            database.start()
        on.judge(90)
        assert 0 < oracle.fetched_again(on.web) <= _MAX_UNACKED


@both
def test_workers_drain_on_sigterm_and_a_new_crew_finishes_the_crawl(
    tmp_path: Path, *, long: bool
) -> None:
    endless = SiteSpec("endless", pages=5, sitemap_only=0, latency_s=9.5)
    with stage(
        tmp_path, long=long, seconds=8 if long else 3, more=(endless,) if long else ()
    ) as on:
        on.crew.start()
        on.crew.until_all_work()
        on.crew.terminate(10)
        counts = on.crew.counts()
        assert (counts.leased, counts.owners) == (0, 0)
        assert counts.pending > 0
        on.crew.start()
        on.judge(90)


def _nothing_piles_up(on: Stage, away_s: float) -> None:
    """Assert I6 during an outage of ``away_s``: workers start few requests and grow little."""
    since = time.time()
    on.crew.tend(away_s)
    until = time.time()
    assert oracle.started(on.web, since, until) <= on.crew.size * _MAX_UNACKED
    assert on.crew.growth(since, until) <= _MAX_GROWTH
