"""The parts of the benchmark, with their targets."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.redis_frontier.memory import measure
from benchmarks.redis_frontier.runs import Run, Runs
from crawlproj.demo import DemoWeb, SiteSpec
from tests.servers import Redis

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.redis_frontier.runs import Side
    from crawlproj.demo.spec import Kind

_STOCK_PAGES = 1500  # per crawl with latency: enough for a rate
_STOCK_SLOW_PAGES = 300  # with a slow Redis, as this takes as long as all other crawls together
_STOCK_URLS = 100_000
_PER_SITE = 8
# Pages per site of crawls by two workers. Sharing out the sites takes a second or two, and so does
# the end, when one worker has none left. That should be a small part, as in a real crawl.
_SHARED_PAGES = 1200


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. reached: None without a target."""

    what: str
    measured: str
    target: str = ""
    reached: bool | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """rows: for the table. data: for JSON. others: maximum CPU share of other programs, up to 1."""

    rows: list[Row]
    data: dict[str, Any]
    others: float = 0.0


def trips_and_cpu(options: Namespace) -> Part:
    """Measure round trips and CPU per page in a crawl without latency."""
    sides: tuple[Side, ...] = ("scrapy-redis", "redis", "sqlite")
    with _runs("plain", options.pages or 400, sites=8) as runs:
        start_up = {side: median(runs.start_up_s(side) for _ in range(3)) for side in sides}
        made = _interleaved(options.rounds, {side: {"side": side} for side in sides}, runs)
    trips = {side: [run.trips / run.pages for run in made[side]] for side in sides}
    cpu = {
        side: [(run.cpu_s - start_up[side]) / run.pages * 1e3 for run in made[side]]
        for side in sides
    }
    added = [mine - file for mine, file in zip(cpu["redis"], cpu["sqlite"], strict=True)]
    server_ms = {
        side: median(run.redis_cpu_s / run.pages * 1e3 for run in made[side]) for side in sides
    }
    each: tuple[Side, ...] = ("redis", "sqlite", "scrapy-redis")
    rows = [
        Row("round trips per page", _spread(trips["redis"], 3), "≤ 0.15",
            median(trips["redis"]) <= 0.15),
        Row("  scrapy-redis", _spread(trips["scrapy-redis"], 2)),
        Row("CPU ms per page beyond SQLite", _spread(added, 2), "≤ 0.2", median(added) <= 0.2),
        Row(f"  CPU ms per page: {', '.join(each)}",
            ", ".join(f"{median(cpu[side]):.2f}" for side in each)),
        Row("  CPU ms of Redis per page: redis, scrapy-redis",
            f"{server_ms['redis']:.3f}, {server_ms['scrapy-redis']:.3f}"),
    ]  # fmt: skip
    return Part(rows, {"start_up_s": start_up, "runs": _data(made)}, _others(made))


def delay(options: Namespace) -> Part:
    """Measure the cost of a slow link to Redis, with 64 in flight and pages that take 100 ms."""
    stock: dict[str, Any] = {"side": "scrapy-redis"}
    cases: dict[str, dict[str, Any]] = {
        "redis": {"side": "redis"},
        "redis, 5 ms per round trip": {"side": "redis", "delay_s": 0.0025},
        "redis, 5 ms each way": {"side": "redis", "delay_s": 0.005},
        "scrapy-redis": stock | {"max_pages": _STOCK_PAGES},
        "scrapy-redis, 5 ms each way": stock | {"delay_s": 0.005, "max_pages": _STOCK_SLOW_PAGES},
    }
    with _runs("small", options.pages or 400, sites=16, latency_s=0.1) as runs:
        made = _interleaved(options.rounds, cases, runs)
    rows = []
    for name in cases:
        side, comma, what = name.partition(", ")
        if not comma:
            continue
        lost = [
            1 - slow.rate / fast.rate for fast, slow in zip(made[side], made[name], strict=True)
        ]
        rates = [median(run.rate for run in made[each]) for each in (side, name)]
        measured = (
            f"{_spread([100 * part for part in lost], 1)} % ({rates[0]:.0f} → {rates[1]:.0f}/s)"
        )
        if side == "redis":
            reached = median(lost) <= 0.1
            rows.append(Row(f"pages/s lost to {what}", measured, "≤ 10 %", reached))
        else:
            rows.append(Row(f"  scrapy-redis, {what}", measured))
    return Part(rows, _data(made), _others(made))


def memory(options: Namespace) -> Part:
    """Measure bytes per URL, for URLs of 79 characters at a thousand hosts."""
    with tempfile.TemporaryDirectory() as name, Redis(Path(name)) as redis:
        found = measure(redis.url(), options.urls, min(options.urls, _STOCK_URLS))
    ours, stock = found["crawlproj"], found["scrapy-redis"]
    rows = [
        Row(f"bytes per seen URL, for {ours.urls:,}", f"{ours.seen:.1f}", "≤ 12", ours.seen <= 12),
        Row("more bytes while pending", f"{ours.pending:.1f}", "≤ 100", ours.pending <= 100),
        Row(f"  scrapy-redis, for {stock.urls:,}: seen, pending",
            f"{stock.seen:.0f}, {stock.pending:.0f}"),
        Row("  CPU µs of Redis: to put, to claim and ack", f"{ours.put_us:.0f}, {ours.end_us:.0f}"),
        Row("  scrapy-redis: to put, to pop", f"{stock.put_us:.0f}, {stock.end_us:.0f}"),
    ]  # fmt: skip
    return Part(rows, {side: asdict(figures) for side, figures in found.items()})


def workers(options: Namespace) -> Part:
    """Measure two workers against one, on pages of 85 KB with 235 links.

    For reference, also one crawl on SQLite, and two at a time with half of the sites each.
    """
    cases: dict[str, dict[str, Any]] = {
        "one": {"side": "redis"},
        "two": {"side": "redis", "workers": 2},
        "one apart": {"side": "sqlite"},
        "two apart": {"side": "sqlite", "workers": 2, "apart": True},
    }
    with _runs("docs", options.pages or _SHARED_PAGES, sites=8) as runs:
        made = _interleaved(options.rounds, cases, runs)

    def gains(two: str, one: str) -> list[float]:
        return [many.rate / single.rate for many, single in zip(made[two], made[one], strict=True)]

    def of_a_core(name: str) -> str:
        return f"{median(getattr(run, name) / run.seconds for run in made['two']):.0%}"

    gained, apart = gains("two", "one"), gains("two apart", "one apart")
    cost = [median(run.cpu_s / run.pages * 1e3 for run in made[name]) for name in ("one", "two")]
    rows = [
        Row("pages/s of two workers / of one", _spread(gained, 2), "≥ 1.7",
            median(gained) >= 1.7),
        Row("  of two crawls that share nothing / of one", _spread(apart, 2)),
        Row("  pages/s: one worker, two workers",
            ", ".join(f"{median(run.rate for run in made[name]):.0f}" for name in ("one", "two"))),
        Row("  CPU ms per page with start-up: one, two", f"{cost[0]:.2f}, {cost[1]:.2f}"),
        Row("  share of a core: demo web, Redis",
            f"{of_a_core('web_cpu_s')}, {of_a_core('redis_cpu_s')}"),
    ]  # fmt: skip
    return Part(rows, _data(made), _others(made))


PARTS: dict[str, Callable[[Namespace], Part]] = {
    "trips": trips_and_cpu,
    "delay": delay,
    "memory": memory,
    "workers": workers,
}


def _interleaved(
    rounds: int, cases: Mapping[Any, Mapping[str, Any]], runs: Runs
) -> dict[Any, list[Run]]:
    """Run the cases in turn, ``rounds`` times; a case is the arguments of ``Runs.run``.

    Every other round runs backwards, so that a machine that becomes slower favours no case.
    """
    made: dict[Any, list[Run]] = {name: [] for name in cases}
    for number in range(rounds):
        for name in reversed(cases) if number % 2 else cases:
            made[name].append(runs.run(**cases[name]))
    return made


@contextmanager
def _runs(kind: Kind, pages: int, *, sites: int, latency_s: float | None = None) -> Iterator[Runs]:
    specs = [
        SiteSpec(f"s{n}", kind, pages=pages, sitemap_only=0, latency_s=latency_s)
        for n in range(sites)
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "redis").mkdir()
        with Redis(folder / "redis") as redis, DemoWeb(specs, folder / "access.log") as web:
            yield Runs(web, redis, folder, _PER_SITE)


def _spread(values: Sequence[float], digits: int) -> str:
    low, mid, high = min(values), median(values), max(values)
    return f"{mid:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _others(made: Mapping[Any, Sequence[Run]]) -> float:
    return max(run.others for runs in made.values() for run in runs)


def _data(made: Mapping[Any, Sequence[Run]]) -> dict[str, Any]:
    return {str(name): [asdict(run) for run in runs] for name, runs in made.items()}
