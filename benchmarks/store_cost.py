"""Measures what the store's indexes cost for each page: ``python -m benchmarks.store_cost``.

Stores 3,000 pages of 5 KB of text in batches of 50: in SQLite with and without STORE_SEARCH, and,
if ``postgres`` is on PATH, in a server of its own, also without the three indexes by URL that
``scrapy serve`` reads by. Each case has five rounds that take turns, each in a new database; prints
the medians. CPU is that of this process and, as the kernel of Linux counts it, of the server's
process for its connection. The server does not sync to disk.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psycopg

from crawlproj.store.base import Row
from crawlproj.store.url import store_from_url
from tests.servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable

PAGES, BATCH, ROUNDS = 3000, 50, 5
_WORDS = [f"word{number}" for number in range(5000)]
_WEIGHTS = [1 / (number + 1) for number in range(5000)]
_BY_URL = ("pages_by_url", "failures_by_url", "skipped_by_url")


@dataclass(frozen=True, slots=True)
class Case:
    """without: indexes that are dropped before the first page."""

    name: str
    on_server: bool = False
    search: bool = False
    without: tuple[str, ...] = ()


def main() -> None:
    """Measure and print."""
    cases = [Case("SQLite"), Case("SQLite, STORE_SEARCH", search=True)]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        postgres = None
        if not Postgres.missing():
            Path(folder, "postgres").mkdir()
            postgres = Postgres(Path(folder, "postgres"))
            postgres.start()
            stack.callback(postgres.stop)
            cases += [
                Case("PostgreSQL without indexes by URL", on_server=True, without=_BY_URL),
                Case("PostgreSQL", on_server=True),
                Case("PostgreSQL, STORE_SEARCH", on_server=True, search=True),
            ]
        taken: dict[str, list[tuple[float, float]]] = {case.name: [] for case in cases}
        for number in range(ROUNDS):
            for place, case in enumerate(cases):
                name = f"round{number}case{place}"
                if case.on_server and postgres is not None:
                    url = postgres.create(name)
                else:
                    url = f"sqlite:///{folder}/{name}.db"
                taken[case.name].append(asyncio.run(_round(case, url, number)))
    for name, rounds in taken.items():
        cpu, elapsed = (1e3 * median(values) / PAGES for values in zip(*rounds, strict=True))
        sys.stdout.write(f"{name:36} {cpu:6.3f} ms of CPU a page, {elapsed:6.3f} ms elapsed\n")


async def _round(case: Case, url: str, seed: int) -> tuple[float, float]:
    """Store all pages; return seconds of CPU and elapsed seconds."""
    server_cpu: Callable[[], float] = float
    store = store_from_url(url, search=case.search)
    await store.open()
    if case.on_server:
        server_cpu = _server_cpu(url, case.without)
    rows = [_page(number, seed) for number in range(PAGES)]
    cpu, began = time.process_time() + server_cpu(), time.perf_counter()
    for first in range(0, PAGES, BATCH):
        await store.write(rows[first : first + BATCH])
    used, elapsed = time.process_time() + server_cpu() - cpu, time.perf_counter() - began
    await store.close()
    return used, elapsed


def _page(number: int, seed: int) -> Row:
    chance = random.Random(number + PAGES * seed)  # noqa: S311 - reproducible, not secret
    site = number % 100
    return Row(
        "pages",
        {
            "url": f"https://www.site-{site}.example/section/{chance.random()}/page-{number}.html",
            "status": 200,
            "title": f"Page {number} of the site {site}",
            "text": " ".join(chance.choices(_WORDS, _WEIGHTS, k=700)),
            "content_hash": f"{chance.getrandbits(128):032x}",
            "fetched_at": 1.7e9 + number,
        },
    )


def _server_cpu(url: str, without: tuple[str, ...]) -> Callable[[], float]:
    """Drop indexes; return the function that says how much CPU the store's connections used."""
    with psycopg.connect(url, autocommit=True) as db:
        for name in without:
            db.execute(f"DROP INDEX {name}".encode())
        found = db.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        pids = [int(pid) for (pid,) in found.fetchall()]
    tick_s = 1 / os.sysconf("SC_CLK_TCK")

    def used() -> float:
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
        return tick_s * sum(int(each[11]) + int(each[12]) for each in fields)

    return used


if __name__ == "__main__":
    main()
