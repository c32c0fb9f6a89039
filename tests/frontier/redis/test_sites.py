"""How workers share sites: ownership, ceding, and what happens to a dead worker's sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.redis.admin import RedisAdmin
from crawlproj.frontier.redis.frontier import RedisFrontier
from tests.frontier.helpers import LEASE_S, claim, entry, put, run, several

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.frontier.base import Lease
    from crawlproj.frontier.redis.connection import RedisConfig
    from tests.frontier.helpers import Now


def sites_of(leases: list[Lease]) -> set[str]:
    return {lease.entry.site for lease in leases}


def test_a_site_belongs_to_the_worker_that_claimed_from_it_first(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    put(one, *several(1, each=5))
    (first,) = claim(one, limit=1)
    assert claim(other) == []
    run(one.write([], [Ack(first.id, State.DONE)]))
    assert claim(other) == []
    assert len(claim(one)) == 4


def test_workers_that_start_together_share_the_sites(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    put(one, *several(4))
    assert len(sites_of(claim(one))) == 2
    assert len(sites_of(claim(other))) == 1, "half of the sites that are left"


def test_a_worker_above_its_share_has_a_surplus_while_another_finds_nothing(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    one, other = hire(), hire()
    run(other.close())
    put(one, *several(4))
    assert len(sites_of(claim(one, limit=1))) == 1
    claim(one, limit=100, per_site=1)
    run(other.open("job"))
    assert claim(other) == []
    run(one.renew([], lease_s=LEASE_S))
    assert one.take_news().surplus == 2


def test_a_ceded_site_can_be_claimed_by_its_new_worker_once_its_rest_ends(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    one, other = hire(), hire()
    put(one, *several(1))
    (lease,) = claim(one, limit=1)
    assert run(one.spare(9)) == []
    assert claim(other) == []
    run(one.write([], [Ack(lease.id, State.PENDING, count_attempt=False)]))
    assert run(one.spare(9)) == ["0.test"]
    assert run(one.cede({"0.test": now.time + 5})) == {"0.test"}
    assert claim(one) == []
    assert claim(other) == []
    assert other.take_news().gained == {"0.test": now.time + 5}
    now.time += 5
    assert len(claim(other)) == 3


def test_a_lease_of_a_ceded_site_stays_valid_and_its_requeue_goes_to_the_new_worker(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, heir = hire(), hire()
    put(one, *several(1))
    parsing, unsent = claim(one, limit=2)
    assert claim(heir) == []
    assert run(one.cede({"0.test": 0.0})) == {"0.test"}
    assert run(one.renew([parsing.id, unsent.id], lease_s=LEASE_S)) == set()
    assert len(claim(heir)) == 1
    done, back = Ack(parsing.id, State.DONE), Ack(unsent.id, State.PENDING, count_attempt=False)
    assert run(one.write([entry(9, "0.test", 0)], [done, back])).stale == 0
    assert claim(one) == []
    assert [lease.entry.key for lease in claim(heir)] == [unsent.entry.key, 9]


def test_a_site_that_came_back_can_be_ceded_again_despite_an_old_lease(
    hire: Callable[[], RedisFrontier],
) -> None:
    one, other = hire(), hire()
    put(one, *several(1))
    (old,) = claim(one, limit=1)
    claim(other)
    run(one.cede({"0.test": 0.0}))
    (lease,) = claim(other, limit=1)
    run(other.write([], [Ack(lease.id, State.PENDING, count_attempt=False)]))
    assert claim(one) == []
    assert run(other.cede({"0.test": 0.0})) == {"0.test"}
    assert len(claim(one, limit=1)) == 1
    run(one.write([], [Ack(old.id, State.DONE)]))
    assert claim(other) == []
    assert run(one.cede({"0.test": 0.0})) == {"0.test"}
    assert len(claim(other)) == 1


def test_no_site_is_ceded_while_no_worker_wants_one(hire: Callable[[], RedisFrontier]) -> None:
    one, _ = hire(), hire()
    put(one, *several(1))
    (lease,) = claim(one, limit=1)
    run(one.write([], [Ack(lease.id, State.DONE)]))
    assert run(one.cede({"0.test": 0.0})) == set()


def test_a_new_site_is_not_reported_as_gained(hire: Callable[[], RedisFrontier]) -> None:
    worker = hire()
    put(worker, entry(1))
    claim(worker)
    assert worker.take_news().gained == {}


def test_the_rest_of_a_site_is_passed_on_to_its_next_worker(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    one, other = hire(), hire()
    put(one, *several(1))
    claim(one, limit=1)
    claim(one, resting={"0.test": now.time + 20})
    run(one.close())
    assert claim(other) == []
    now.time += 20
    assert len(claim(other)) == 3


def test_the_sites_of_a_dead_worker_are_taken_over_when_its_leases_expire(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    dead, heir = hire(), hire()
    put(dead, *several(1))
    claim(dead, limit=2)
    now.time += LEASE_S + 1
    assert claim(heir) == []
    assert run(heir.reap()) == 2
    leases = claim(heir)
    assert sorted(lease.attempts for lease in leases) == [0, 1, 1]
    assert heir.take_news().gained == {"0.test": None}, "its last request is unknown"


def test_a_worker_known_to_be_dead_is_removed_at_once(
    hire: Callable[[], RedisFrontier], redis: RedisConfig
) -> None:
    # Both use the server's clock, because the admin does.
    dead, heir = (RedisFrontier(redis) for _ in range(2))
    run(dead.open("job"))
    run(heir.open("job"))
    put(dead, *several(1))
    claim(dead)

    async def remove() -> int:
        admin = RedisAdmin(redis, "job")
        try:
            return await admin.give_up(dead.owner)
        finally:
            await admin.close()

    assert run(remove()) == 3
    assert len(claim(heir)) == 3
    run(dead.close())
    assert run(heir.totals()).leased == 3, "closing the dead worker changes nothing"
    run(heir.close())


def test_a_worker_wrongly_taken_for_dead_continues_as_a_new_worker(
    hire: Callable[[], RedisFrontier], now: Now
) -> None:
    stalled, heir = hire(), hire()
    put(stalled, *several(1))
    (lease,) = claim(stalled, limit=1)
    now.time += LEASE_S + 1
    run(heir.reap())
    assert len(claim(heir)) == 3
    assert run(stalled.renew([lease.id], lease_s=LEASE_S)) == {lease.id}
    assert run(stalled.write([], [Ack(lease.id, State.FAILED, "timeout")])).stale == 1
    assert claim(stalled) == []
    put(stalled, entry(99, "new.test"))
    assert len(claim(stalled)) == 1


def test_closing_a_worker_returns_only_its_own_leases(hire: Callable[[], RedisFrontier]) -> None:
    one, other = hire(), hire()
    put(one, *several(2))
    claim(one, limit=1)
    claim(other, limit=1)
    run(one.close())
    assert run(other.renew([], lease_s=LEASE_S)) == set()
    assert run(other.totals()).leased == 1
