"""``scrapy serve`` and ``scrapy crawl --serve``, as users type them."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest
import trustme

from crawlproj.demo import DemoWeb, SiteSpec
from tests.frontier.helpers import run
from tests.processes import Scrapy, scrapy
from tests.serve.helpers import fill, page
from tests.servers import Redis, free_port, need
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def address(process: Scrapy) -> str:
    """Return where the server says that it listens."""
    return until(lambda: re.search(r"serving \S+ at (\S+)", process.output()), process)[1]


def stored(address: str) -> bool:
    """Whether a server, and the store behind it, has pages by now."""
    answer = httpx.get(f"{address}/api/pages")
    return answer.status_code == 200 and bool(answer.json()["items"])


def test_the_server_answers_and_ends_with_a_signal(tmp_path: Path) -> None:
    fill(f"sqlite:///{tmp_path}/crawl.db", [page("http://a.test/")])
    store = f"STORE_URL=sqlite:///{tmp_path}/crawl.db"
    process = Scrapy("serve", "--port", "0", "-s", store)
    try:
        place = address(process)
        assert httpx.get(f"{place}/api/pages").json()["items"][0]["url"] == "http://a.test/"
        rebound = httpx.get(f"{place}/api/pages", headers={"Host": "evil.test"})
        assert rebound.status_code == 421
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0, process.output()
    finally:
        process.kill()


def test_behind_a_proxy_it_prints_a_token_once_and_lets_in_who_has_it(tmp_path: Path) -> None:
    store = f"STORE_URL=sqlite:///{tmp_path}/crawl.db"
    process = Scrapy("serve", "--port", "0", "--host", "0.0.0.0", "--behind-proxy", "-s", store)
    try:
        place, _, token = address(process).replace("0.0.0.0", "127.0.0.1").partition("/?token=")
        assert process.output().count(token) == 1
        assert httpx.get(f"{place}/api/summary").status_code == 401
        bearer = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{place}/api/summary", headers=bearer).status_code == 200
        assert httpx.get(f"{place}/api/summary", params={"token": token}).status_code == 303
    finally:
        process.kill()


def test_with_tls_it_may_listen_for_others(tmp_path: Path) -> None:
    authority = trustme.CA()
    made = authority.issue_cert("127.0.0.1")
    for name, pem in (("cert", made.cert_chain_pems[0]), ("key", made.private_key_pem)):
        pem.write_to_path(tmp_path / name)
    authority.cert_pem.write_to_path(tmp_path / "ca")
    process = Scrapy(
        *("serve", "--port", "0", "--host", "0.0.0.0", "-s", f"STORE_URL=sqlite:///{tmp_path}/a"),
        *("--tls-cert", str(tmp_path / "cert"), "--tls-key", str(tmp_path / "key")),
        env={"CRAWLPROJ_SERVE_TOKEN": "0123456789abcdef"},
    )
    try:
        place = address(process).replace("0.0.0.0", "127.0.0.1")
        assert place.startswith("https://")
        assert "0123456789abcdef" not in process.output()
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca"))
        bearer = {"Authorization": "Bearer 0123456789abcdef"}
        answer = httpx.get(f"{place}/api/summary", headers=bearer, verify=trusting)
        assert answer.status_code == 200
        welcome = {"token": "0123456789abcdef"}
        cookie = httpx.get(f"{place}/", params=welcome, verify=trusting).headers["set-cookie"]
        assert "Secure" in cookie
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--host", "0.0.0.0"), "give --tls-cert and --tls-key"),
        (("--tls-cert", "/none"), "give --tls-cert and --tls-key"),
        (("--port", "70000"), "--port must be from 0 to 65535"),
        (("-s", "FRONTIER_URL=memory:"), "SQLite and Redis frontiers"),
        (("-s", "STORE_URL=ftp://x"), "scrapy serve reads sqlite:///FILE"),
        (("-s", "SERVE_TOKEN=short"), "at least 16 characters"),
        (("x",), "serve takes no arguments"),
        (("--database", "sqlite:///x.db"), "together with --queries FILE"),
        (("--queries", "none.toml"), "together with --queries FILE"),
        (("--database", "sqlite:///x.db", "--queries", "none.toml"), "cannot be read"),
    ],
)
def test_what_cannot_be_served_ends_with_status_2_and_says_why(
    words: tuple[str, ...], message: str
) -> None:
    status, shown = scrapy("serve", *words)
    assert (status, message in shown, "Traceback" in shown) == (2, True, False), shown


def test_a_port_that_is_taken_ends_with_status_1(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, shown = scrapy("serve", "--port", str(port))
    assert (status, "address already in use" in shown, "--port" in shown) == (1, True, True), shown


def test_a_server_beside_a_crawl_serves_its_pages_and_ends_with_it(tmp_path: Path) -> None:
    port = free_port()
    place = f"sqlite:///{tmp_path}/crawl.db"
    with DemoWeb([SiteSpec("plain", "plain", pages=400)], tmp_path / "log") as web:
        process = Scrapy(
            *("crawl", "site", "-a", f"url={web.url('plain')}", "--serve"),
            *("-s", f"STORE_URL={place}", "-s", f"FRONTIER_URL={place}", "-s", "STORE_SEARCH=1"),
            *("-s", "GUARD_ALLOW=127.0.0.0/8", "-s", f"SERVE_PORT={port}", "-s", "LOG_LEVEL=ERROR"),
            *("-s", "DOWNLOAD_DELAY=0.2", "-s", "SHUTDOWN_GRACE=1"),
        )
        try:
            served = address(process)
            until(lambda: stored(served), process)
            assert httpx.get(f"{served}/api/search", params={"q": "page"}).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0, process.output()
        finally:
            process.kill()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served}/api/pages")


def test_a_server_beside_a_crawl_that_cannot_listen_stops_it_before_it_begins(
    tmp_path: Path,
) -> None:
    place = f"sqlite:///{tmp_path}/crawl.db"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, shown = scrapy(
            *("crawl", "site", "-a", "url=http://127.0.0.1:9/", "--serve"),
            *("-s", f"STORE_URL={place}", "-s", f"FRONTIER_URL={place}"),
            *("-s", f"SERVE_PORT={port}"),
        )
    assert (status, "set SERVE_PORT to another port" in shown) == (2, True), shown
    assert "Traceback" not in shown
    assert not (tmp_path / "crawl.db").exists()


def test_a_server_beside_a_fleet_shows_its_workers_and_ends_with_it(tmp_path: Path) -> None:
    need(Redis.missing())
    port = free_port()
    store = f"sqlite:///{tmp_path}/crawl.db"
    with DemoWeb([SiteSpec("plain", "plain", pages=400)], tmp_path / "log") as web:
        process = Scrapy(
            *("fleet", "site", "-n", "2", "-a", f"url={web.url('plain')}", "--serve"),
            *("-s", f"STORE_URL={store}", "-s", f"FLEET_DIR={tmp_path}/fleet"),
            *("-s", "GUARD_ALLOW=127.0.0.0/8", "-s", f"SERVE_PORT={port}"),
            *("-s", "DOWNLOAD_DELAY=0.2", "-s", "SHUTDOWN_GRACE=1"),
        )
        try:
            served = address(process)
            until(lambda: stored(served), process)
            workers = f"{served}/workers"
            until(lambda: httpx.get(workers).text.count("end this worker") == 2, process)
            process.send_signal(signal.SIGTERM)
            assert process.wait() == 0, process.output()
        finally:
            process.kill()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served}/api/pages")


def test_a_client_that_goes_away_cancels_its_query(tmp_path: Path) -> None:
    fill(f"sqlite:///{tmp_path}/crawl.db", [page("http://a.test/")])
    endless = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000) "
        "SELECT count(*) FROM c"
    )
    process = Scrapy("serve", "--port", "0", "-s", f"STORE_URL=sqlite:///{tmp_path}/crawl.db")
    try:
        place = address(process)

        async def leave() -> None:
            async with httpx.AsyncClient() as client:
                asking = client.post(f"{place}/api/query", json={"sql": endless})
                await asyncio.wait_for(asking, 1.0)

        with pytest.raises(TimeoutError):
            run(leave())

        def slow() -> dict[str, int]:
            lanes: dict[str, dict[str, int]] = httpx.get(f"{place}/api/summary").json()["lanes"]
            return lanes["slow"]

        until(lambda: slow()["abandoned"], process)
        assert slow()["out_of_time"] == 0
    finally:
        process.kill()
