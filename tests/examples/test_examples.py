"""Runs the commands of examples/README.md, to the letter, in a copy of the examples."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes import Scrapy
from tests.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from redis import Redis as Client

    from tests.examples.shop import Shop
    from tests.servers import Redis

pytestmark = pytest.mark.slow  # each command is a process

EXAMPLES = Path(__file__).parents[2] / "examples"
README = (EXAMPLES / "README.md").read_text()
COMMANDS = [
    span[1] or span[2] for span in re.finditer(r"`([^`\n]+)`|^ {4}(.+)$", README, re.MULTILINE)
]

FIELDS = ("title", "author", "genre", "price", "price_eur", "stock")
BOOKS = {
    "dubliners": ("Dubliners", "James Joyce", "stories", "6.50", "7.80", 5),
    "emma": ("Emma", "Jane Austen", "novel", "7.99", "9.59", 12),
    "kew-gardens": ("Kew Gardens", "Virginia Woolf", "stories", "5.25", "6.30", 2),
    "leaves-of-grass": ("Leaves of Grass", "Walt Whitman", "poetry", "10.00", "12.00", 9),
    "lyrical-ballads": ("Lyrical Ballads", "Wordsworth & Coleridge", "poetry", "8.99", "10.79", 4),
    "middlemarch": ("Middlemarch", "George Eliot", "novel", "12.50", "15.00", 3),
    "moby-dick": ("Moby-Dick; or, The Whale", "Herman Melville", "novel", "10.99", "13.19", 7),
    "persuasion": ("Persuasion", "Jane Austen", "novel", "7.49", "8.99", 0),
    "the-dead": ("The Dead", "James Joyce", "stories", "4.00", "4.80", 1),
}
ORDERS = [
    {"number": "1001", "placed_on": "2026-01-14", "total": "15.98"},
    {"number": "1002", "placed_on": "2026-02-02", "total": "6.50"},
    {"number": "1003", "placed_on": "2026-03-21", "total": "25.00"},
    {"number": "1004", "placed_on": "2026-04-09", "total": "4.00"},
    {"number": "1005", "placed_on": "2026-05-30", "total": "8.99"},
    {"number": "1006", "placed_on": "2026-07-01", "total": "10.00"},
]
STOCK = [
    {"slug": "dubliners", "title": "Dubliners", "stock": "5"},
    {"slug": "emma", "title": "Emma", "stock": "12"},
    {"slug": "kew-gardens", "title": "Kew Gardens", "stock": "2"},
    {"slug": "leaves-of-grass", "title": "Leaves of Grass", "stock": "9"},
    {"slug": "lyrical-ballads", "title": "Lyrical Ballads", "stock": "4"},
    {"slug": "middlemarch", "title": "Middlemarch", "stock": "3"},
    {"slug": "moby-dick", "title": "Moby-Dick; or, The Whale", "stock": "7"},
    {"slug": "persuasion", "title": "Persuasion", "stock": "0"},
    {"slug": "silas-marner", "title": "Silas Marner", "stock": "0"},
    {"slug": "the-dead", "title": "The Dead", "stock": "1"},
]


class Project:
    """A copy of the examples in ``folder``, where the README's commands run.

    addresses: what the README writes, and what to use in its place.
    """

    def __init__(self, folder: Path, shop: Shop) -> None:
        made_by_use = shutil.ignore_patterns("__pycache__", "*.db*", "*.jsonl", "*.csv")
        shutil.copytree(EXAMPLES, folder, ignore=made_by_use)
        self.folder = folder / "bookshop"
        self.addresses = {"http://127.0.0.1:8000": shop.url}
        self._started: list[Scrapy | subprocess.Popen[str]] = []

    def start(self, wanted: str) -> Scrapy | subprocess.Popen[str]:
        """Start the one command of the README that contains ``wanted``."""
        (command,) = (command for command in COMMANDS if wanted in command)
        for written, actual in self.addresses.items():
            command = command.replace(written, actual)
        words = shlex.split(command)
        environment = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            # Nothing listens there: Scrapy's cookies must not fetch the Public Suffix List, whose
            # copy in tldextract does as well.
            "https_proxy": "http://127.0.0.1:9",
        }
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        process: Scrapy | subprocess.Popen[str]
        if words[0] == "scrapy":
            process = Scrapy(*words[1:], env=environment, folder=self.folder)
        else:
            process = subprocess.Popen(
                words,
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        self._started.append(process)
        return process

    def stop(self) -> None:
        """Kill what still runs."""
        for process in self._started:
            process.kill()
            process.wait()

    def run(self, wanted: str, *, errors: Sequence[str] = ()) -> tuple[str, str]:
        """Run that command to its end; see ``ended``."""
        return ended(self.start(wanted), errors)

    def json_lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    def stored(self, table: str, order: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """Return the items in a table, sorted by the column ``order``."""
        with closing(sqlite3.connect(self.folder / "crawl.db")) as db:
            query = f'SELECT {", ".join(fields)} FROM "{table}" ORDER BY {order}'  # noqa: S608
            return [dict(zip(fields, row, strict=True)) for row in db.execute(query)]

    def stored_books(self) -> list[dict[str, Any]]:
        """Return the stored books, sorted by URL."""
        return self.stored("book", "url", ("url", *FIELDS))


@pytest.fixture
def project(shop: Shop, tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path / "examples", shop)
    yield project
    project.stop()


def ended(process: Scrapy | subprocess.Popen[str], errors: Sequence[str] = ()) -> tuple[str, str]:
    """Wait for the end of a command; return what a script printed, and the log.

    The command must succeed, and log ``errors`` and no others.
    """
    if isinstance(process, Scrapy):
        status, printed, log = process.wait(), "", process.output()
    else:
        printed, log = process.communicate(timeout=PATIENCE_S)
        status = process.returncode
    assert status == 0, log
    assert re.findall(r" (?:ERROR|CRITICAL): (.*)", log) == list(errors), log
    return printed, log


def books_fetched(shop: Shop) -> list[str]:
    return sorted(request for request in shop.requests if "/books/" in request)


def expected_books(shop: Shop) -> list[dict[str, Any]]:
    """Return the items of the books that have a price, sorted by URL."""
    return [
        {"url": f"{shop.url}/books/{slug}", **dict(zip(FIELDS, values, strict=True))}
        for slug, values in BOOKS.items()
    ]


def test_the_crawl_spider_exports_and_stores_every_book_that_has_a_price(
    shop: Shop, project: Project
) -> None:
    _, log = project.run("crawl catalogue")
    exported = project.json_lines("books.jsonl")
    assert sorted(exported, key=lambda book: book["url"]) == expected_books(shop)
    assert project.stored_books() == expected_books(shop)
    assert f"Dropped: {shop.url}/books/silas-marner has no price" in log


def test_the_login_spider_exports_the_orders_of_the_account(shop: Shop, project: Project) -> None:
    project.run("crawl orders")
    assert project.json_lines("orders.jsonl") == ORDERS
    assert project.stored("order", "number", ("number", "placed_on", "total")) == ORDERS
    assert shop.requests == [
        "GET /robots.txt", "GET /login", "POST /login",
        "GET /account/orders", "GET /account/orders?page=2",
    ]  # fmt: skip


def test_a_login_that_is_refused_is_logged_and_ends_the_crawl(shop: Shop, project: Project) -> None:
    shop.password = "changed"
    project.run("crawl orders", errors=["The login failed: Wrong user or password."])
    assert project.json_lines("orders.jsonl") == []
    assert shop.requests == ["GET /robots.txt", "GET /login", "POST /login"]


def test_the_api_spider_exports_the_stock_of_every_book(shop: Shop, project: Project) -> None:
    project.run("crawl stock")
    with (project.folder / "stock.csv").open() as file:
        assert sorted(csv.DictReader(file), key=lambda row: row["slug"]) == STOCK
    # Genres of at most four books are one page; there are five novels with Silas Marner.
    assert sorted(shop.requests) == [
        "GET /api/genres", "GET /robots.txt", *["POST /api/search"] * 4,
    ]  # fmt: skip


def test_the_script_prints_the_titles(project: Project) -> None:
    output, _ = project.run("run_from_script.py")
    assert output.splitlines() == [row["title"] for row in STOCK]


def test_two_workers_of_the_redis_spider_fetch_each_book_that_is_pushed_once(
    shop: Shop, server: Redis, client: Client, project: Project
) -> None:
    project.addresses["redis://127.0.0.1:6379/0"] = server.url()
    workers = [project.start("crawl queue") for _ in range(2)]
    until(lambda: client.scard("queue:start_urls:workers") == 2)
    project.run("push_urls.py")
    until(lambda: len(books_fetched(shop)) == len(STOCK))
    for worker in workers:
        worker.send_signal(signal.SIGINT)
    for worker in workers:
        ended(worker)
    assert project.stored_books() == expected_books(shop)
    assert books_fetched(shop) == [f"GET /books/{row['slug']}" for row in STOCK]


def test_the_table_of_the_readme_links_to_every_spider_and_script() -> None:
    table = [line for line in README.splitlines() if line.startswith("|")]
    linked = {EXAMPLES / link for row in table for link in re.findall(r"\]\((\S+)\)", row)}
    assert all(path.is_file() for path in linked)
    spiders = EXAMPLES.glob("bookshop/bookshop/spiders/[a-z]*.py")
    assert {*spiders, EXAMPLES / "run_from_script.py"} <= linked
