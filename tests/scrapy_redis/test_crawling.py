"""A project that moves here from scrapy-redis: its crawl continues, its settings still work."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler
from scrapy_redis.spiders import RedisMixin

from crawlproj.errors import ConfigError
from crawlproj.scrapy_redis.feed import StartUrlsFeed
from tests import ROOT
from tests.processes import options, scrapy
from tests.redis_spiders import Following, Plain
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path

    from redis import Redis as Client

    from crawlproj.demo import DemoWeb
    from tests.servers import Redis

THEIRS = """
import json, sys
from scrapy.crawler import CrawlerProcess
from tests.redis_spiders import Following
process = CrawlerProcess(json.loads(sys.argv[1]))
process.crawl(Following)
process.start()
"""


def run_script(settings: dict[str, Any]) -> None:
    subprocess.run(
        [sys.executable, "-c", THEIRS, json.dumps(settings)],
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=True,
    )


def settings_of(server: Redis, **settings: object) -> list[str]:
    return options(
        {
            "REDIS_URL": server.url(),
            "SPIDER_MODULES": "tests.redis_spiders",
            "GUARD_ALLOW": "127.0.0.0/8",
            "STORE_URL": "",
            "ITEM_PIPELINES": "{}",
            "LOG_LEVEL": "WARNING",
            "MAX_IDLE_TIME_BEFORE_CLOSE": 1,
            **settings,
        }
    )


def crawl(spider: str, server: Redis, **settings: object) -> str:
    code, output = scrapy("crawl", spider, *settings_of(server, **settings))
    assert code == 0, output
    return output


def fetched(web: DemoWeb) -> Counter[str]:
    return Counter(line.path for line in web.log() if line.path.endswith(".html"))


def test_a_crawl_that_scrapy_redis_began_continues_and_fetches_no_page_twice(
    server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    client.rpush("following:start_urls", f"{web.url('plain')}/")
    theirs: dict[str, Any] = {
        "SCHEDULER": "scrapy_redis.scheduler.Scheduler",
        "DUPEFILTER_CLASS": "scrapy_redis.dupefilter.RFPDupeFilter",
        "SCHEDULER_PERSIST": True,
        "REDIS_URL": server.url(),
        "CLOSESPIDER_PAGECOUNT": 40,
        "CONCURRENT_REQUESTS": 4,
        "LOG_LEVEL": "WARNING",
    }
    run_script(theirs)
    began = fetched(web)
    assert 30 < len(began) < 140  # robots.txt is one of the 40 responses
    queued = client.zcard("following:requests")
    assert queued
    (tmp_path / "done").write_text("".join(f"{web.url('plain')}{path}\n" for path in began))
    words = ("--delete", "--done-urls", str(tmp_path / "done"), *settings_of(server))
    code, output = scrapy("migrate", "following", *words)
    assert code == 0, output
    assert f"following:requests (zset): {queued:,} moved" in output
    assert not client.keys("following:*")
    crawl("following", server)
    assert set(fetched(web).values()) == {1}
    # All but the start page and the two that only the sitemap names.
    assert len({path for path in fetched(web) if "page" in path}) == 147


def test_another_project_only_needs_the_add_on(
    server: Redis, client: Client, web: DemoWeb, tmp_path: Path
) -> None:
    client.rpush("following:start_urls", f"{web.url('plain')}/")
    theirs = {
        "ADDONS": {"crawlproj.addon.Addon": 300},
        "REDIS_URL": server.url(),
        "ITEM_PIPELINES": {"scrapy_redis.pipelines.RedisPipeline": 300},
        "MAX_IDLE_TIME_BEFORE_CLOSE": 1,
        "GUARD_ALLOW": ["127.0.0.0/8"],
        "LOG_LEVEL": "WARNING",
    }
    run_script(theirs)
    assert client.llen("following:items") > 140
    assert client.exists("crawlproj:{following}:job")
    assert not client.exists("following:start_urls", "following:requests")


def test_a_start_url_pushed_twice_is_fetched_twice_unless_marked_as_a_start_request(
    server: Redis, client: Client, web: DemoWeb
) -> None:
    twice, once = (f"{web.url('plain')}/section0/page{number}.html" for number in (1, 2))
    seed = json.dumps({"url": once, "meta": {"is_start_request": True}})
    client.rpush("plain:start_urls", twice, seed, twice, seed)
    crawl("plain", server)
    assert fetched(web) == {"/section0/page1.html": 2, "/section0/page2.html": 1}


def test_the_pipeline_and_settings_of_scrapy_redis_still_work(
    server: Redis, client: Client, web: DemoWeb
) -> None:
    client.rpush("following:start_urls", f"{web.url('plain')}/")
    output = crawl(
        "following",
        server,
        ITEM_PIPELINES='{"scrapy_redis.pipelines.RedisPipeline": 300}',
        STATS_CLASS="scrapy_redis.stats.RedisStatsCollector",
        DUPEFILTER_CLASS="scrapy_redis.dupefilter.RFPDupeFilter",
        SCHEDULER_QUEUE_CLASS="scrapy_redis.queue.LifoQueue",
        SCHEDULER_SERIALIZER="pickle",
        SCHEDULER_PERSIST=True,
    )
    assert "Traceback" not in output
    items = [json.loads(item) for item in client.lrange("following:items", 0, -1)]
    assert len(items) == len({item["url"] for item in items}) > 140
    assert client.hget("following:stats", "finish_reason") == b"finished"
    assert int(client.hget("following:stats", "item_scraped_count") or 0) == len(items)
    assert not client.exists("following:requests", "following:dupefilter")


@pytest.mark.parametrize("spider", [Plain, Following])
def test_a_spiders_arguments_work_as_in_scrapy_redis(spider: type[Plain], server: Redis) -> None:
    crawler = get_crawler(spider, {"REDIS_URL": server.url(), "CONCURRENT_REQUESTS": 5})
    given = spider.from_crawler(
        crawler, redis_key="key:%(name)s", redis_batch_size="2000", max_idle_time="100"
    )
    assert (given.redis_key, given.redis_batch_size, given.max_idle_time) == (
        f"key:{spider.name}", 2000, 100,
    )  # fmt: skip
    plain = spider.from_crawler(crawler)
    assert (plain.redis_key, plain.redis_batch_size, plain.max_idle_time) == (
        f"{spider.name}:start_urls", 5, 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("argument", "value"), [("redis_key", ""), ("redis_batch_size", "x"), ("max_idle_time", "x")]
)
def test_a_wrong_argument_is_a_value_error_that_names_it(argument: str, value: str) -> None:
    with pytest.raises(ValueError, match=argument):
        Plain.from_crawler(get_crawler(Plain), **{argument: value})


def test_an_older_scrapy_redis_in_the_project_is_an_error_that_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crawler = get_crawler(Plain)
    crawler.spider = spider = Plain.from_crawler(crawler)
    monkeypatch.delattr(RedisMixin, "max_idle_time")
    del spider.max_idle_time
    with pytest.raises(ConfigError, match=r"scrapy_redis/spiders\.py is of an old scrapy-redis"):
        StartUrlsFeed.from_crawler(crawler)


@pytest.mark.parametrize(
    ("datum", "method", "body", "meta"),
    [
        (b"http://a.test/", "GET", b"", {}),
        (b'{"url": "http://a.test/"}', "GET", b"", {}),
        (b'{"url": "http://a.test/", "method": "post", "a": "b"}', "POST", b"a=b", {}),
        (b'{"url": "http://a.test/", "meta": {"job": 1}}', "GET", b"", {"job": 1}),
    ],
)
def test_a_start_url_becomes_the_same_request_as_in_scrapy_redis(
    datum: bytes, method: str, body: bytes, meta: dict[str, Any]
) -> None:
    spider = Plain.from_crawler(get_crawler(Plain, dict(Settings())))
    request = spider.make_request_from_data(datum)
    assert isinstance(request, Request)
    assert (request.url, request.method, request.body, request.meta, request.dont_filter) == (
        "http://a.test/", method, body, meta, True,
    )  # fmt: skip
