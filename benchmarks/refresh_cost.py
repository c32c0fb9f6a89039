"""The cost of crawling an unchanged site again: ``python -m benchmarks.refresh_cost [CASE]``.

Crawls documentation (postgres-docs unless another case is named), then the same again with
``refresh=auto``, for which nothing is due yet, and with ``refresh=always``, and asks for the same
pages with a stock Scrapy spider that only sends their validators. They take turns. Prints medians
of the CPU per page; each round's start-up, that of the same crawls of a single page, is subtracted.
One in twenty of our checks fetches the whole page.

The last line is a month of daily runs with ``refresh=auto``: what they find due is computed with
the policy itself, and costs what the runs above did.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.cases import CASES, Docs
from benchmarks.crawls import our_settings
from benchmarks.doc_site import DocSite
from benchmarks.processes import ROOT, environment, failure, stop_when_terminated, wait
from crawlproj.refresh.auto import Auto
from crawlproj.store.base import Checked
from crawlproj.store.revisions import observed

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUNDS = 5
_FIRST, _IDLE, _REFRESH, _STOCK = (
    "first crawl",
    "refresh=auto, none due",
    "refresh=always",
    "stock Scrapy, 304 only",
)
_DAYS, _DAY_S = 30, 86_400.0
_ALIKE = 200  # pages of the site
_STORED = "SELECT url, etag FROM pages"
_UNCHECKED = "SELECT count(*) FROM pages WHERE checked_at = first_seen_at"


def main() -> None:
    """Measure and print."""
    stop_when_terminated()
    name = sys.argv[1] if len(sys.argv) > 1 else "postgres-docs"
    docs = CASES[name].source if name in CASES else None
    if not isinstance(docs, Docs):
        sys.exit(f"{name} is not a documentation of benchmarks/cases.py")
    if docs.missing:
        sys.exit(docs.missing)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with DocSite(docs, folder / "access.log") as site:
            rounds = [
                (_round(folder, f"{site.url}/one.html")[0], *_round(folder, site.url + site.index))
                for _ in range(ROUNDS)
            ]
    pages = rounds[0][2]
    print(f"{name}: {pages} pages, {ROUNDS} rounds; CPU per page, start-up subtracted")
    costs = {
        kind: [(cpu[kind] - one[kind]) / pages * 1000 for one, cpu, _ in rounds]
        for kind in (_FIRST, _IDLE, _REFRESH, _STOCK)
    }
    first = median(costs[_FIRST])
    for kind, each in costs.items():
        print(
            f"{kind:22} {median(each):6.3f} ms ({min(each):.3f}–{max(each):.3f}), "
            f"{median(each) / first:4.0%} of the first crawl"
        )
    due = checks_per_day(_DAYS)
    daily = median(costs[_IDLE]) + due * median(costs[_REFRESH])
    print(
        f"refresh=auto daily, for {_DAYS} days: {due:.3f} checks of a page a day, {daily:.3f} ms, "
        f"{daily / first:.1%} of the first crawl"
    )


def checks_per_day(days: int) -> float:
    """Return how often a daily ``refresh=auto`` checks each page of a site that never changes."""
    history: str | None = "[]"
    at, checks = 0.0, 0
    for day in range(1, days + 1):
        now = day * _DAY_S
        page = Checked("pages", "http://a.example/", 0, at, "", False, "x", None, None, history)
        policy = Auto(per_day=1)
        policy.begin(now)
        for _ in range(_ALIKE):
            policy.learn(page)
        policy.note(page, now)
        if policy.is_due(page, now):
            history, at = observed(history, at, now, changed=False), now
            checks += 1
    return checks / days


def _round(folder: Path, start: str) -> tuple[dict[str, float], int]:
    """Return the CPU seconds of each kind of crawl, and how many pages there are."""
    database, list_of_pages = folder / "crawl.db", folder / "pages.txt"
    for file in folder.glob("crawl.db*"):
        file.unlink()
    ours = ["crawl", "site", "-a", f"url={start}"]
    ours += [word for item in our_settings(database).items() for word in ("-s", "=".join(item))]
    cpu = {_FIRST: _run(folder, ours, ours=True)}
    with closing(sqlite3.connect(database)) as db:
        pages = db.execute(_STORED).fetchall()
    cpu[_IDLE] = _run(folder, [*ours, "-a", "refresh=auto"], ours=True)
    cpu[_REFRESH] = _run(folder, [*ours, "-a", "refresh=always"], ours=True)
    with closing(sqlite3.connect(database)) as db:
        (unchecked,) = db.execute(_UNCHECKED).fetchone()
    if unchecked:
        raise SystemExit(f"the refresh left {unchecked} of {len(pages)} pages unchecked")
    list_of_pages.write_text("\n".join(map("\t".join, pages)))
    stock = ["runspider", "benchmarks/conditional.py", "-a", f"file={list_of_pages}"]
    cpu[_STOCK] = _run(folder, stock, ours=False)
    return cpu, len(pages)


def _run(folder: Path, words: Iterable[str], *, ours: bool) -> float:
    """Run Scrapy; return the CPU seconds of its process. Raises WrongResult if it fails."""
    command, log_file = ["scrapy", *words], folder / "log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment(ours=ours),
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
        usage = wait(process)
    if process.returncode or b"Traceback" in log_file.read_bytes():
        raise failure(command, process.returncode, log_file)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
