"""Start URLs on a real server are taken in order, and delivered at least once if workers die."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from crawlproj.errors import ConfigError
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.scrapy_redis.start_urls import ALIVE_S, Kind, StartUrls
from tests.frontier.helpers import run
from tests.properties import examples
from tests.servers import Proxy, Redis

if TYPE_CHECKING:
    from redis import Redis as Client

KEY = "spider:start_urls"
EVERY_KIND = pytest.mark.parametrize("kind", list(Kind))


class Worker(StartUrls):
    """A worker that reads KEY."""

    def __init__(self, client: Client, kind: Kind, url: str = "") -> None:
        at = client.connection_pool.connection_kwargs
        super().__init__(RedisConfig(url or f"redis://{at['host']}:{at['port']}/0"), KEY, kind)

    def takes(self, limit: int = 100) -> list[bytes]:
        return [datum for _, datum in run(self.take(limit))]

    def dies(self, client: Client) -> None:
        """End its heartbeat, and leave everything else as it is."""
        client.delete(f"{KEY}:alive:{self.worker}")


def push(client: Client, kind: Kind, *data: str) -> None:
    """Push ``data``; in a sorted set the first gets the highest score."""
    for score, datum in enumerate(reversed(data)):
        if kind is Kind.ZSET:
            client.zadd(KEY, {datum: score})
        elif kind is Kind.SET:
            client.sadd(KEY, datum)
        else:
            client.lpush(KEY, datum)


def left(client: Client, kind: Kind) -> list[bytes]:
    """Return the data in KEY, in the order in which they would be taken."""
    found: Any
    if kind is Kind.SET:
        members: Any = client.smembers(KEY)
        found = sorted(members)
    elif kind is Kind.ZSET:
        found = client.zrange(KEY, 0, -1, desc=True)
    else:
        found = client.lrange(KEY, 0, -1)
    return list(found)


@EVERY_KIND
def test_start_urls_are_taken_in_the_order_of_scrapy_redis(client: Client, kind: Kind) -> None:
    push(client, kind, "a", "b", "c")
    worker = Worker(client, kind)
    first, rest = worker.takes(2), worker.takes(2)
    assert sorted(first + rest) == [b"a", b"b", b"c"]
    assert (len(first), len(rest), worker.takes()) == (2, 1, [])
    if kind is not Kind.SET:
        assert first + rest == [b"a", b"b", b"c"]


@EVERY_KIND
def test_a_dead_workers_start_urls_go_back_to_the_front(client: Client, kind: Kind) -> None:
    push(client, kind, "a", "b", "c", "d", "e")
    dead, other = Worker(client, kind), Worker(client, kind)
    (number, done), *_ = run(dead.take(3))
    run(dead.finish([number]))
    assert run(other.keep_alive()) == 0  # the worker is still alive
    assert run(other.others_hold())
    dead.dies(client)
    assert run(other.keep_alive()) == 2
    assert sorted([done, *left(client, kind)]) == [b"a", b"b", b"c", b"d", b"e"]
    if kind is not Kind.SET:
        assert left(client, kind) == [b"b", b"c", b"d", b"e"]
    assert not run(other.others_hold())
    assert sorted(client.keys("*")) == [KEY.encode(), f"{KEY}:alive:{other.worker}".encode()]


def test_a_heartbeat_always_expires_by_itself(client: Client) -> None:
    worker = Worker(client, Kind.LIST)
    for give in (worker.take(1), worker.keep_alive()):
        run(give)
        assert 0 < client.pttl(f"{KEY}:alive:{worker.worker}") <= 1000 * ALIVE_S
        assert ALIVE_S * 4 / 3 <= 20, "a dead worker is noticed within 20 s, the guide says"
        worker.dies(client)


def test_a_stalled_worker_that_returns_deletes_no_other_workers_start_urls(client: Client) -> None:
    push(client, Kind.LIST, "a", "b")
    stalled, other = Worker(client, Kind.LIST), Worker(client, Kind.LIST)
    had = run(stalled.take(2))
    stalled.dies(client)
    run(other.keep_alive())
    taken = run(other.take(2))
    run(stalled.finish([number for number, _ in had]))
    assert run(stalled.take(2)) == []
    other.dies(client)
    run(stalled.keep_alive())
    assert [datum for _, datum in taken] == left(client, Kind.LIST) == [b"a", b"b"]


@EVERY_KIND
def test_a_worker_that_closes_puts_back_its_unfinished_start_urls(
    client: Client, kind: Kind
) -> None:
    push(client, kind, "a", "b", "c")
    worker = Worker(client, kind)
    before = left(client, kind)
    worker.takes(2)
    assert run(worker.close()) == 2
    assert left(client, kind) == before
    assert client.keys("*") == [KEY.encode()]


def test_a_score_that_was_set_after_the_take_is_kept(client: Client) -> None:
    client.zadd(KEY, {"a": 1.5})
    worker = Worker(client, Kind.ZSET)
    worker.takes()
    client.zadd(KEY, {"a": 7})
    run(worker.close())
    assert client.zscore(KEY, "a") == 7


def test_bad_start_urls_are_put_aside_as_they_were_pushed(client: Client) -> None:
    client.rpush(KEY, "a", b"\xff bad \x00", "c")
    worker = Worker(client, Kind.LIST)
    numbers = [number for number, _ in run(worker.take(5))]
    for _ in range(2):  # as if the first answer was lost
        run(worker.finish([numbers[0]], bad=[numbers[1]]))
    assert client.lrange(f"{KEY}:bad", 0, -1) == [b"\xff bad \x00"]
    assert run(worker.close()) == 1


@EVERY_KIND
def test_a_lost_answer_loses_no_start_url(server: Redis, client: Client, kind: Kind) -> None:
    push(client, kind, "a", "b", "c")
    with Proxy(server.url()) as proxy:
        worker = Worker(client, kind, proxy.url())
        assert worker.takes(1)
        proxy.swallow()
        taken = run(worker.take(2))
        assert proxy.swallowed()
        assert len(taken) == 2
        run(worker.finish([number for number, _ in taken]))
        assert run(worker.close()) == 1


def test_a_key_of_another_type_is_an_error_that_says_what_to_set(client: Client) -> None:
    client.zadd(KEY, {"a": 1})
    with pytest.raises(ConfigError, match=r"'spider:start_urls' is not a list: set REDIS_START"):
        Worker(client, Kind.LIST).takes()


class Delivery(RuleBasedStateMachine):
    """Workers take, finish, die and return in any order."""

    client: Client
    kind: Kind

    def __init__(self) -> None:
        super().__init__()
        self.client.flushall()
        self.pushed = 0
        self.finished = Counter[bytes]()
        self.workers = [Worker(self.client, self.kind) for _ in range(2)]
        self.hands: list[dict[int, bytes]] = [{}, {}]

    @rule(count=st.integers(1, 5))
    def push(self, count: int) -> None:
        push(self.client, self.kind, *(str(self.pushed + n) for n in range(count)))
        self.pushed += count

    @rule(who=st.integers(0, 1), limit=st.integers(1, 4))
    def take(self, who: int, limit: int) -> None:
        self.hands[who].update(run(self.workers[who].take(limit)))

    @rule(who=st.integers(0, 1), count=st.integers(1, 4))
    def finish(self, who: int, count: int) -> None:
        hand = self.hands[who]
        numbers = sorted(hand)[:count]
        run(self.workers[who].finish(numbers))
        self.finished.update(hand.pop(number) for number in numbers)

    @rule(who=st.integers(0, 1))
    def die(self, who: int) -> None:
        """The worker dies, and restarts under another name."""
        self.workers[who].dies(self.client)
        self.workers[who], self.hands[who] = Worker(self.client, self.kind), {}

    @rule(who=st.integers(0, 1))
    def stall(self, who: int) -> None:
        """The other worker takes it for dead, but it continues with what it has in hand."""
        self.workers[who].dies(self.client)
        run(self.workers[1 - who].keep_alive())

    @rule(who=st.integers(0, 1))
    def look(self, who: int) -> None:
        run(self.workers[who].keep_alive())

    @invariant()
    def no_start_url_is_lost(self) -> None:
        there = set(left(self.client, self.kind))
        for key in self.client.scan_iter(f"{KEY}:taken:*"):
            values: Any = self.client.hvals(key)
            there.update(value.partition(b" ")[2] for value in values)
        in_hand = {datum for hand in self.hands for datum in hand.values()}
        everything = {str(number).encode() for number in range(self.pushed)}
        assert there | set(self.finished) | in_hand == everything

    def teardown(self) -> None:
        for who in (0, 1):
            run(self.workers[who].close())
        look = Worker(self.client, self.kind)
        run(look.keep_alive())
        everything = {str(number).encode() for number in range(self.pushed)}
        assert set(look.takes(1000)) | set(self.finished) == everything


@pytest.mark.hypothesis
@EVERY_KIND
def test_no_start_url_is_lost_when_workers_die_or_stall(client: Client, kind: Kind) -> None:
    machine = type("Machine", (Delivery,), {"client": client, "kind": kind})
    run_state_machine_as_test(
        machine,
        settings=settings(
            examples(25), stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
