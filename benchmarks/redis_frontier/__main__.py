"""``python -m benchmarks.redis_frontier``: the shared frontier beside stock scrapy-redis.

See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.processes import ROOT, WrongResult, stop_when_terminated
from benchmarks.redis_frontier.memory import measure
from benchmarks.redis_frontier.runs import Runs
from benchmarks.report import measured_on
from crawlproj.demo import DemoWeb, SiteSpec
from tests.servers import Redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.redis_frontier.runs import Run, Side

SITES = 8
DELAY_S = 0.005
STOCK_SLOW_PAGES = 300  # at 5 ms a direction stock would take minutes for all

Row = tuple[str, str, str, str]  # what, figure, target, verdict


def main() -> int:
    """Measure, print the table, write the figures; returns the exit status."""
    options = _options()
    stop_when_terminated()
    console = Console(width=None if sys.stdout.isatty() else 110)
    figures: dict[str, Any] = {}
    rows: list[Row] = []
    try:
        for name in options.parts or PARTS:
            console.print(f"{name} …", style="dim")
            found, figures[name] = PARTS[name](options)
            rows += found
    except WrongResult as exc:
        console.print(f"the results are wrong, so nothing is compared: {exc}", style="bold red")
        return 1
    table = Table(title=f"medians of {options.rounds} rounds, in brackets least and most",
                  title_justify="left")  # fmt: skip
    for heading in ("what", "measured", "target", ""):
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"redis-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({**measured_on(), **figures}, indent=1) + "\n")
    console.print(f"every run's figures: {path.relative_to(ROOT)}")
    return int(options.check and any("missed" in verdict for *_, verdict in rows))


def trips_and_cpu(options: argparse.Namespace) -> tuple[list[Row], Any]:
    """Round trips and CPU a page, of a crawl without latency."""
    sides: tuple[Side, ...] = ("scrapy-redis", "redis", "sqlite")
    with _runs("plain", options.pages or 250, per_site=8) as runs:
        start_up = {side: median(runs.start_up_s(side) for _ in range(3)) for side in sides}
        made = _rounds(options.rounds, sides, runs.run)
    trips = {side: [run.trips / run.pages for run in made[side]] for side in sides}
    cpu = {
        side: [(run.cpu_s - start_up[side]) / run.pages * 1e3 for run in made[side]]
        for side in sides
    }
    added = [mine - file for mine, file in zip(cpu["redis"], cpu["sqlite"], strict=True)]
    redis_ms = [run.redis_cpu_s / run.pages * 1e3 for run in made["redis"]]
    stock_ms = [run.redis_cpu_s / run.pages * 1e3 for run in made["scrapy-redis"]]
    rows = [
        ("round trips a page", _spread(trips["redis"], 3), "≤ 0.15",
         _verdict(median(trips["redis"]) <= 0.15)),
        ("  scrapy-redis", _spread(trips["scrapy-redis"], 2), "", ""),
        ("CPU ms a page beyond SQLite's", _spread(added, 2), "≤ 0.2",
         _verdict(median(added) <= 0.2)),
        ("  CPU ms a page: redis, sqlite, scrapy-redis",
         ", ".join(f"{median(cpu[side]):.2f}" for side in ("redis", "sqlite", "scrapy-redis")),
         "", ""),
        ("  the server's CPU ms a page, scrapy-redis's",
         f"{median(redis_ms):.3f}, {median(stock_ms):.3f}", "", ""),
    ]  # fmt: skip
    return rows, {"start_up_s": start_up, "runs": _data(made)}


def delay(options: argparse.Namespace) -> tuple[list[Row], Any]:
    """Pages a second with a slow way to Redis, at 64 in flight on pages that take 100 ms."""
    with _runs("small", options.pages or 250, per_site=8, latency_s=0.1) as runs:
        made: dict[str, list[Run]] = {}
        for _ in range(options.rounds):
            for name, side, delay_s, most in (
                ("redis", "redis", 0.0, 0),
                ("redis, 5 ms", "redis", DELAY_S, 0),
                ("scrapy-redis", "scrapy-redis", 0.0, 0),
                ("scrapy-redis, 5 ms", "scrapy-redis", DELAY_S, STOCK_SLOW_PAGES),
            ):
                run = runs.run(side, delay_s=delay_s, most=most)  # type: ignore[arg-type]
                made.setdefault(name, []).append(run)
    rows: list[Row] = []
    for side, target in (("redis", 0.1), ("scrapy-redis", 0.0)):
        pairs = zip(made[side], made[f"{side}, 5 ms"], strict=True)
        lost = [1 - slow.rate / fast.rate for fast, slow in pairs]
        rates = [median(run.rate for run in made[name]) for name in (side, f"{side}, 5 ms")]
        rows.append((
            f"{side}: pages/s lost to 5 ms each way",
            f"{_spread([100 * part for part in lost], 0)} % ({rates[0]:.0f} → {rates[1]:.0f}/s)",
            f"≤ {target:.0%}" if target else "",
            _verdict(median(lost) <= target) if target else "",
        ))  # fmt: skip
    return rows, _data(made)


def memory(options: argparse.Namespace) -> tuple[list[Row], Any]:
    """Bytes a URL, over a thousand hosts, 79 characters each."""
    with tempfile.TemporaryDirectory() as name, Redis(Path(name)) as redis:
        found = measure(redis.url(), options.urls, min(options.urls, 100_000))
    ours, stock = found["crawlproj"], found["scrapy-redis"]
    rows = [
        (f"bytes a seen URL, of {ours.urls:,}", f"{ours.seen:.1f}", "≤ 12",
         _verdict(ours.seen <= 12)),
        ("bytes more while it is pending", f"{ours.pending:.1f}", "≤ 100",
         _verdict(ours.pending <= 100)),
        (f"  scrapy-redis, of {stock.urls:,}: seen, pending",
         f"{stock.seen:.0f}, {stock.pending:.0f}", "", ""),
        ("  the server's CPU for put, claim and ack, scrapy-redis's",
         f"{ours.cpu_us:.0f} µs, {stock.cpu_us:.0f} µs", "", ""),
    ]  # fmt: skip
    return rows, {side: asdict(figures) for side, figures in found.items()}


def workers(options: argparse.Namespace) -> tuple[list[Row], Any]:
    """Two workers against one, on pages of 85 KB with 235 links."""
    with _runs("docs", options.pages or 200, per_site=8) as runs:
        made: dict[str, list[Run]] = {}
        for _ in range(options.rounds):
            for number in (1, 2):
                made.setdefault(str(number), []).append(runs.run("redis", workers=number))
    gains = [two.rate / one.rate for one, two in zip(made["1"], made["2"], strict=True)]
    two = made["2"]
    web = [run.web_cpu_s / run.seconds * 100 for run in two]
    redis = [run.redis_cpu_s / run.seconds * 100 for run in two]
    cost = [median(run.cpu_s / run.pages * 1e3 for run in made[number]) for number in ("1", "2")]
    rows = [
        ("two workers: × one worker's pages/s", _spread(gains, 2), "≥ 1.7",
         _verdict(median(gains) >= 1.7)),
        ("  pages/s of one, of two",
         ", ".join(f"{median(run.rate for run in made[number]):.0f}" for number in ("1", "2")),
         "", ""),
        ("  meanwhile of a core: the demo web, Redis",
         f"{median(web):.0f} %, {median(redis):.0f} %", "", ""),
        ("  CPU ms a page with start-up, of one, of two", f"{cost[0]:.1f}, {cost[1]:.1f}", "", ""),
    ]  # fmt: skip
    return rows, _data(made)


PARTS: dict[str, Callable[[argparse.Namespace], tuple[list[Row], Any]]] = {
    "trips": trips_and_cpu,
    "delay": delay,
    "memory": memory,
    "workers": workers,
}


def _rounds(
    rounds: int, sides: Sequence[Side], run: Callable[[Side], Run]
) -> dict[Side, list[Run]]:
    made: dict[Side, list[Run]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            made[side].append(run(side))
    return made


@contextmanager
def _runs(
    kind: Any, pages: int, *, per_site: int, latency_s: float | None = None
) -> Iterator[Runs]:
    specs = [
        SiteSpec(f"s{n}", kind, pages=pages, sitemap_only=0, latency_s=latency_s)
        for n in range(SITES)
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "redis").mkdir()
        with Redis(folder / "redis") as redis, DemoWeb(specs, folder / "access.log") as web:
            yield Runs(web, redis, folder, per_site)


def _spread(values: Sequence[float], digits: int) -> str:
    low, mid, high = min(values), median(values), max(values)
    return f"{mid:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def _verdict(reached: bool) -> str:
    return "reached" if reached else "[bold red]missed[/]"


def _data(made: dict[Any, list[Run]]) -> dict[str, Any]:
    return {str(name): [asdict(run) for run in runs] for name, runs in made.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.redis_frontier",
        description="Compares the frontier on Redis with stock scrapy-redis.",
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="of each crawl (default: 3)")
    parser.add_argument("--pages", type=int, default=0, help="of each site, instead of its own")
    parser.add_argument("--urls", type=int, default=1_000_000, help="held in memory")
    parser.add_argument("--check", action="store_true", help="exit status 1 if a target is missed")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
