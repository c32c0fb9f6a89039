"""Generations, resets and keys of a job that several workers share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from redis import Redis as Client

from crawlproj.errors import FrontierError
from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.redis.admin import RedisAdmin, jobs
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier
from tests import ROOT
from tests.frontier.helpers import LEASE_S, claim, entry, put, run, several

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.frontier.helpers import Now

DOCS = ROOT / "docs/how-to/run-a-fleet.md"


def test_a_key_that_one_worker_put_is_known_to_all(hire: Callable[[], RedisFrontier]) -> None:
    one, other = hire(), hire()
    assert put(one, entry(-7)) == 1
    assert put(other, entry(-7)) == 0


def test_a_reset_deletes_the_entries_unless_another_worker_is_alive(
    hire: Callable[[], RedisFrontier], redis: RedisConfig, now: Now
) -> None:
    one, other = hire(), RedisFrontier(redis, now)
    put(one, *several(30, each=20))
    opened = run(other.open("job", reset=True))
    assert (opened.generation, opened.resumed) == (1, True)
    run(other.close())
    run(one.close())
    opened = run(other.open("job", reset=True))
    assert (opened.generation, opened.resumed) == (2, False)
    assert run(other.totals()).discovered == 0
    run(other.close())
    with Client.from_url(redis.url) as client:
        left = list(client.keys("*}:1:*"))
    assert left == [], "the old generation takes no memory"


def test_a_job_that_is_not_kept_is_deleted_by_its_last_worker(redis: RedisConfig) -> None:
    one, other = (RedisFrontier(redis, keep=False) for _ in range(2))
    run(one.open("job"))
    run(other.open("job"))
    put(one, *several())
    run(one.close())
    assert put(other, *several()) == 0
    run(other.close())
    run(one.open("job"))
    assert run(one.totals()).discovered == 0
    run(one.close())


def test_joining_a_finished_generation_reports_it_as_finished(
    hire: Callable[[], RedisFrontier], redis: RedisConfig, now: Now
) -> None:
    one = hire()
    run(one.finish())
    late = RedisFrontier(redis, now, generation=1)
    assert run(late.open("job")).finished
    run(late.close())


def test_the_first_worker_begins_the_generation_that_all_are_to_join(
    redis: RedisConfig,
) -> None:
    one, other = (RedisFrontier(redis, generation=1) for _ in range(2))
    assert not run(one.open("job")).resumed
    assert run(other.open("job")).resumed
    run(one.finish())
    run(other.close())
    assert run(other.open("job")).finished
    for worker in (one, other):
        run(worker.close())


def test_writing_to_a_generation_that_was_reset_is_an_error(
    hire: Callable[[], RedisFrontier], redis: RedisConfig, now: Now
) -> None:
    one = hire()
    run(one.finish())
    other = RedisFrontier(redis, now)
    assert run(other.open("job")).generation == 2
    with pytest.raises(FrontierError, match="generation 1 was reset"):
        put(one, entry(1))
    with pytest.raises(FrontierError, match="is at generation 2, not 1"):
        run(RedisFrontier(redis, now, generation=1).open("job"))
    run(other.close())


def test_an_entry_put_after_the_end_makes_the_generation_unfinished(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    run(one.finish())
    put(other, entry(1))
    run(other.close())
    run(one.close())
    assert run(one.open("job")).resumed


def test_fifty_thousand_keys_are_deduplicated_and_stored_as_integers(
    hire: Callable[[], RedisFrontier], redis: RedisConfig
) -> None:
    worker = hire()
    step = (2**64 - 1) // 50_000
    keys = [-(2**63) + n * step for n in range(50_000)]
    for at in range(0, len(keys), 5000):
        batch = [entry(key, "big.test") for key in keys[at : at + 5000]]
        assert put(worker, *batch) == len(batch)
        assert put(worker, *batch) == 0
    assert put(worker, *(entry(key, "big.test") for key in keys[:5000])) == 0
    with Client.from_url(redis.url) as client:
        buckets = client.keys("*:seen:*")
        assert {client.object("encoding", bucket) for bucket in buckets} == {b"intset"}
        assert sum(client.scard(bucket) for bucket in buckets) == len(keys)


def test_the_admin_sees_the_workers_counts_and_can_fail_a_lease(
    hire: Callable[[], RedisFrontier], redis: RedisConfig
) -> None:
    worker = RedisFrontier(redis)
    run(worker.open("a {job}"))
    put(worker, *several(2))
    (lease,) = claim(worker, limit=1)

    async def look() -> None:
        admin = RedisAdmin(redis, "a {job}")
        try:
            assert await admin.generation() == 1
            assert (await admin.totals()).leased == 1
            assert {site: t.discovered for site, t in (await admin.sites()).items()} == {
                "0.test": 3,
                "1.test": 3,
            }
            assert not await admin.finished()
            assert await admin.fail(lease.id, "killed-worker")
            assert not await admin.fail(lease.id, "killed-worker")
            assert (await admin.totals()).failed == {"killed-worker": 1}
            assert await jobs(redis) == ["a {job}"]
        finally:
            await admin.close()

    run(look())
    run(worker.close())


@pytest.mark.slow
def test_a_user_with_the_documented_rights_can_do_everything(redis: RedisConfig) -> None:
    rights = re.search(r"ACL SETUSER crawler on >PASSWORD (.+)", DOCS.read_text())
    assert rights is not None
    with Client.from_url(redis.url) as client:
        client.execute_command("ACL", "SETUSER", "crawler", "on", ">a:word", *rights[1].split())
    worker = RedisFrontier(RedisConfig(redis.url.replace("//", "//crawler:a%3Aword@")))
    run(worker.open("job"))
    put(worker, *several())
    (lease,) = claim(worker, limit=1)
    run(worker.write([], [Ack(lease.id, State.DONE)]))
    run(worker.note({"0.test": "noted"}))
    assert run(worker.notes()) == {"0.test": "noted"}
    assert run(worker.skip_pending("max-pages")) == 11
    assert len(run(worker.sites())) == 4
    run(worker.finish())
    assert run(worker.open("job")).generation == 2
    run(worker.close())


@pytest.mark.parametrize("row", [b"", b"\0", b"\3\0" + bytes(8), b"\0\0" + bytes(8) + b"\xff"])
def test_a_corrupt_row_fails_alone(
    hire: Callable[[], RedisFrontier], client: Client, row: bytes
) -> None:
    one = hire()
    put(one, entry(1), entry(2), entry(3))
    (queue,) = client.keys("*:q:*")
    client.lset(queue, 1, row)  # type: ignore[arg-type]  # bytes are fine
    leases = claim(one, 10)
    assert [lease.entry.url != "" for lease in leases] == [True, False, True]
    run(one.write([], [Ack(lease.id, State.FAILED, "bad-payload") for lease in leases]))
    totals = run(one.totals())
    assert (totals.failed, totals.pending, totals.leased) == ({"bad-payload": 3}, 0, 0)


def test_a_dead_workers_leases_and_sites_do_not_wait_until_a_clock_that_was_set_back_catches_up(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    dead, other = hire(), hire()
    put(dead, entry(1), entry(2))
    assert len(claim(dead, 1)) == 1
    now.time -= 600
    for _ in range(2):
        run(other.renew([], lease_s=LEASE_S))
        assert run(other.reap()) == 0, "they have the time of a lease from now on"
        now.time += LEASE_S - 1
    now.time += 2
    run(other.renew([], lease_s=LEASE_S))
    assert run(other.reap()) == 1
    assert len(claim(other)) == 2


def test_workers_with_different_lease_times_do_not_shorten_each_others_leases(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    patient, hasty = hire(), hire()
    put(patient, entry(1))
    (lease,) = claim(patient)
    now.time += LEASE_S - 2
    run(hasty.renew([], lease_s=1.0))
    run(hasty.reap())
    now.time += 1.5
    run(hasty.renew([], lease_s=1.0))
    assert run(hasty.reap()) == 0
    assert run(patient.renew([lease.id], lease_s=LEASE_S)) == set()
