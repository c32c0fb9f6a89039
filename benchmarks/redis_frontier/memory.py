"""The memory and CPU of Redis per URL, known and pending."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis import Redis as Client
from scrapy import Request, Spider
from scrapy_redis.dupefilter import RFPDupeFilter
from scrapy_redis.queue import PriorityQueue

from crawlproj.frontier.base import Ack, Entry, State
from crawlproj.frontier.redis.connection import RedisConfig
from crawlproj.frontier.redis.frontier import RedisFrontier

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS = 1_000
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes and CPU microseconds of Redis per URL.

    seen: bytes of a URL that is done. pending: additional bytes while it is pending.
    put_us: CPU to put it. end_us: CPU to claim and ack it; with scrapy-redis, to pop it.
    """

    urls: int
    seen: float
    pending: float
    put_us: float
    end_us: float


def urls(number: int) -> Iterator[tuple[str, str]]:
    """Yield hosts and URLs of 79 characters."""
    for n in range(number):
        host = f"www.site-{n % HOSTS:04}.example"
        url = f"https://{host}/section-{n % 97:03}/a-page-with-a-title-of-its-own-{n:09}"
        yield host, url.ljust(79, "x")


def entries(number: int) -> Iterator[list[Entry]]:
    dice = random.Random(7)  # noqa: S311 - reproducible, not secret
    batch: list[Entry] = []
    for host, url in urls(number):
        batch.append(Entry(dice.getrandbits(64) - 2**63, host, url))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def used(client: Any) -> int:
    return int(client.info("memory")["used_memory"])


async def of_ours(url: str, number: int) -> Memory:
    """Put ``number`` URLs, measure, claim and ack them all, measure again."""
    with Client.from_url(url) as client:
        client.flushall()
        empty, began = used(client), _cpu_us(client)
        frontier = RedisFrontier(RedisConfig(url))
        await frontier.open("memory")
        for batch in entries(number):
            await frontier.write(batch, [])
        full, put = used(client), _cpu_us(client)
        while leases := await frontier.claim(BATCH, per_site=BATCH, resting={}, lease_s=600):
            await frontier.write([], [Ack(lease.id, State.DONE) for lease in leases])
        done = (await frontier.totals()).done
        assert done == number, f"only {done} of {number} URLs were claimed"
        seen, end = used(client), _cpu_us(client)
        await frontier.close()
        client.flushall()
    return Memory(
        number,
        (seen - empty) / number,
        (full - seen) / number,
        (put - began) / number,
        (end - put) / number,
    )


def of_stock(url: str, number: int) -> Memory:
    """Measure the same for scrapy-redis's dupefilter and queue, called as by its scheduler."""
    spider = Spider("stock")
    with Client.from_url(url) as client:
        client.flushall()
        empty, began = used(client), _cpu_us(client)
        seen = RFPDupeFilter(client, "stock:dupefilter")
        queue = PriorityQueue(client, spider, "stock:requests")
        for _, each in urls(number):
            request = Request(each)
            if not seen.request_seen(request):
                queue.push(request)
        full, put = used(client), _cpu_us(client)
        while queue.pop() is not None:
            pass
        known, end = used(client), _cpu_us(client)
        client.flushall()
    return Memory(
        number,
        (known - empty) / number,
        (full - known) / number,
        (put - began) / number,
        (end - put) / number,
    )


def _cpu_us(client: Any) -> float:
    info = client.info("cpu")
    return float(info["used_cpu_user"] + info["used_cpu_sys"]) * 1e6


def measure(url: str, number: int, stock_number: int) -> dict[str, Memory]:
    """Return the figures of both sides."""
    return {
        "crawlproj": asyncio.run(of_ours(url, number)),
        "scrapy-redis": of_stock(url, stock_number),
    }
