from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from crawlproj.demo import DEMO_SITES, DemoWeb, LogLine, SiteSpec
from crawlproj.demo.spec import Fate, fate_of, path_of
from crawlproj.errors import CrawlprojError
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITES = (
    SiteSpec("plain", pages=40),
    SiteSpec("failing", "failing", pages=80, hanging=True),
    SiteSpec("slow", "slow", pages=20, latency_s=0.2),
)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[DemoWeb]:
    with DemoWeb(SITES, tmp_path / "access.log") as web:
        yield web


def connect(web: DemoWeb, site: str) -> http.client.HTTPConnection:
    parts = urlsplit(web.url(site))
    return http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE_S)


def get(web: DemoWeb, site: str, path: str) -> tuple[int, dict[str, str], bytes]:
    with closing(connect(web, site)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def page_with(fate: Fate) -> str:
    return next(path_of(n) for n in range(80) if fate_of(SITES[1], n) == fate)


def refuses_connections(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((str(parts.hostname), parts.port or 0), 1).close()
    except OSError:
        return True
    return False


def test_each_site_has_an_address_of_its_own(web: DemoWeb) -> None:
    assert list(web.urls) == ["plain", "failing", "slow"]
    assert len({urlsplit(url).netloc for url in web.urls.values()}) == 3
    for site in web.urls:
        status, _, body = get(web, site, "/")
        assert status == 200
        assert f"{site}</title>".encode() in body


def test_a_connection_stays_open_unless_the_client_asks_to_close_it(web: DemoWeb) -> None:
    with closing(connect(web, "plain")) as connection:
        for path in ("/", "/robots.txt", "/missing"):
            connection.request("GET", path)
            connection.getresponse().read()
            assert connection.sock is not None
            local = connection.sock.getsockname()
            connection.request("HEAD", path)
            assert connection.getresponse().read() == b""
            assert connection.sock.getsockname() == local
        connection.request("GET", "/", headers={"Connection": "close"})
        connection.getresponse().read()
        assert connection.sock is None or connection.sock.recv(1) == b""


def test_pipelined_requests_are_answered_in_order(web: DemoWeb) -> None:
    parts = urlsplit(web.url("slow"))
    with socket.create_connection((str(parts.hostname), parts.port or 0), 10) as client:
        heads = [f"GET {path} HTTP/1.1\r\nHost: x\r\n" for path in (path_of(1), "/missing")]
        client.sendall(f"{heads[0]}\r\n{heads[1]}Connection: close\r\n\r\n".encode())
        received = b"".join(iter(lambda: client.recv(65_536), b""))
    assert received.index(b"200 OK") < received.index(b"404 Not Found")


def test_methods_other_than_get_and_head_are_refused(web: DemoWeb) -> None:
    with closing(connect(web, "plain")) as connection:
        connection.request("POST", "/", body=b"x")
        assert connection.getresponse().status == 405


def test_the_log_has_a_line_per_request_with_the_number_in_flight(web: DemoWeb) -> None:
    began = time.time()
    paths = [path_of(n) for n in range(1, 7)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda path: get(web, "slow", path), paths))
    get(web, "plain", "/missing?q=1")
    *slow, plain = web.log()
    assert {line.path for line in slow} == set(paths)
    assert max(line.in_flight for line in slow) > 1
    assert min(line.time for line in slow) >= began - 0.1
    assert plain == LogLine(plain.time, "plain", "GET", "/missing?q=1", 404, 1)


def test_the_request_of_a_client_that_disconnects_is_no_longer_in_flight(web: DemoWeb) -> None:
    for _ in range(3):
        with closing(connect(web, "failing")) as connection:
            connection.request("GET", page_with("hanging"))
            until(lambda: any(line.path == page_with("hanging") for line in web.log()))

    def in_flight() -> int:
        get(web, "failing", "/")
        return web.log()[-1].in_flight

    until(lambda: in_flight() == 1)


def test_each_fate_ends_as_documented(web: DemoWeb) -> None:
    assert get(web, "failing", page_with("gone"))[0] == 404
    assert [get(web, "failing", page_with("broken"))[0] for _ in range(2)] == [500, 500]
    assert [get(web, "failing", page_with("broken once"))[0] for _ in range(2)] == [500, 200]
    status, headers, _ = get(web, "failing", page_with("busy once"))
    assert (status, headers["Retry-After"]) == (503, "1")
    assert get(web, "failing", page_with("busy once"))[0] == 200
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            get(web, "failing", page_with("reset"))
    with pytest.raises(http.client.RemoteDisconnected):
        get(web, "failing", page_with("dropped once"))
    assert get(web, "failing", page_with("dropped once"))[0] == 200
    with pytest.raises(http.client.IncompleteRead):
        get(web, "failing", page_with("truncated"))


def test_redirects_lead_to_expected_pages(web: DemoWeb) -> None:
    fates: tuple[tuple[Fate, int], ...] = (("moved", 1), ("moved twice", 2), ("alias", 1))
    for fate, hops in fates:
        path = page_with(fate)
        for _ in range(hops):
            status, headers, _ = get(web, "failing", path)
            assert status in {301, 302}
            path = headers["Location"]
        assert get(web, "failing", path)[0] == 200
        assert web.url("failing") + path in web.expected("failing").pages


def test_the_server_reports_its_cpu_time(web: DemoWeb) -> None:
    before = web.cpu_s()
    for n in range(40):
        get(web, "plain", path_of(n))
    assert 0 < before < web.cpu_s()


@pytest.mark.slow
def test_the_server_ends_when_its_context_is_left(tmp_path: Path) -> None:
    with DemoWeb(SITES[:1], tmp_path / "access.log") as web:
        url = web.url("plain")
    assert refuses_connections(url)
    with pytest.raises(CrawlprojError, match="not running"):
        web.cpu_s()


@pytest.mark.slow
def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from crawlproj.demo import *\n"
        "with DemoWeb([SiteSpec('site')], Path(sys.argv[1])) as web:\n"
        "    print(web.url('site'), flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "access.log")], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    url = parent.stdout.readline().decode().strip()
    assert not refuses_connections(url)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: refuses_connections(url))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stdin", [subprocess.PIPE, subprocess.DEVNULL])
def test_the_server_ends_on_a_signal(tmp_path: Path, number: int, stdin: int) -> None:
    command = [sys.executable, "-m", "crawlproj.demo", "--spec", '[{"name": "site"}]', "--log"]
    with subprocess.Popen(
        [*command, str(tmp_path / "access.log")], stdin=stdin, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert list(json.loads(process.stdout.readline())) == ["site"]
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("[", "--spec"),
        ('[{"name": "x", "kind": "wiki"}]', "kind must be one of"),
        ('[{"name": "x", "colour": 1}]', "the fields are name, kind, pages"),
    ],
)
def test_a_wrong_spec_is_refused_at_start(tmp_path: Path, spec: str, words: str) -> None:
    command = [sys.executable, "-m", "crawlproj.demo", "--log", str(tmp_path / "log"), "--spec"]
    ended = subprocess.run([*command, spec], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert words in ended.stderr


@pytest.mark.slow
def test_a_log_that_cannot_be_written_is_an_error_at_start(tmp_path: Path) -> None:
    with (
        pytest.raises(CrawlprojError, match="ended with status 2"),
        DemoWeb(SITES, tmp_path / "missing" / "access.log"),
    ):
        pass


def test_two_sites_with_the_same_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CrawlprojError, match="same name"):
        DemoWeb([SiteSpec("a"), SiteSpec("a")], tmp_path / "access.log")


def test_the_demo_has_about_six_hundred_pages_on_sites_of_four_kinds() -> None:
    assert {site.kind for site in DEMO_SITES} == {"plain", "docs", "slow", "failing"}
    assert 500 <= sum(site.pages for site in DEMO_SITES) <= 700
