"""A crawl whose frontier others have written to: what is corrupt fails alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crawlproj.frontier.base import Entry
from crawlproj.frontier.redis.frontier import RedisFrontier
from crawlproj.urls import site_of
from tests.frontier.helpers import put, run
from tests.processes import options, scrapy
from tests.test_books import web

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

    from redis import Redis as Client

    from crawlproj.frontier.redis.connection import RedisConfig

__all__ = ["web"]

HOSTILE = [
    b"\xff", b"[", b"7", b'{"callback": "close"}', b'{"callback": "_set_crawler"}',
    b'{"callback": "os.system"}', b'{"headers": {"A": ["x\\r\\nHost: b"]}}',
    b'{"body": "text", "encoding": "no-such-encoding"}', b'{"meta": 5}',
    b'{"meta": {"a": {"__object__": ["subprocess:Popen", {"args": "true"}]}}}',
]  # fmt: skip
JOB = "one job"


@pytest.mark.slow
def test_what_others_put_into_the_frontier_fails_alone(
    web: tuple[str, Counter[str]], redis: RedisConfig, client: Client, tmp_path: Path
) -> None:
    base, asked = web
    site = site_of(base)
    frontier = RedisFrontier(redis)
    run(frontier.open(JOB))
    put(frontier, *(Entry(n, site, f"{base}/bad{n}", each) for n, each in enumerate(HOSTILE)))
    put(frontier, Entry(100, site, ""), Entry(101, site, f"{base}/corrupt"))
    run(frontier.close())
    (queue,) = client.keys("*:q:*")
    client.lset(queue, -1, b"\0")  # type: ignore[arg-type]  # bytes are fine
    code, shown = scrapy(
        *("crawl", "everything", "-a", f"url={base}/fine"),
        *options(
            {
                "SPIDER_MODULES": "tests.books_spider",
                "FRONTIER_URL": redis.url,
                "FRONTIER_JOB": JOB,
                "STORE_URL": f"sqlite:///{tmp_path}/crawl.db",
                "GUARD_ALLOW": "127.0.0.0/8",
                "LOG_LEVEL": "CRITICAL",
            }
        ),
    )
    assert code == 0, shown
    assert "finished (generation 1)" in shown
    with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
        failures = dict(db.execute("SELECT url, reason FROM failures"))
        pages = {url for (url,) in db.execute("SELECT url FROM pages")}
    bad = {f"{base}/bad{n}" for n in range(len(HOSTILE))} | {f"{site}: no URL"}
    assert {url for url, reason in failures.items() if reason == "bad-payload"} == bad
    assert f"{base}/fine" in pages
    assert asked.keys().isdisjoint(f"/bad{n}" for n in range(len(HOSTILE)))
