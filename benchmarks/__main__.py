"""``python -m benchmarks``: stock Scrapy and crawlproj, side by side on the same pages.

Each round runs both sides one after the other, each in a fresh process. CPU is user and system time
of that process and its threads (wait4), minus that of the same command on a site of three pages,
divided by pages. The results of both are compared after each round. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.demo.spec import path_of

IN_FLIGHT = 64
ROOT = Path(__file__).parent.parent
COMPARED = "url, status, title, description, canonical, language, content_hash"


@dataclass(frozen=True, slots=True)
class Case:
    """A comparison: the site, whether it is the whole job, and what must be reached.

    ratio: crawlproj's pages per CPU second over stock's, at least.
    cpu_ms: crawlproj's CPU milliseconds per page, at most; 0 for no such target.
    """

    name: str
    kind: str
    whole_job: bool
    pages: int
    ratio: float
    cpu_ms: float = 0.0


CASES = (
    Case("links", "docs", whole_job=True, pages=400, ratio=10),
    Case("plain", "plain", whole_job=True, pages=1500, ratio=2),
    Case("fetch", "plain", whole_job=False, pages=4000, ratio=3, cpu_ms=0.6),
)


@dataclass(slots=True)
class Side:
    """Figures of one side, a value a round."""

    cpu_ms: list[float] = field(default_factory=list)
    pages_per_s: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Run:
    """One process: CPU and wall seconds, peak memory, and what it stored."""

    cpu_s: float
    wall_s: float
    rss_mb: float
    rows: list[tuple[Any, ...]]


def run(side: str, case: Case, web: DemoWeb, site: str, folder: Path, pages: int) -> Run:
    """Crawl ``site`` with one side in a fresh process and folder."""
    database = folder / "crawl.db"
    for leftover in folder.glob("crawl.db*"):
        leftover.unlink()
    settings: dict[str, Any] = {
        "CONCURRENT_REQUESTS": IN_FLIGHT,
        "CONCURRENT_REQUESTS_PER_DOMAIN": IN_FLIGHT,
        "LOG_LEVEL": "WARNING",
    }
    if side == "ours":
        url = f"sqlite:///{database}"
        settings |= {
            "CONCURRENCY_MAX_PER_SITE": IN_FLIGHT,
            "FRONTIER_URL": url,
            "STORE_URL": url,
            "GUARD_ALLOW": ["127.0.0.0/8"],
            "PROGRESS_ENABLED": False,
        }
    else:
        settings["STOCK_DATABASE"] = str(database)
    if case.whole_job:
        spider = "site" if side == "ours" else "stock-site"
        arguments = {"url": f"{web.url(site)}/"}
    else:
        spider, urls = "fetch", folder / "urls.txt"
        arguments = {"file": str(urls)}
        urls.write_text("".join(f"{web.url(site)}{path_of(n)}\n" for n in range(pages)))
    command = [sys.executable, "-m", "benchmarks.run", side, spider]
    began = time.perf_counter()
    process = subprocess.Popen([*command, json.dumps(arguments), json.dumps(settings)], cwd=ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed; its error is printed above")
    rows: list[tuple[Any, ...]] = []
    if case.whole_job:
        with closing(sqlite3.connect(database)) as db:
            rows = db.execute(f"SELECT {COMPARED} FROM pages ORDER BY url").fetchall()
    cpu_s = usage.ru_utime + usage.ru_stime
    return Run(cpu_s, wall_s, usage.ru_maxrss / 1024, rows)


def measure(case: Case, rounds: int, pages: int, console: Console) -> dict[str, Side]:
    """Run ``rounds`` rounds of both sides, after one of each on three pages for the start-up."""
    kind: Any = case.kind
    specs = [SiteSpec("measured", kind, pages=pages), SiteSpec("tiny", kind, pages=3)]
    sides = {"stock": Side(), "ours": Side()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with DemoWeb(specs, folder / "access.log") as web:
            start_up = {
                side: median(run(side, case, web, "tiny", folder, 3).cpu_s for _ in range(3))
                for side in sides
            }
            for number in range(rounds):
                stored = {}
                for side, figures in sides.items():
                    seen = len(web.log())
                    result = run(side, case, web, "measured", folder, pages)
                    answered = sum(line.status == 200 for line in web.log()[seen:])
                    if answered < pages:
                        raise SystemExit(f"{case.name}: {side} got {answered} of {pages} pages")
                    stored[side] = result.rows
                    figures.cpu_ms.append((result.cpu_s - start_up[side]) / (pages - 3) * 1e3)
                    figures.pages_per_s.append(pages / result.wall_s)
                    figures.rss_mb.append(result.rss_mb)
                if stored["stock"] != stored["ours"]:
                    raise SystemExit(f"{case.name}: stock and crawlproj stored different pages")
                console.print(f"{case.name}: round {number + 1} of {rounds} done", style="dim")
    return sides


def main() -> None:
    """Read the arguments, measure, print the table; exit status 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(names)}; all when left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=0, help="instead of each case's own number")
    parser.add_argument("--check", action="store_true", help="exit 1 if a target is missed")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(names):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    console = Console()
    table = Table(
        title=f"{IN_FLIGHT} in flight, medians of {options.rounds} rounds", title_justify="left"
    )
    for heading in ("case", "side", "CPU ms\na page", "range", "pages/s\nper core"):
        table.add_column(heading, justify="left" if heading in {"case", "side"} else "right")
    for heading in ("pages/s\nwall", "RSS\nMB", "ratio", "target"):
        table.add_column(heading, justify="right")
    missed = []
    for case in CASES:
        if options.cases and case.name not in options.cases:
            continue
        sides = measure(case, options.rounds, options.pages or case.pages, console)
        ratios = [
            stock / ours
            for stock, ours in zip(sides["stock"].cpu_ms, sides["ours"].cpu_ms, strict=True)
        ]
        ratio, cpu_ms = median(ratios), median(sides["ours"].cpu_ms)
        for side, figures in sides.items():
            cpu = median(figures.cpu_ms)
            ours = side == "ours"
            target = f"≥ {case.ratio:g} ×" + (f", ≤ {case.cpu_ms} ms" if case.cpu_ms else "")
            table.add_row(
                case.name if side == "stock" else "",
                side,
                f"{cpu:.2f}",
                f"{min(figures.cpu_ms):.2f}–{max(figures.cpu_ms):.2f}",
                f"{1000 / cpu:,.0f}",
                f"{median(figures.pages_per_s):,.0f}",
                f"{median(figures.rss_mb):,.0f}",
                f"{ratio:.1f} ×" if ours else "",
                target if ours else "",
            )
        table.add_section()
        if ratio < case.ratio or (case.cpu_ms and cpu_ms > case.cpu_ms):
            missed.append(case.name)
    console.print(table)
    if missed:
        console.print(f"targets missed: {', '.join(missed)}", style="bold red")
        if options.check:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
