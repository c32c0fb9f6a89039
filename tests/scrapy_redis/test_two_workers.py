"""Two workers run an unchanged RedisSpider on one Redis, and one of them is killed."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import Scrapy
from tests.scrapy_redis.test_crawling import fetched, settings_of
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redis import Redis as Client

    from tests.servers import Redis

IN_FLIGHT = 4
# Requests of the dead worker in flight, and start URLs that it had already put into the frontier.
MAY_REPEAT = 2 * IN_FLIGHT + 64


@pytest.fixture
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    # Several sites, because a site belongs to one worker.
    sites = [SiteSpec(f"site{n}", "small", pages=100, latency_s=0.05) for n in range(4)]
    with DemoWeb(sites, tmp_path / "access.log") as running:
        yield running


def start(server: Redis, idle_s: int) -> Scrapy:
    words = settings_of(
        server,
        CONCURRENT_REQUESTS=IN_FLIGHT,
        FRONTIER_LEASE_TIME=2,
        MAX_IDLE_TIME_BEFORE_CLOSE=idle_s,
        HOG_THRESHOLD=2,
    )
    return Scrapy("crawl", "plain", *words)


@pytest.mark.slow
def test_no_start_url_is_lost_when_a_worker_is_killed_while_they_are_pushed(
    server: Redis, client: Client, web: DemoWeb
) -> None:
    paths = [f"/section{page // 50}/page{page}.html" for page in range(1, 90)]
    urls = [f"{web.url(f'site{n}')}{path}" for path in paths for n in range(4)]
    killed = start(server, 0)  # stays open until it is killed
    until(lambda: client.scard("plain:start_urls:workers") == 1)
    heartbeats: Any = client.keys("plain:start_urls:alive:*")
    (heartbeat,) = heartbeats
    other = start(server, 4)
    try:
        until(lambda: client.scard("plain:start_urls:workers") == 2)
        unpushed = iter(urls)
        taken = heartbeat.replace(b":alive:", b":taken:")
        while not client.exists(taken):
            client.rpush("plain:start_urls", next(unpushed))
            time.sleep(0.003)
        killed.kill()
        client.delete(heartbeat)  # it would expire within ALIVE_S
        client.rpush("plain:start_urls", *unpushed)
        assert other.wait() == 0, other.output()
    finally:
        for process in (killed, other):
            process.kill()
    assert fetched(web).keys() == set(paths)
    by_site = Counter((line.site, line.path) for line in web.log() if "page" in line.path)
    assert len(by_site) == len(urls)
    again = by_site.total() - len(urls)
    assert again <= MAY_REPEAT
    assert not client.keys("plain:start_urls:taken:*")
    assert not client.exists("plain:start_urls", "plain:start_urls:bad")
