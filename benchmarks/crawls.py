"""Runs crawls in separate processes, as a user does, and checks what they stored."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from benchmarks.cases import IN_FLIGHT, Docs
from benchmarks.processes import MAXRSS_BYTES, ROOT, WrongResult, environment, failure, wait

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.cases import Case, Side
    from benchmarks.sites import Sites

_TIMEOUT_S = 1800.0
# All columns except those that differ between runs: depth (by the order of answers) and times.
_COMPARED = (
    "url, requested_url, status, title, description, canonical, language, content_type, "
    "content_hash, "
    # Where words end is for each side to say, and whether a heading's permalink is text; which
    # other characters there are is not.
    "replace(replace(replace(replace(text, ' ', ''), char(10), ''), char(9), ''), '¶', '')"
)


@dataclass(frozen=True, slots=True)
class Run:
    """The cost of a crawl: CPU of its process (user and system, all threads) and of the server."""

    cpu_s: float
    wall_s: float
    rss_mb: float
    server_cpu_s: float


def our_settings(database: Path) -> dict[str, str]:
    """Return the settings of our crawls, which keep their frontier and their pages in a file."""
    return {
        "STORE_URL": f"sqlite:///{database}",
        "FRONTIER_URL": f"sqlite:///{database}",
        "GUARD_ALLOW": "127.0.0.0/8",
        "CONCURRENT_REQUESTS": str(IN_FLIGHT),
        "CONCURRENCY_MAX_PER_SITE": str(IN_FLIGHT),
    }


class Crawls:
    """Crawls of one case's site. Each run starts from an empty folder below ``folder``."""

    def __init__(self, case: Case, sites: Sites, pages: int, folder: Path) -> None:
        self._case = case
        self._sites = sites
        self._pages = pages
        self._folder = folder
        self._fetched: dict[str, set[str]] = {}
        self._stored: dict[str, dict[str, bytes]] = {}
        self._runs = 0

    def run(self, side: Side, site: str) -> Run:
        """Crawl a site. Raises WrongResult if the crawl fails or stores wrong data."""
        folder = self._next_folder()
        command = self._command(side, site, folder)
        log_before, server_before = len(self._sites.fetched()), self._sites.cpu_s()
        with (folder / "log").open("wb") as log:
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=environment(ours=side == "ours"),
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
            usage = wait(process)
            wall_s = time.perf_counter() - began
        if process.returncode:
            raise failure(command, process.returncode, folder / "log")
        self._check_fetched(side, site, log_before)
        if self._case.job == "whole":
            self._check_stored(side, site, folder / "crawl.db")
        return Run(
            usage.ru_utime + usage.ru_stime,
            wall_s,
            usage.ru_maxrss * MAXRSS_BYTES / 1e6,
            self._sites.cpu_s() - server_before,
        )

    def profile(self, site: str) -> Path:
        """Crawl a site with crawlproj under cProfile; return the file of the profile."""
        folder = self._next_folder()
        profile = folder / "profile"
        command = ["cProfile", "-o", str(profile), "-m", *self._command("ours", site, folder)]
        subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment(ours=True),
            check=True,
            timeout=_TIMEOUT_S,
        )
        return profile

    def _next_folder(self) -> Path:
        self._runs += 1
        folder = self._folder / f"run{self._runs}"
        folder.mkdir()
        return folder

    def _command(self, side: Side, site: str, folder: Path) -> list[str]:
        url, database = self._sites.start(site), folder / "crawl.db"
        settings = {"STOCK_DATABASE": str(database)}
        if side == "ours":
            settings = our_settings(database)
        options = [word for item in settings.items() for word in ("-s", "=".join(item))]
        if self._case.job == "fetch":
            count = f"pages={self._pages if site == 'all' else 1}"
            spider = ["runspider", "benchmarks/fetch.py", "-a", count]
        elif self._case.job == "light" and side == "stock":
            spider = ["runspider", "benchmarks/light.py"]
        else:
            spider = ["crawl", "site"]
        return ["scrapy", *spider, "-a", f"url={url}", *options]

    @property
    def pages(self) -> int:
        """How many pages the first crawl of "all" fetched."""
        return len(self._fetched["all"])

    def _check_fetched(self, side: Side, site: str, log_before: int) -> None:
        times = Counter(self._sites.fetched()[log_before:])
        # Nobody knows which pages of a documentation are linked to; so the first crawl's count.
        known = self._sites.expected(site) or set(times)
        pages = self._fetched.setdefault(site, known)
        # Scrapy fetches a start page again when it is linked: dont_filter keeps it from the set.
        start = self._sites.start(site)
        if site == "all" and len(pages) == 1:
            raise WrongResult(f"{start} leads to no other page: give --docs a page that does")
        if wrong := sorted(url for url in pages if not 1 <= times[url] <= 1 + (url == start)):
            raise WrongResult(
                f"{side} fetched {len(wrong)} of {len(pages)} pages not once, "
                f"for example {wrong[0]} {times[wrong[0]]} times"
            )

    def _check_stored(self, side: Side, site: str, database: Path) -> None:
        with closing(sqlite3.connect(database)) as db:
            rows = {
                row[0]: blake2b(repr(row).encode()).digest()
                for row in db.execute(f"SELECT {_COMPARED} FROM pages")
            }
        pages = self._fetched[site]
        if wrong := sorted(pages - rows.keys()):
            raise WrongResult(f"{side} stored no page for {len(wrong)} URLs, such as {wrong[0]}")
        # Compare with the rows of the first run. Parsers may differ on pages that people wrote, so
        # each side is then compared with itself.
        by = side if isinstance(self._case.source, Docs) else "both"
        stored = self._stored.setdefault(f"{by} {site}", rows)
        if different := [url for url, digest in rows.items() if stored[url] != digest]:
            raise WrongResult(
                f"{side} stored other values than the first run for {len(different)} pages, "
                f"for example {different[0]}"
            )
