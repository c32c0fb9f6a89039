from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import aiohttp
import pytest

from crawlproj.errors import AddressRefused
from crawlproj.http.config import HttpConfig
from crawlproj.http.connection import Protocol
from crawlproj.http.connector import Connector
from crawlproj.http.guard import Guard
from crawlproj.http.resolver import DaemonThreads, Resolver
from tests.http.helpers import on_reactor
from tests.waiting import PATIENCE_S


def answering(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Make every lookup answer with ``addresses``; return the list of names looked up."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def resolver(timeout_s: float = 5.0, threads: int = 2) -> Resolver:
    return Resolver(timeout_s=timeout_s, threads=threads, guard=Guard())


@on_reactor
async def test_refused_addresses_are_dropped_from_a_mixed_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(monkeypatch, "10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111")
    found = await resolver().resolve("mixed.example", 80)
    assert [result["host"] for result in found] == ["8.8.8.8", "2606:4700::1111"]


@on_reactor
async def test_a_name_with_only_refused_addresses_is_refused_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(monkeypatch, "10.0.0.1", "127.0.0.1")
    with pytest.raises(AddressRefused, match=r"inside\.example has .* refused: 127\.0\.0\.1 is a"):
        await resolver().resolve("inside.example", 80)


@on_reactor
@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 70 + ".example"])
async def test_a_name_that_does_not_resolve_raises_an_os_error(name: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        await resolver().resolve(name, 80)


@on_reactor
async def test_a_slow_lookup_times_out_without_delaying_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        if host == "slow.example":
            answered.wait(PATIENCE_S)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    names = resolver(timeout_s=0.2)
    slow = asyncio.ensure_future(names.resolve("slow.example", 80))
    assert (await names.resolve("quick.example", 80))[0]["host"] == "8.8.8.8"
    with pytest.raises(socket.gaierror, match=r"no answer within 0\.2 seconds"):
        await slow
    answered.set()
    await names.close()


@on_reactor
async def test_answers_are_cached_and_concurrent_lookups_of_a_name_are_shared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answering(monkeypatch, "8.8.8.8")
    connector = Connector(HttpConfig(guard=Guard()))
    await asyncio.gather(*(connector._resolve_host("a.example", 80) for _ in range(5)))
    await connector._resolve_host("a.example", 80)
    assert asked == ["a.example"]
    await connector.close()


@on_reactor
async def test_without_the_cache_every_connection_looks_up_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answering(monkeypatch, "8.8.8.8")
    connector = Connector(HttpConfig(dns_cache_size=0))
    for _ in range(2):
        await connector._resolve_host("a.example", 80)
    assert asked == ["a.example"] * 2
    await connector.close()


@on_reactor
async def test_a_refused_address_gets_no_socket() -> None:
    connector = Connector(HttpConfig(guard=Guard()))
    with pytest.raises(AddressRefused):
        connector._socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    await connector.close()


def test_aiohttp_has_every_private_name_that_we_use() -> None:
    # Connector and Protocol override or call these. If aiohttp renames one, this test fails first.
    for name in (
        "_create_connection",
        "_create_direct_connection",
        "_wrap_create_connection",
        "_start_tls_connection",
        "_update_proxy_auth_header_and_build_proxy_req",
        "_resolve_host",
        "_release",
        "connect",
    ):
        assert callable(getattr(aiohttp.TCPConnector, name)), name
    assert callable(Protocol.set_response_params)


def test_threads_are_started_as_needed_up_to_max_threads() -> None:
    go, names, lock = threading.Event(), set(), threading.Lock()

    def work() -> None:
        with lock:
            names.add(threading.get_ident())
        go.wait(PATIENCE_S)

    pool = DaemonThreads(2, "test")
    futures = [pool.submit(work) for _ in range(5)]
    go.set()
    for future in futures:
        future.result(PATIENCE_S)
    assert len(names) <= 2
    failing = pool.submit(int, "x")
    assert isinstance(failing.exception(PATIENCE_S), ValueError)
    pool.shutdown(wait=False)


@pytest.mark.slow
@on_reactor
async def test_a_good_name_resolves_beside_a_thousand_whose_servers_are_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    answered = answering(monkeypatch, "8.8.8.8")
    answer = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        if host.startswith("dead"):
            released.wait(2 * PATIENCE_S)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return answer(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    one = Resolver(timeout_s=2 * PATIENCE_S, threads=128, guard=None)
    dead = [asyncio.ensure_future(one.resolve(f"dead{n}.example", 80)) for n in range(1000)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(PATIENCE_S):  # before any of the dead ones
            found = await one.resolve("good.example", 80)
    finally:
        released.set()
        await asyncio.gather(*dead, return_exceptions=True)
        await one.close()
    assert [each["host"] for each in found] == ["8.8.8.8"]
    assert answered == ["good.example"]


@pytest.mark.parametrize(("errno", "seconds"), [(socket.EAI_NONAME, 30.0), (socket.EAI_AGAIN, 1.0)])
@on_reactor
async def test_a_failure_is_remembered_for_a_while(
    monkeypatch: pytest.MonkeyPatch, errno: int, seconds: float
) -> None:
    asked: list[str] = []
    now = 100.0

    def getaddrinfo(host: str, *_: Any, **options: Any) -> list[Any]:
        asked.append(host)
        raise socket.gaierror(errno, "failed")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    one = Resolver(timeout_s=5.0, threads=2, guard=None, clock=lambda: now)
    for _ in range(3):
        with pytest.raises(socket.gaierror, match="failed"):
            await one.resolve("a.example", 80)
    assert asked == ["a.example"]
    now += seconds
    with pytest.raises(socket.gaierror):
        await one.resolve("a.example", 80)
    assert len(asked) == 2
    await one.close()
