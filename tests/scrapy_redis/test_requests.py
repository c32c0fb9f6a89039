"""Requests that workers share: kept, ordered and deduplicated as in scrapy-redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy_redis.dupefilter import RFPDupeFilter

from crawlproj.frontier.base import Ack, State
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.scheduling.serialize import entry_of, key_of, request_of
from tests.frontier.helpers import run
from tests.redis_spiders import Plain

if TYPE_CHECKING:
    from redis import Redis as Client

    from tests.servers import Redis

SPIDER = Plain()


class Worker:
    """One process's part in a crawl."""

    def __init__(self, server: Redis, *, keep: bool = True, flush: bool = False) -> None:
        self.frontier = RedisFrontier(RedisConfig(server.url()), keep=keep)
        self.opened = run(self.frontier.open("plain", reset=flush))

    def enqueue(self, url: str, **more: Any) -> bool:
        request = Request(url, **more)
        entry = entry_of(request, SPIDER, key_of(request))
        return bool(run(self.frontier.write([entry], [])).new)

    def take(self, limit: int = 100) -> list[Request]:
        leases = run(self.frontier.claim(limit, per_site=100, resting={}, lease_s=30))
        self.leases = leases
        return [request_of(lease.entry, SPIDER) for lease in leases]

    def finish(self) -> None:
        run(self.frontier.write([], [Ack(lease.id, State.DONE) for lease in self.leases]))

    def pending(self) -> int:
        return run(self.frontier.totals()).pending

    def close(self) -> None:
        run(self.frontier.close())


PAIRS = [
    (Request("http://a.test/"), Request("http://a.test/")),
    (Request("http://a.test/"), Request("http://a.test")),
    (Request("http://a.test/"), Request("http://b.test/")),
    (Request("http://a.test/"), Request("http://a.test/", method="POST")),
    (Request("http://a.test/", body="x"), Request("http://a.test/", body="y")),
    (Request("http://a.test/#top"), Request("http://a.test/")),
    (Request("http://a.test/é"), Request("http://a.test/%C3%A9")),
    (Request("http://a.test/", headers={"A": "1"}), Request("http://a.test/")),
]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda request: request.url)
def test_requests_are_equal_here_exactly_if_they_are_in_scrapy_redis(
    one: Request, other: Request
) -> None:
    fingerprint = RFPDupeFilter(None, "").request_fingerprint
    assert (key_of(one) == key_of(other)) == (fingerprint(one) == fingerprint(other))


def test_the_order_of_a_query_matters_here_but_not_in_scrapy_redis() -> None:
    one, other = Request("http://a.test/?a=1&b=2"), Request("http://a.test/?b=2&a=1")
    fingerprint = RFPDupeFilter(None, "").request_fingerprint
    assert fingerprint(one) == fingerprint(other)
    assert key_of(one) != key_of(other)


def test_a_known_request_is_not_put_again_by_any_worker(server: Redis, client: Client) -> None:
    one, other = Worker(server), Worker(server)
    assert one.enqueue("http://a.test/1")
    assert not other.enqueue("http://a.test/1")
    assert other.enqueue("http://a.test/1", method="POST")
    one.take()
    one.finish()
    assert not other.enqueue("http://a.test/1")
    one.close()
    assert not other.enqueue("http://a.test/1")  # closing a worker forgets nothing
    other.close()


def test_the_highest_priority_comes_first_and_the_oldest_among_equals(
    server: Redis, client: Client
) -> None:
    worker = Worker(server)
    for number, priority in enumerate([100, 50, 200, 50, 100, -1]):
        worker.enqueue(f"http://a.test/{number}", priority=priority)
    taken = worker.take()
    assert [request.url[-1] for request in taken] == ["2", "0", "4", "1", "3", "5"]
    assert [request.priority for request in taken] == [200, 100, 100, 50, 50, -1]
    worker.close()


def test_queued_requests_are_kept_for_the_next_run(server: Redis, client: Client) -> None:
    first = Worker(server)
    for number in range(3):
        first.enqueue(f"http://a.test/{number}", callback=SPIDER.parse, meta={"n": number})
    first.take(1)
    first.close()
    second = Worker(server)
    assert second.opened.resumed
    assert second.pending() == 3  # the leased request is back
    assert {(request.callback, request.meta["n"]) for request in second.take()} == {
        (SPIDER.parse, number) for number in range(3)
    }
    second.close()


def test_without_persist_only_the_last_worker_empties_the_queue(
    server: Redis, client: Client
) -> None:
    one, last = Worker(server, keep=False), Worker(server, keep=False)
    one.enqueue("http://a.test/1")
    one.close()
    assert len(last.take()) == 1
    last.close()
    fresh = Worker(server)
    assert not fresh.opened.resumed
    assert fresh.enqueue("http://a.test/1")
    fresh.close()


def test_a_flush_on_start_empties_the_queue_unless_another_worker_is_alive(
    server: Redis, client: Client
) -> None:
    first = Worker(server)
    first.enqueue("http://a.test/1")
    joining = Worker(server, flush=True)
    assert joining.pending() == 1
    first.close()
    joining.close()
    flushing = Worker(server, flush=True)
    assert flushing.pending() == 0
    assert flushing.enqueue("http://a.test/1")
    flushing.close()
