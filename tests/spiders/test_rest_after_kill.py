"""A crawl that follows a killed one waits for the rest that the site asked for."""

from __future__ import annotations

import signal
import sqlite3
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from crawlproj.limits.learned import learned_from
from tests.processes import Scrapy, options, scrapy
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


@contextmanager
def refusing(asked: list[str]) -> Iterator[str]:
    """Give the URL of a site whose pages are refused, but for the first; it notes what is asked."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            is_home = self.path == "/"
            body = b"<p>Home<a href=/1>1</a><a href=/2>2</a>" if is_home else b"Later"
            self.send_response(200 if is_home else 404 if self.path == "/robots.txt" else 429)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "600")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def test_a_killed_crawl_goes_on_after_the_rest_that_its_site_asked_for(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/crawl.db"
    settings = {"STORE_URL": place, "FRONTIER_URL": place, "GUARD_ALLOW": "127.0.0.0/8"}

    def rests() -> bool:
        with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
            notes = [
                learned_from(note) for (note,) in db.execute("SELECT note FROM frontier_notes")
            ]
        return any(note is not None and note.rest_until for note in notes)

    asked: list[str] = []
    with refusing(asked) as url:
        words = ("crawl", "site", "-a", f"url={url}", *options(settings))
        first = Scrapy(*words)
        until(lambda: asked[-1:] == ["/1"] and rests())
        first.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
        asked.clear()
        code, shown = scrapy(*words, "-s", "CLOSESPIDER_TIMEOUT=3")
        assert code == 0, shown
        assert asked == []
