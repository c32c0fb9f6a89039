"""A pytest plugin that replaces scrapy-redis's parts with crawlproj's while its own tests run.

scrapy-redis has a queue and a set where crawlproj has one frontier: to pop is to claim and ack, and
a known key is not put again. The adapters add no behaviour of their own.
"""

from __future__ import annotations

import os
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import scrapy_redis.connection
from redis import Redis
from scrapy_redis.spiders import RedisMixin

from crawlproj.frontier.base import Ack, Frontier, State
from crawlproj.frontier.memory import MemoryFrontier
from crawlproj.frontier.redis.admin import RedisAdmin
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.scheduling.serialize import entry_of, key_of, request_of
from crawlproj.scrapy_redis.start_urls import Kind, StartUrls
from tests.frontier.helpers import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.settings import Settings

    from crawlproj.frontier.base import Totals


def config_of(server: Any) -> RedisConfig:
    at = server.connection_pool.connection_kwargs
    return RedisConfig(f"redis://{at['host']}:{at['port']}/{at.get('db', 0)}")


def frontier_of(server: Any, *, keep: bool = True) -> Frontier:
    """Return a frontier on the tests' server, or the reference if that is a mock."""
    if isinstance(server, Redis):
        return RedisFrontier(config_of(server), keep=keep)
    return MemoryFrontier()


class Job:
    """A job of a frontier, in the role of a key of scrapy-redis."""

    def __init__(self, frontier: Frontier, key: str, spider: Any = None) -> None:
        self.frontier = frontier
        self._key = key
        self._spider = spider
        self.opened = run(frontier.open(key))

    def __len__(self) -> int:
        return run(self.frontier.totals()).pending

    def put(self, request: Request, key: int) -> bool:
        entry = entry_of(request, self._spider, key)
        return run(self.frontier.write([entry], [])).new == 1

    def pop(self) -> Request | None:
        leases = run(self.frontier.claim(1, per_site=1, resting={}, lease_s=30))
        if not leases:
            return None
        run(self.frontier.write([], [Ack(lease.id, State.DONE) for lease in leases]))
        return request_of(leases[0].entry, self._spider)

    def clear(self) -> None:
        run(self.frontier.open(self._key, reset=True))

    def close(self) -> None:
        run(self.frontier.close())


class Dupefilter:
    def __init__(self, server: Any, key: str, debug: bool = False) -> None:
        self._job = Job(frontier_of(server), key)

    def request_seen(self, request: Request) -> bool:
        return not self._job.put(request, key_of(request))

    def close(self, reason: str = "") -> None:
        self._job.close()


class Queue:
    """A queue without deduplication: each push is a new entry."""

    def __init__(self, server: Any, spider: Spider, key: str) -> None:
        self._job = Job(frontier_of(server), key, spider)
        self._spider = spider
        self.clear = self._job.clear

    def __len__(self) -> int:
        return len(self._job)

    def push(self, request: Request) -> None:
        self._job.put(request, secrets.randbits(63))

    def pop(self, timeout: float = 0) -> Request | None:
        return self._job.pop()

    def _encode_request(self, request: Request) -> Any:
        return entry_of(request, self._spider, key_of(request))

    def _decode_request(self, entry: Any) -> Request:
        return request_of(entry, self._spider)


class Scheduler:
    def __init__(self, crawler: Crawler) -> None:
        self._config = RedisConfig.from_settings(crawler.settings)
        self.persist = crawler.settings.getbool("SCHEDULER_PERSIST")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Scheduler:
        return cls(crawler)

    def open(self, spider: Spider) -> None:
        self._spider = spider
        self._job = self._opened()
        if len(self):
            spider.log(f"Resuming crawl ({len(self)} requests scheduled)")

    def _opened(self) -> Job:
        frontier = RedisFrontier(self._config, keep=self.persist)
        return Job(frontier, self._spider.name, self._spider)

    def __len__(self) -> int:
        return run(self._look()).pending

    async def _look(self) -> Totals:
        admin = RedisAdmin(self._config, self._spider.name)
        try:
            return await admin.totals()
        finally:
            await admin.close()

    def has_pending_requests(self) -> bool:
        totals = run(self._look())
        return bool(totals.pending or totals.leased)

    def enqueue_request(self, request: Request) -> bool:
        return self._job.put(request, key_of(request))

    def next_request(self) -> Request | None:
        return self._job.pop()

    def close(self, reason: str) -> None:
        self._job.close()
        if not self.persist:  # which the tests change meanwhile
            self._opened().close()


def client_from_settings(settings: Settings) -> Any:
    return RedisConfig.from_settings(settings).client()


def setup_redis(spider: Any, crawler: Any, theirs: Callable[[Any, Any], None]) -> None:
    """Call scrapy-redis's setup_redis, and then let the spider take start URLs by StartUrls."""
    theirs(spider, crawler)
    settings = crawler.settings
    kind = Kind.ZSET if settings.getbool("REDIS_START_URLS_AS_ZSET") else Kind.LIST
    if settings.getbool("REDIS_START_URLS_AS_SET"):
        kind = Kind.SET
    ours = StartUrls(RedisConfig.from_settings(settings), spider.redis_key, kind)

    def fetch_data(key: str, limit: int) -> list[bytes]:
        return [datum for _, datum in run(ours.take(limit))]

    spider.fetch_data = fetch_data


@pytest.fixture(autouse=True)
def _ours(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace what the test's module imported with crawlproj's parts."""
    with Redis(os.environ["REDIS_HOST"], int(os.environ["REDIS_PORT"])) as server:
        server.flushall()
    replace = partial(monkeypatch.setattr, raising=False)
    for name, ours in (("RFPDupeFilter", Dupefilter), ("Base", Queue), ("Scheduler", Scheduler)):
        replace(request.module, name, ours)
    if getattr(request.cls, "queue_cls", None) is not None:
        replace(request.cls, "queue_cls", Queue)
    if getattr(request.cls, "__name__", "") == "ConnectionTest":
        replace(scrapy_redis.connection, "from_settings", client_from_settings)
    if request.node.name.startswith("test_consume_urls_from_redis"):
        theirs = RedisMixin.setup_redis
        replace(RedisMixin, "setup_redis", lambda self, crawler: setup_redis(self, crawler, theirs))


@pytest.fixture(autouse=True)
def _setup(request: pytest.FixtureRequest, _ours: None) -> None:
    """Call the test's setup(), as pytest did when those tests were written."""
    setup = getattr(request.instance, "setup", None)
    if setup is not None:
        setup()
