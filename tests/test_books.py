"""A web with one of everything: the summary, the tables and the site's own log add up."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections import Counter
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import Scrapy, options
from tests.waiting import until_at_least

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG = "/" + "long" * 600  # over URLLENGTH_LIMIT, 2083
LINKS = [
    "/fine", "/dropped", "/breaks", "/broken", "/half", "/gone", "/odd-status", "/moved",
    "/moved-too", "/cut-off", "/private", "/a.pdf", "/b.tar.gz", "/b.tar.gz", LONG, "/deep",
    "http://127.0.0.2:1/elsewhere",
]  # fmt: skip


class Web(BaseHTTPRequestHandler):
    """Answers each path in its own way, and notes it."""

    asked: Counter[str]

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        match self.path:
            case "/robots.txt":
                sitemaps = "".join(f"Sitemap: {self.here(path)}\n" for path in ("/good", "/bad"))
                self.answer(f"User-agent: *\nDisallow: /private\n{sitemaps}", "text/plain")
            case "/good":
                urls = "".join(
                    f"<url><loc>{self.here(path)}</loc></url>" for path in ("/x", "/c.zip")
                )
                self.answer(f"<urlset>{urls}</urlset>", "application/xml")
            case "/bad":
                self.answer("", "application/xml")
            case "/":
                self.answer(self.links(*LINKS))
            case "/deep":
                self.answer(self.links("/deeper"))
            case "/deeper":
                self.answer(self.links("/deepest", "/d.pdf"))
            case "/gone":
                self.answer("", status=404)
            case "/odd-status":
                self.answer("", status=999)
            case "/moved" | "/moved-too":
                self.answer("", status=302, location="/target")
            case "/cut-off":
                self.answer("short", length=100)
            case _:
                self.answer(f"<p>{self.path}</p>")

    def here(self, path: str) -> str:
        return f"http://{self.headers['Host']}{path}"

    def links(self, *paths: str) -> str:
        return "".join(f'<a href="{path}">x</a>' for path in paths)

    def answer(
        self,
        body: str,
        kind: str = "text/html",
        status: int = 200,
        length: int = 0,
        location: str = "",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length or len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body.encode())
        self.close_connection = bool(length)

    def handle_one_request(self) -> None:
        self.close_connection = True  # unless a request is handled whole
        with contextlib.suppress(ConnectionError):  # of a crawl that was killed
            super().handle_one_request()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""


@pytest.fixture
def web() -> Iterator[tuple[str, Counter[str]]]:
    asked = Counter[str]()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Web", (Web,), {"asked": asked}))
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def start(base: str, folder: Path, **settings: Any) -> Scrapy:
    database = f"sqlite:///{folder}/crawl.db"
    pipelines = '{"tests.books_spider.Picky": 1, "crawlproj.pipelines.store.StorePipeline": 900}'
    return Scrapy(
        *("crawl", "everything", "-a", f"url={base}/"),
        *options(
            {
                "SPIDER_MODULES": "tests.books_spider",
                "FRONTIER_URL": database,
                "STORE_URL": database,
                "GUARD_ALLOW": "127.0.0.0/8",
                "ITEM_PIPELINES": pipelines,
                "DEPTH_LIMIT": 2,
                "RETRY_TIMES": 0,
                "LOG_LEVEL": "CRITICAL",
                **settings,
            }
        ),
    )


def rows(folder: Path, table: str, column: str) -> dict[str, Any]:
    """Return path → column of a table."""
    with closing(sqlite3.connect(folder / "crawl.db")) as db:
        found = db.execute(f"SELECT url, {column} FROM {table}").fetchall()  # noqa: S608
    return {"/" + url.split("/", 3)[3]: value for url, value in found}


def summary(shown: str) -> dict[str, int]:
    """Return outcome → URLs, as the summary at the end shows it."""
    return {name: int(number) for name, number in re.findall(r"│ (\S.*?) +│ +(\d+) │", shown)}


FAILED = {
    "/breaks": "pipeline-error", "/broken": "callback-error", "/half": "callback-error",
    "/gone": "http-404", "/odd-status": "http-999", "/cut-off": "data-loss",
    "/bad": "not-a-sitemap",
}  # fmt: skip
SKIPPED = {
    "/good": "sitemap", "/private": "robots", "/moved": "redirected", "/moved-too": "redirected",
    "/a.pdf": "extension", "/b.tar.gz": "extension", "/c.zip": "extension", "/d.pdf": "extension",
    LONG: "url-length", "/deepest": "depth",
}  # fmt: skip
DONE = {"/", "/fine", "/deep", "/deeper", "/target", "/x"}


@pytest.mark.slow
def test_summary_tables_and_the_sites_log_add_up(
    web: tuple[str, Counter[str]], tmp_path: Path
) -> None:
    base, asked = web
    process = start(base, tmp_path)
    assert process.wait() == 0, process.output()
    assert rows(tmp_path, "failures", "reason") == FAILED
    assert rows(tmp_path, "skipped", "reason") == SKIPPED
    # A page whose callback raises after it, or that a later pipeline fails on, may be stored.
    assert rows(tmp_path, "pages", "status").keys() == DONE | {"/half"}
    shown = summary(process.output())
    assert shown["done"] == len([*DONE, "/dropped"])
    for state, table in (("failed", FAILED), ("skipped", SKIPPED)):
        counted = {name: n for name, n in shown.items() if name.startswith(f"{state}: ")}
        assert counted == Counter(f"{state}: {reason}" for reason in table.values())
    assert shown["discovered"] == shown["done"] + len(FAILED) + len(SKIPPED)
    with closing(sqlite3.connect(tmp_path / "crawl.db")) as db:
        dropped = db.execute("SELECT _page, reason FROM dropped_items ORDER BY 1").fetchall()
    assert dropped == [(f"{base}/breaks", "pipeline-error"), (f"{base}/dropped", "not wanted")]
    answered = {path for path, why in SKIPPED.items() if why in {"redirected", "sitemap"}}
    fetched = DONE | FAILED.keys() | answered | {"/dropped"}
    once = Counter({"/robots.txt": 1, **dict.fromkeys(fetched, 1)})
    # The odd status might mean that it came too fast: it is tried, and then a page that is known.
    tried = asked - once
    assert not once - asked
    assert tried["/odd-status"] == 1
    assert tried.total() == 2


@pytest.mark.slow
def test_failures_have_details_and_statuses(web: tuple[str, Counter[str]], tmp_path: Path) -> None:
    process = start(web[0], tmp_path)
    assert process.wait() == 0, process.output()
    details = rows(tmp_path, "failures", "detail")
    assert details["/broken"] == "RuntimeError: a broken callback"
    assert details["/breaks"] == "ValueError: this page breaks the pipeline"
    statuses = rows(tmp_path, "failures", "status")
    assert (statuses["/odd-status"], statuses["/broken"]) == (999, 200)
    assert rows(tmp_path, "skipped", "detail")["/moved"] == f"{web[0]}/target"
    assert rows(tmp_path, "skipped", "depth")["/deepest"] == 3


@pytest.mark.slow
def test_a_killed_crawl_still_adds_up(web: tuple[str, Counter[str]], tmp_path: Path) -> None:
    base, asked = web
    for wanted in (6, 12):
        process = start(base, tmp_path, CONCURRENT_REQUESTS=2, STORE_BATCH_DELAY=0.005)
        until_at_least(wanted, asked.total, process)
        process.kill()
    process = start(base, tmp_path)
    assert process.wait() == 0, process.output()
    assert rows(tmp_path, "failures", "reason") == FAILED
    assert rows(tmp_path, "skipped", "reason") == SKIPPED
    shown = summary(process.output())
    assert shown["discovered"] == shown["done"] + len(FAILED) + len(SKIPPED)
