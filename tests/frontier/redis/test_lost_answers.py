"""Claims whose answers are lost on the way: no lease and no report of a site is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.redis.server import RedisServer
from tests.frontier.helpers import LEASE_S, claim, entry, put, run, several

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawlproj.frontier.redis.frontier import RedisFrontier
    from tests.frontier.helpers import Now


class Lossy:
    """Loses the answers to the next ``left`` claims, and records what was sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 0
        self.sent: list[tuple[str, tuple[Any, ...]]] = []
        evaluate = RedisServer.evaluate

        async def lossy(server: RedisServer, script: str, *args: Any) -> Any:
            self.sent.append((script, args))
            answer = await evaluate(server, script, *args)
            if script == "claim" and self.left:
                self.left -= 1
                raise ConnectionError("cut")
            return answer

        monkeypatch.setattr(RedisServer, "evaluate", lossy)


@pytest.fixture
def lossy(monkeypatch: pytest.MonkeyPatch) -> Lossy:
    return Lossy(monkeypatch)


def test_a_claim_whose_answer_is_lost_loses_no_entry(
    hire: Callable[[], RedisFrontier], lossy: Lossy
) -> None:
    worker = hire()
    put(worker, *several(2, each=5))
    lossy.left = 1
    first = claim(worker, limit=4)
    rest = claim(worker)
    assert not lossy.left
    assert len({lease.entry.key for lease in [*first, *rest]}) == 10
    assert {lease.attempts for lease in [*first, *rest]} == {0}
    acks = [Ack(lease.id, State.DONE) for lease in [*first, *rest]]
    assert run(worker.write([], acks)).stale == 0
    assert run(worker.totals()).done == 10


def test_a_repeated_claim_sends_no_more_however_many_answers_are_lost(
    hire: Callable[[], RedisFrontier], lossy: Lossy
) -> None:
    worker = hire()
    put(worker, *several(1, each=8))
    lossy.left = 4
    lossy.sent.clear()
    leases = claim(worker, limit=3)
    assert [script for script, _ in lossy.sent] == ["claim"] * 5
    assert len({len(args) for _, args in lossy.sent}) == 1
    assert [lease.entry.key for lease in leases] == [1, 2, 3], "they are in order again"
    assert (run(worker.totals()).leased, run(worker.totals()).pending) == (3, 5)


def test_a_claim_that_arrives_after_its_repetition_leases_nothing(
    hire: Callable[[], RedisFrontier], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = hire()
    put(worker, *several(1, each=8))
    evaluate = RedisServer.evaluate
    late: list[Any] = []

    async def hold_the_first(server: RedisServer, script: str, *args: Any) -> Any:
        if script == "claim" and not late:
            late.append(evaluate(server, script, *args))
            raise ConnectionError("cut")
        return await evaluate(server, script, *args)

    monkeypatch.setattr(RedisServer, "evaluate", hold_the_first)
    leases = claim(worker, limit=3)
    found, *_ = run(late[0])
    assert found == []
    assert run(worker.renew([lease.id for lease in leases], lease_s=LEASE_S)) == set()
    assert run(worker.totals()).leased == 3


def test_received_leases_stay_valid_when_the_next_claim_is_lost(
    hire: Callable[[], RedisFrontier], lossy: Lossy
) -> None:
    worker = hire()
    put(worker, *several(1, each=8))
    first = claim(worker, limit=3)
    lossy.left = 2
    rest = claim(worker)
    assert [lease.entry.key for lease in [*first, *rest]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert run(worker.renew([lease.id for lease in first], lease_s=LEASE_S)) == set()


def test_a_ceded_site_is_reported_until_its_new_worker_receives_the_answer(
    hire: Callable[[], RedisFrontier], now: Now, lossy: Lossy
) -> None:
    one, heir = hire(), hire()
    put(one, *several(1))
    (lease,) = claim(one, limit=1)
    assert claim(heir) == []
    run(one.write([], [Ack(lease.id, State.PENDING, count_attempt=False)]))
    assert run(one.cede({"0.test": now.time + 5})) == {"0.test"}
    lossy.left = 2
    claim(heir)
    assert heir.take_news().gained == {"0.test": now.time + 5}
    claim(heir)
    assert heir.take_news().gained == {}


def test_a_dead_workers_site_is_reported_until_its_new_worker_receives_the_answer(
    hire: Callable[[], RedisFrontier], now: Now, lossy: Lossy
) -> None:
    dead, heir = hire(), hire()
    put(dead, *several(1))
    claim(dead, limit=2)
    now.time += LEASE_S + 1
    run(heir.reap())
    lossy.left = 2
    assert len(claim(heir)) == 3
    assert heir.take_news().gained == {"0.test": None}
    claim(heir)
    assert heir.take_news().gained == {}


def test_lease_numbers_wrap_around_within_the_workers_own_range(
    hire: Callable[[], RedisFrontier],
) -> None:
    worker = hire()
    worker._number = worker._heard = 2**32 - 2
    put(worker, *several(1, each=5))
    leases = claim(worker)
    assert {lease.id >> 32 for lease in leases} == {worker.owner}
    assert run(worker.renew([lease.id for lease in leases], lease_s=LEASE_S)) == set()
    acks = [Ack(lease.id, State.DONE) for lease in leases]
    assert run(worker.write([], acks)).stale == 0


def test_each_claim_that_finds_nothing_uses_one_number(hire: Callable[[], RedisFrontier]) -> None:
    worker = hire()
    for _ in range(10):
        assert claim(worker) == []
    put(worker, entry(1))
    (lease,) = claim(worker)
    assert lease.id & 0xFFFFFFFF == 10
