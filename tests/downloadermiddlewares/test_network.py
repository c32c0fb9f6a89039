"""The address of a request, whoever chose it, and what a failure leaves in the frontier."""

from __future__ import annotations

import asyncio
import itertools
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request

import crawlproj.settings
from crawlproj.downloadermiddlewares.network import NetworkMiddleware
from crawlproj.http.resolver import Resolver
from tests.downloadermiddlewares.crawling import crawl, site
from tests.http.helpers import on_reactor

if TYPE_CHECKING:
    from collections.abc import Callable


URL = "https://a.test:8443/page?at=http://b.test/"


def place(request: Request, **access: str) -> str:
    crawler: Any = SimpleNamespace(spider=SimpleNamespace(access=SimpleNamespace(**access)))
    return NetworkMiddleware(crawler)._place(request)


def test_a_request_connects_to_its_site_or_to_its_proxy() -> None:
    assert place(Request(URL)) == "https://a.test:8443"
    assert place(Request("http://a.test")) == "http://a.test"
    assert place(Request(URL, meta={"proxy": "http://p.test:3128"})) == "http://p.test:3128"
    assert place(Request(URL, meta={"proxy": "p.test:3128"})) == "http://p.test:3128"
    assert place(Request(URL), proxy="http://p.test:3128/") == "http://p.test:3128"
    assert place(Request(URL), proxy="") == "https://a.test:8443"


@pytest.mark.slow
@on_reactor
async def test_a_time_out_after_a_data_url_is_the_sites_own() -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        # Longer than an answer proves that the network is there.
        hanging = Request(f"http://127.0.0.1:{port}/", meta={"download_timeout": 1.2})
        outcomes, crawler = await crawl(["data:,hello", hanging])
    assert outcomes == {"data:,hello": 200, hanging.url: "timeout"}
    assert crawler.stats.get_value("network/put_back") is None


def test_what_is_sent_again_has_lost_the_secrets_of_the_spider() -> None:
    orders = crawlproj.settings.DOWNLOADER_MIDDLEWARES
    of = {name.rpartition(".")[2]: order for name, order in orders.items()}
    assert of["NetworkMiddleware"] < of["AccessMiddleware"]


def without_names(times: int, error: int) -> Callable[..., Any]:
    """A getaddrinfo that fails so many times, and then finds every name on loopback."""
    asked = itertools.count(1)

    def look_up(host: str, port: int, **kwargs: Any) -> Any:
        if host.endswith(".test"):
            if next(asked) <= times:
                raise socket.gaierror(error, "no answer")
            host = "127.0.0.1"
        return original(host, port, **kwargs)

    original = socket.getaddrinfo
    return look_up


@pytest.mark.slow
@on_reactor
async def test_pages_and_robots_txt_wait_for_the_name_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", without_names(4, socket.EAI_AGAIN))
    async with site() as one:
        urls = [f"http://{name}.test:{one.port}/{n}" for name in "ab" for n in range(3)]
        outcomes, crawler = await crawl(urls, ROBOTSTXT_OBEY=True)
    assert outcomes == dict.fromkeys(urls, 200)
    assert crawler.stats.get_value("retry/count") is None
    assert crawler.stats.get_value("network/put_back") >= 1


@on_reactor
async def test_a_remembered_failure_is_forgotten_when_names_can_be_resolved_again() -> None:
    resolver = Resolver(timeout_s=5, threads=2, guard=None)
    for host, error in (("a.test", socket.EAI_AGAIN), ("b.test", socket.EAI_NONAME)):
        resolver._remembered(host, socket.gaierror(error, "no"))
    resolver.forget_passing_failures()
    assert list(resolver._failures) == ["b.test"]


@on_reactor
async def test_a_name_that_does_not_resolve_beside_one_that_does_is_to_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", without_names(0, 0))
    async with site() as one:
        good = [f"http://good.test:{one.port}/{n}" for n in range(20)]
        monkeypatch.setattr(socket, "getaddrinfo", _dead(socket.getaddrinfo))
        outcomes, _ = await crawl([*good[:10], "http://dead.invalid/", *good[10:]])
    assert outcomes == dict.fromkeys(good, 200) | {"http://dead.invalid/": "dns"}


def _dead(look_up: Callable[..., Any]) -> Callable[..., Any]:
    def without_dead(host: str, port: int, **kwargs: Any) -> Any:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_AGAIN, "its own name server is silent")
        return look_up(host, port, **kwargs)

    return without_dead
