"""With too little memory, only the pages that need more fail; the rest of the crawl goes on."""

from __future__ import annotations

import resource
import sqlite3
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.processes import Scrapy, options

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux has prlimit"),
]

PAGES, LARGE = 12, 3
_MORE = 100 * 1024**2  # bytes beyond those that the process has when it asks for its first page
_BODY = b"<p>word <b a b c d e f g h i j k l m n o p q r s t u v w x y z>x" * 170_000


class Web(BaseHTTPRequestHandler):
    """Small pages, and some whose trees need more than ``_MORE``; limits whoever asks first."""

    crawl: Scrapy

    def do_GET(self) -> None:
        body = f"<p>{self.path}".encode()
        if self.path == "/":
            limit_memory(self.crawl.pid)
            body += "".join(f"<a href=/{n}>x</a>" for n in range(PAGES)).encode()
        elif self.path[1:].isdigit() and int(self.path[1:]) < LARGE:
            body += _BODY
        self.send_response(404 if self.path == "/robots.txt" else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""


def limit_memory(pid: int) -> None:
    has = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (has + _MORE, has + _MORE))


def test_only_pages_that_need_more_memory_than_there_is_fail(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    place = f"sqlite:///{tmp_path}/crawl.db"
    settings = {"FRONTIER_URL": place, "STORE_URL": place, "GUARD_ALLOW": "127.0.0.0/8"}
    url = f"http://127.0.0.1:{server.server_port}/"
    Web.crawl = Scrapy(
        *("crawl", "site", "-a", f"url={url}"), *options({**settings, "RETRY_TIMES": 0})
    )
    status = Web.crawl.wait()
    server.shutdown()
    server.server_close()
    assert status == 0, Web.crawl.output()
    with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
        pages = {url for (url,) in db.execute("SELECT url FROM pages")}
        failed = {url for (url,) in db.execute("SELECT url FROM failures")}
    assert failed
    assert failed <= {f"{url}{n}" for n in range(LARGE)}
    assert pages | failed == {url, *(f"{url}{n}" for n in range(PAGES))}
