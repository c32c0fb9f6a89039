"""Keys of a job that somebody, or the server, deletes while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, State
from tests.frontier.helpers import LEASE_S, claim, entry, put, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis as Client

    from crawlproj.frontier.redis.frontier import RedisFrontier
    from tests.frontier.helpers import Now

LATER = 500.0  # seconds


def crawl(worker: RedisFrontier, now: Now) -> int:
    """Fetch everything in time; returns how many entries were claimed."""
    claimed = 0
    for _ in range(4):
        now.time += LATER
        run(worker.reap())
        while leases := claim(worker):
            claimed += len(leases)
            run(worker.write([], [Ack(lease.id, State.DONE) for lease in leases]))
    return claimed


def several_in_each_state(worker: RedisFrontier, now: Now) -> None:
    put(worker, *(entry(n, f"{n % 2}.test") for n in range(20)))
    put(worker, entry(99, "0.test", not_before=now() + LATER / 2))
    assert len(claim(worker, 4, per_site=2)) == 4


@pytest.mark.parametrize("name", ["q:*", "count", "lease", "ldata", "delayed", "ddata"])
def test_a_job_whose_entries_were_deleted_ends_with_an_error_instead_of_waiting_for_ever(
    hire: Callable[[], RedisFrontier], now: Now, client: Client, name: str
) -> None:
    worker = hire()
    several_in_each_state(worker, now)
    run(worker.renew([], lease_s=LEASE_S))
    client.delete(*client.keys(f"crawlproj:{{job}}:1:{name}"))
    with pytest.raises(FrontierError, match=r"keys .* deleted.*FRONTIER_RESET"):
        crawl(worker, now)


@pytest.mark.parametrize("name", ["own", "owners", "n:*", "last", "sites", "seen:*"])
def test_keys_that_only_divide_the_work_may_be_lost(
    hire: Callable[[], RedisFrontier], now: Now, client: Client, name: str
) -> None:
    worker = hire()
    several_in_each_state(worker, now)
    client.delete(*client.keys(f"crawlproj:{{job}}:1:{name}"))
    assert crawl(worker, now) == 21


def test_two_workers_that_wait_for_each_other_are_not_taken_for_a_damaged_job(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    first, second = hire(), hire()
    put(first, entry(1), entry(2))
    (lease,) = claim(first, 1, per_site=1)
    assert claim(second) == []
    run(first.write([], [Ack(lease.id, State.DONE)]))
    assert claim(second) == []
    assert len(claim(first)) == 1
