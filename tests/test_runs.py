"""Commands that look at one page leave the project's crawls alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scrapy import Request

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.spiders.site import SiteSpider
from crawlproj.spiders.urls import UrlsSpider
from tests import ROOT
from tests.processes import options, scrapy
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redis import Redis as Client

    from tests.servers import Redis


BENCH = ("bench", "-s", "CLOSESPIDER_PAGECOUNT=3", "-s", "LOG_LEVEL=INFO")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoWeb]:
    folder = tmp_path_factory.mktemp("web")
    with DemoWeb([SiteSpec("plain", "plain", pages=5)], folder / "log") as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("fetch", "URL"), "<title>"),
        (("view", "URL", "-s", "LOG_LEVEL=INFO", "--no-redirect"), "Spider closed (finished)"),
        (("shell", "URL", "-c", "print('status', response.status)"), "status 200"),
        (
            ("shell", f"{ROOT / 'README.md'}", "-c", "print('status', response.status)"),
            "status 200",
        ),
        (("parse", "URL", "--spider=site", "-a", "url=URL", "--pipelines"), "# Requests"),
        (("parse", "URL", "--spider=shop", "-c", "parse"), "{'title': "),
        (("check", "shop"), "Returned 1 items, expected 5"),
        (BENCH, "Spider closed (closespider_pagecount)"),
    ],
)
def test_it_works_though_the_frontier_is_away_and_leaves_nothing_behind(
    words: tuple[str, ...], shown: str, web: DemoWeb, tmp_path: Path
) -> None:
    url = f"{web.url('plain')}/"
    project = {
        "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "STORE_URL": f"sqlite:///{tmp_path / 'crawl.db'}",
        "REPORT": f"{tmp_path / 'report.html'}",
        "SPIDER_MODULES": "crawlproj.spiders,tests.contract_spider",
        "GUARD_ALLOW": "" if words is BENCH else "127.0.0.0/8",  # it crawls this machine
        "LOG_LEVEL": "ERROR",
    }
    env = {f"CRAWLPROJ_{name}": value for name, value in project.items()}
    given = [word.replace("URL", url) for word in words]
    code, output = scrapy(*given, env={**env, "BASE": url, "BROWSER": "true"})
    assert shown in output
    assert code == (words[0] == "check")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_it_takes_no_start_urls_of_scrapy_redis(
    server: Redis, client: Client, web: DemoWeb
) -> None:
    client.rpush("plain:start_urls", "http://pushed.test/")
    settings = {
        "REDIS_URL": server.url(),
        "SPIDER_MODULES": "tests.redis_spiders",
        "GUARD_ALLOW": "127.0.0.0/8",
    }
    url = f"{web.url('plain')}/"
    code, output = scrapy("fetch", *options(settings), "--spider=plain", url)
    assert code == 0, output
    assert "<title>" in output
    assert client.keys() == [b"plain:start_urls"]


@pytest.mark.parametrize("spider", [SiteSpider, UrlsSpider])
def test_our_spiders_are_for_no_site_whatever_its_name(
    spider: type[SiteSpider | UrlsSpider],
) -> None:
    assert not spider.handles_request(Request("https://foo.site/"))
    assert not spider.handles_request(Request("https://foo.urls/"))
