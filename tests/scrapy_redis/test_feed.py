"""RedisSpiders, unchanged, crawl with crawlproj's scheduler."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis as Client

from crawlproj.demo import DemoWeb, SiteSpec
from tests.processes import Scrapy, options
from tests.servers import Redis
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRONTIERS = pytest.mark.parametrize("frontier", ["sqlite", "redis"])


@pytest.fixture
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    sites = [SiteSpec("fast", "small", pages=200), SiteSpec("slow", "small", latency_s=4.0)]
    with DemoWeb(sites, tmp_path / "access.log", tmp_path / "answers.log") as running:
        yield running


class Crawl:
    """Runs `scrapy crawl` with spiders of tests/redis_spiders.py; their items go to a file."""

    def __init__(self, folder: Path, server: Redis, frontier: str = "sqlite") -> None:
        self._folder = folder
        self._urls = {"REDIS_URL": server.url(), "FRONTIER_URL": f"sqlite:///{folder / 'crawl.db'}"}
        if frontier == "redis":
            self._urls["FRONTIER_URL"] = server.url()
        elif frontier != "sqlite":
            self._urls["FRONTIER_URL"] = frontier

    def start(self, spider: str, **settings: object) -> Scrapy:
        everything = {
            **self._urls,
            "SPIDER_MODULES": "tests.redis_spiders",
            "STORE_URL": "",
            "ITEM_PIPELINES": "{}",
            "GUARD_ALLOW": "127.0.0.0/8",
            "LOG_LEVEL": "WARNING",
            "HOG_THRESHOLD": 1.0,
            **settings,
        }
        items = ("-o", str(self._folder / "items.jsonl"))
        return Scrapy("crawl", spider, *options(everything), *items)

    def end(self, process: Scrapy) -> str:
        """Wait until the crawl ends by itself; returns its log."""
        assert process.wait() == 0, process.output()
        return process.output()

    def stop(self, process: Scrapy) -> str:
        process.send_signal(signal.SIGTERM)
        return self.end(process)

    def items(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self._folder / "items.jsonl").open()]


def fetched(web: DemoWeb, site: str = "fast") -> Counter[str]:
    return Counter(line.path for line in web.log() if line.site == site and "page" in line.path)


def answered(web: DemoWeb, site: str) -> bool:
    return any(line.site == site and "page" in line.path for line in web.answers())


def page(web: DemoWeb, number: int) -> str:
    return f"{web.url('fast')}/section{number // 50}/page{number}.html"


@FRONTIERS
def test_urls_and_json_become_requests_and_malformed_data_are_put_aside(
    frontier: str, server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    bad = [b"{broken", b"nonsense", b'{"meta": {}}', b"5", b"\xff\xfe", b'{"url": "x", "meta": 7}']
    good = [
        page(web, 1).encode(),
        json.dumps({"url": page(web, 2), "meta": {"note": "kept"}}).encode(),
        json.dumps({"url": page(web, 3), "method": "post", "field": "value"}).encode(),
        page(web, 1).encode(),  # pushed twice, fetched twice
    ]
    client.rpush("plain:start_urls", *(datum for pair in zip(bad, good) for datum in pair))  # noqa: B905
    client.rpush("plain:start_urls", *bad[len(good) :])
    crawl = Crawl(tmp_path, server, frontier)
    log = crawl.end(crawl.start("plain", MAX_IDLE_TIME_BEFORE_CLOSE=1))
    assert client.lrange("plain:start_urls:bad", 0, -1) == bad
    assert client.exists("plain:start_urls", "plain:start_urls:workers") == 0
    assert log.count("was put aside in plain:start_urls:bad") == len(bad)
    assert "Start URL '{broken' was put aside in plain:start_urls:bad: not JSON" in log
    assert "Traceback" not in log
    assert sorted((item["url"], item["method"], item.get("note")) for item in crawl.items()) == [
        (page(web, 1), "GET", None),
        (page(web, 1), "GET", None),
        (page(web, 2), "GET", "kept"),
    ]
    assert "http-405" in log  # the demo web takes no POST


@FRONTIERS
@pytest.mark.parametrize("kind", ["SET", "ZSET"])
def test_start_urls_are_also_read_from_sets_and_sorted_sets(
    frontier: str, kind: str, server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    crawl = Crawl(tmp_path, server, frontier)
    urls = {page(web, number): number for number in (1, 2, 3)}
    if kind == "SET":
        client.sadd("theirs", *urls)
    else:
        client.zadd("theirs", urls)
    settings = {f"REDIS_START_URLS_AS_{kind}": True, "MAX_IDLE_TIME_BEFORE_CLOSE": 1}
    crawl.end(crawl.start("plain", REDIS_START_URLS_KEY="theirs", **settings))
    assert {item["url"] for item in crawl.items()} == set(urls)
    assert not client.keys("theirs*")


def test_a_spiders_own_make_request_from_data_is_used(
    server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    client.rpush("own:urls", "nothing", f"go {page(web, 1)}")
    crawl = Crawl(tmp_path, server)
    crawl.end(crawl.start("own", MAX_IDLE_TIME_BEFORE_CLOSE=1))
    assert {item["url"] for item in crawl.items()} == {page(web, 1), f"{page(web, 1)}?again"}
    assert not client.keys("own:*")


@FRONTIERS
def test_a_start_url_is_fetched_at_once_whether_the_crawl_is_busy_or_idle(
    frontier: str, server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    crawl = Crawl(tmp_path, server, frontier)
    process = crawl.start("plain")
    client.rpush("plain:start_urls", f"{web.url('slow')}/section0/page1.html")
    until(lambda: fetched(web, "slow"))
    client.rpush("plain:start_urls", page(web, 1))
    until(lambda: fetched(web)["/section0/page1.html"])
    assert not answered(web, "slow"), "it waited for the page in hand"
    assert not client.exists("plain:start_urls")
    until(lambda: answered(web, "slow"))
    time.sleep(1.5)  # idle, and polling at its longest interval
    client.rpush("plain:start_urls", page(web, 2))
    until(lambda: fetched(web)["/section0/page2.html"])
    assert process.poll() is None  # without a limit it stays open
    crawl.stop(process)


@FRONTIERS
def test_a_crawl_spider_follows_links_and_never_blocks_the_event_loop(
    frontier: str, server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    client.rpush("following:start_urls", f"{web.url('fast')}/")
    crawl = Crawl(tmp_path, server, frontier)
    log = crawl.end(crawl.start("following", MAX_IDLE_TIME_BEFORE_CLOSE=1))
    assert set(fetched(web).values()) == {1}
    assert len(fetched(web)) == 197  # all but the start page and the two in the sitemap only
    assert "blocking the event loop" not in log


def test_the_crawl_continues_while_the_start_url_server_is_down(
    web: DemoWeb, tmp_path: Path
) -> None:
    (tmp_path / "redis").mkdir()
    with Redis(tmp_path / "redis") as own, Client.from_url(own.url()) as client:
        client.rpush("following:start_urls", f"{web.url('fast')}/")
        crawl = Crawl(tmp_path, own)
        process = crawl.start("following", CONCURRENCY_SITES='{"*": {"rate": 50}}')
        until(lambda: len(fetched(web)) > 20)
        client.close()
        own.stop(signal.SIGKILL)
        began = len(fetched(web))
        until(lambda: len(fetched(web)) > began + 50)
        log = crawl.stop(process)
        assert "does not answer" in log
        assert "blocking the event loop" not in log


def test_an_idle_crawl_ends_after_its_idle_limit_and_not_before(
    server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    client.rpush("plain:start_urls", page(web, 1))
    crawl = Crawl(tmp_path, server)
    settings = {"MAX_IDLE_TIME_BEFORE_CLOSE": 1, "SCHEDULER_IDLE_BEFORE_CLOSE": 4}
    process = crawl.start("plain", **settings)
    until(lambda: fetched(web))
    (arrived,) = (line.time for line in web.log() if "page" in line.path)
    crawl.end(process)
    assert time.time() - arrived >= 4


def test_a_key_of_another_type_ends_the_crawl_and_the_log_says_what_to_set(
    server: Redis, client: Client, tmp_path: Path
) -> None:
    client.zadd("plain:start_urls", {"http://a.test": 1})
    process = Crawl(tmp_path, server).start("plain")
    assert process.wait() == 1
    log = process.output()
    assert "'plain:start_urls' is not a list: set REDIS_START_URLS_AS_SET" in log
    assert "Traceback" not in log
    assert client.zcard("plain:start_urls") == 1


def test_a_start_url_that_was_taken_but_is_not_in_the_frontier_survives_sigkill(
    server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    (tmp_path / "frontier").mkdir()
    with Redis(tmp_path / "frontier") as frontier:
        crawl = Crawl(tmp_path, server, frontier.url())
        process = crawl.start("plain")
        until(lambda: client.exists("plain:start_urls:workers"))
        frontier.stop(signal.SIGKILL)  # from here on nothing can be made durable
        client.rpush("plain:start_urls", page(web, 1), page(web, 2))
        until(lambda: not client.exists("plain:start_urls"))
        time.sleep(0.3)
        process.kill()
        assert not fetched(web)
        frontier.start()
        client.delete(*client.keys("plain:start_urls:alive:*"))  # they would expire by themselves
        second = crawl.start("plain", MAX_IDLE_TIME_BEFORE_CLOSE=2)
        log = crawl.end(second)
        assert "2 start URLs that dead workers had taken were put back" in log
        assert fetched(web) == {"/section0/page1.html": 1, "/section0/page2.html": 1}


@pytest.mark.slow
@FRONTIERS
def test_every_start_url_is_fetched_even_if_workers_are_killed(
    frontier: str, server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    wanted = {page(web, number) for number in range(1, 190)}
    dice = random.Random(7)  # noqa: S311 - a test's dice
    crawl = Crawl(tmp_path, server, frontier)
    left = sorted(wanted)
    settings = {"CONCURRENT_REQUESTS": 4, "FRONTIER_LEASE_TIME": 2}
    kills = 4
    for kill in range(kills):
        process = crawl.start("plain", **settings)
        share = left[kill::kills]
        until(lambda: client.exists("plain:start_urls:workers"))
        if dice.random() < 0.5:
            client.rpush("plain:start_urls", *share)
            time.sleep(dice.uniform(0.0, 0.3))
        else:
            for url in share:
                client.lpush("plain:start_urls", url)
                time.sleep(0.005)
        process.send_signal(dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
        process.wait()
        if names := client.keys("plain:start_urls:alive:*"):
            client.delete(*names)
    crawl.end(crawl.start("plain", MAX_IDLE_TIME_BEFORE_CLOSE=2, **settings))
    assert set(fetched(web)) == {url.removeprefix(web.url("fast")) for url in wanted}
    again = sum(fetched(web).values()) - len(wanted)
    assert again <= kills * (2 * 4 + 64)
    print(f"{frontier}: {kills} ends, {again} pages fetched again", os.getpid())  # noqa: T201


def test_a_stopped_worker_puts_back_its_start_urls_and_removes_its_keys(
    server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    crawl = Crawl(tmp_path, server)
    process = crawl.start("plain", CONCURRENT_REQUESTS=2)
    until(lambda: client.exists("plain:start_urls:workers"))
    client.rpush("plain:start_urls", *(page(web, number) for number in range(1, 190)))
    until(lambda: fetched(web))
    crawl.stop(process)
    assert set(client.keys("*")) <= {b"plain:start_urls"}
    crawl.end(crawl.start("plain", MAX_IDLE_TIME_BEFORE_CLOSE=1))
    assert len(fetched(web)) == 189
    assert sum(fetched(web).values()) <= 189 + 2 * 2
