"""A site on loopback whose pages a test changes, with validators that tell the truth or lie."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.processes import Scrapy, options

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self


@dataclass
class Answer:
    """The answer of a path. etag: None: of the body; "": none."""

    body: str = ""
    status: int = 200
    etag: str | None = None
    modified: str = ""
    location: str = ""
    kind: str = "text/html"


@dataclass(frozen=True)
class Asked:
    """A request, and what it got."""

    path: str
    conditional: bool
    status: int
    size: int


def html(text: str, *links: str, menu: str = "menu") -> str:
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    paragraph = f"<p>{text}. {'It is long enough to be the main part of a page. ' * 8}</p>"
    return f"<html><body><nav>{menu}</nav><main>{paragraph}{anchors}</main></body></html>"


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # of the usual 5, a crawl fills all, and is refused

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that were killed."""


@dataclass
class ChangingWeb:
    """A server in a thread; use it as a context manager."""

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self) -> list[Asked]:
        """Return the requests since the last call, without robots.txt, by path."""
        asked = [each for each in self.asked if each.path != "/robots.txt"]
        self.asked.clear()
        return sorted(asked, key=lambda each: each.path)

    def paths(self) -> list[str]:
        """Return the paths of the requests since the last call."""
        return [each.path for each in self.take()]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                page = web.pages.get(self.path, Answer("not there", 404, ""))
                body = page.body.encode()
                etag = page.etag
                if etag is None:
                    etag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
                headers = {"ETag": etag, "Last-Modified": page.modified, "Location": page.location}
                matches = etag and self.headers["If-None-Match"] == etag
                since = page.modified and self.headers["If-Modified-Since"] == page.modified
                conditional = "If-None-Match" in self.headers or "If-Modified-Since" in self.headers
                status = page.status
                if status == 200 and (matches or since):
                    status, body = 304, b""
                self.send_response(status)
                for name, value in headers.items():
                    if value:
                        self.send_header(name, value)
                self.send_header("Content-Type", page.kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                web.asked.append(Asked(self.path, conditional, status, len(body)))

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@dataclass
class Crawl:
    """``scrapy crawl site`` of a web into a database of its own.

    more: further settings. beside: webs that are crawled, too.
    """

    web: ChangingWeb
    folder: Path
    more: dict[str, object] = field(default_factory=dict)
    beside: tuple[ChangingWeb, ...] = ()

    def start(self, *arguments: str, spider: str = "site", **settings: Any) -> Scrapy:
        place = f"sqlite:///{self.folder}/crawl.db"
        base: dict[str, object] = {
            "FRONTIER_URL": place,
            "STORE_URL": place,
            "GUARD_ALLOW": "127.0.0.0/8",
            "RETRY_TIMES": 0,
            "REFRESH_SPOT_CHECKS": 0,
            "LOG_LEVEL": "INFO",
        }
        urls = ",".join(f"{web.url}/" for web in (self.web, *self.beside))
        words = ["crawl", spider, "-a", f"url={urls}"]
        for argument in arguments:
            words += ["-a", argument]
        return Scrapy(*words, *options({**base, **self.more, **settings}))

    def run(self, *arguments: str, **settings: Any) -> str:
        process = self.start(*arguments, **settings)
        assert process.wait() == 0, process.output()
        return " ".join(process.output().split())  # without the console's line breaks

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "crawl.db")) as db:
            return db.execute(sql).fetchall()

    def write(self, sql: str, *values: Any) -> None:
        with closing(sqlite3.connect(self.folder / "crawl.db")) as db, db:
            db.execute(sql, values)

    def age(self, days: float) -> None:
        """Let all that was stored have happened so many days earlier."""
        self.write(
            "UPDATE pages SET fetched_at = fetched_at - ?1, checked_at = checked_at - ?1",
            days * 86_400,
        )

    def changes(self) -> list[tuple[str, str]]:
        """Return the paths and kinds of the changes that are not new pages, in order."""
        found = self.query("SELECT url, kind FROM changes WHERE kind <> 'new' ORDER BY seq")
        return [(url.removeprefix(self.web.url), kind) for url, kind in found]
