"""The two servers, and the same queries as each of them takes them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from benchmarks.processes import WrongResult, environment
from benchmarks.serve.pages import url
from crawlproj.lab.system.subprocesses import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATASETTE = "datasette==0.65.5"
_START_S = 60.0
_SHORT = 500  # different short queries
# Reads every page's text.
_SLOW_SQL = "SELECT count(*) FROM pages WHERE text LIKE '%no such words in it%' AND status <> {}"
# Ends only because it is ended.
_ENDLESS_SQL = (
    "WITH RECURSIVE n(i) AS (SELECT {} UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
)
_SLOW = [(_SLOW_SQL if n % 10 else _ENDLESS_SQL).format(n) for n in range(1000)]


@dataclass(frozen=True, slots=True)
class Served:
    """A server: its port, its process, and its short and slow queries as HTTP requests."""

    port: int
    pid: int
    short: list[str]
    slow: list[str]

    def get(self, path: str) -> bytes:
        """Return the body of an answer."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            body: bytes = answer.read()
            return body


@contextmanager
def ours(file: Path, port: int, pages: int) -> Iterator[Served]:
    """``scrapy serve`` on the file."""
    command = [sys.executable, "-m", "scrapy", "serve", "--port", str(port)]
    command += ["-s", f"STORE_URL=sqlite:///{file}", "-s", f"FRONTIER_URL=sqlite:///{file}"]
    short = [
        _get(f"/api/pages/{quote(url('old', n % pages), safe='')}?fields=title,status,text")
        for n in range(0, 7919 * _SHORT, 7919)
    ]
    slow = [_post("/api/query", json.dumps({"sql": sql})) for sql in _SLOW]
    with running(command, env=environment(ours=True), stdout=subprocess.DEVNULL) as process:
        served = Served(port, process.pid, short, slow)
        _wait(served, "/api/summary")
        yield served


@contextmanager
def datasette(folder: Path, file: Path, port: int, pages: int) -> Iterator[Served]:
    """Datasette on the file, in an environment of its own below ``folder``."""
    program = folder / "datasette" / "bin" / "datasette"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "datasette")], check=True)
        pip = [str(program.with_name("pip")), "install", "--quiet", DATASETTE]
        subprocess.run([*pip, "setuptools<81"], check=True)  # it imports pkg_resources
    command = [str(program), "serve", str(file), "--port", str(port)]
    command += ["--setting", "sql_time_limit_ms", "10000", "--setting", "max_returned_rows", "1000"]
    name = file.stem
    sql = "SELECT url, title, status, text FROM pages WHERE url = :url"
    short = [
        _get(f"/{name}.json?{urlencode({'sql': sql, 'url': url('old', n % pages)})}")
        for n in range(0, 7919 * _SHORT, 7919)
    ]
    slow = [_get(f"/{name}.json?{urlencode({'sql': sql})}") for sql in _SLOW]
    with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        served = Served(port, process.pid, short, slow)
        _wait(served, "/-/versions.json")
        yield served


def _get(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def _post(path: str, body: str) -> str:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def _wait(served: Served, path: str) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            served.get(path)
        except OSError as exc:
            if time.monotonic() > until:
                raise WrongResult(f"port {served.port} does not answer: {exc}") from exc
            time.sleep(0.1)
        else:
            return
