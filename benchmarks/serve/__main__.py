"""``python -m benchmarks.serve [--pages N] [--seconds S]``: short queries while slow ones flood.

Builds a store of N pages, and serves it with ``scrapy serve`` and then with Datasette, which has
one pool for all queries. Each gets short queries at 200/s: alone, and beside a flood of slow ones
that each read all texts, or never end, while pages are stored at the rate of a crawl. The load is
an open loop; stopping the server for a second shows that it is. Prints figures and requirements,
and exits with status 1 if one is missed. Takes three minutes, and six for building a million pages.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import ROOT, stop_when_terminated
from benchmarks.serve.figures import Figures, figures, recovery_s
from benchmarks.serve.load import Answer, Load
from benchmarks.serve.pages import build
from benchmarks.serve.servers import Served, datasette, ours
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_RATE, _CRAWL_RATE = 200.0, 200.0
_AFTER_S = 4.0  # of short queries after the flood
_STOP_S = 1.0
_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Side:
    """A server's figures: alone, and beside the flood. crawl: pages/s stored in each."""

    idle: Figures
    flood: Figures
    idle_crawl: float
    flood_crawl: float
    recovery_s: float


def main() -> int:
    """Run the benchmark; returns the exit status."""
    options = _options()
    stop_when_terminated()
    with tempfile.TemporaryDirectory() as folder:
        file = options.store or Path(folder, "store.db")
        if not file.exists():
            began = time.monotonic()
            build(file, options.pages)
            print(f"built {options.pages:,} pages in {time.monotonic() - began:.0f} s", flush=True)
        if options.build_only:
            return 0
        print(f"{file.stat().st_size / 1e9:.1f} GB", flush=True)
        with ours(file, free_port(), options.pages) as served:
            side = _measure(served, file, options.seconds, options.slow_rate)
            lanes = json.loads(served.get("/api/summary"))["lanes"]
            stopped = _stopped(served)
        _show("scrapy serve", side)
        other = None
        if not options.alone:
            build_folder = ROOT / "build"
            build_folder.mkdir(exist_ok=True)
            with datasette(build_folder, file, free_port(), options.pages) as served:
                other = _measure(served, file, options.seconds, options.slow_rate)
            _show("Datasette", other)
    return _judge(side, lanes["slow"]["longest_s"], stopped, other)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serve")
    parser.add_argument("--pages", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each load")
    parser.add_argument("--slow-rate", type=float, default=10.0, help="slow queries per second")
    parser.add_argument("--alone", action="store_true", help="leave Datasette out")
    parser.add_argument("--store", type=Path, help="where to build the store, and keep it")
    parser.add_argument("--build-only", action="store_true", help="build it, and measure nothing")
    return parser.parse_args()


def _measure(served: Served, file: Path, seconds: float, slow_rate: float) -> Side:
    short = Load(served.port, served.short, served.slow, _RATE, 0.0, seconds)
    _send(replace(short, seconds=2.0))  # warm up
    with _crawling(file, "idle", seconds) as idle_crawl:
        idle = figures(_send(short))
    with _crawling(file, "flood", seconds) as flood_crawl:
        after: list[list[Answer]] = []
        # The short queries go on when the flood ends.
        going_on = threading.Thread(
            target=lambda: after.append(_send(replace(short, seconds=seconds + _AFTER_S)))
        )
        going_on.start()
        flood = _send(replace(short, rate=0.0, slow_rate=slow_rate))
        going_on.join()
    during = [answer for answer in after[0] if answer.due_s < seconds]
    calm_s = 2 * max(idle.p99_s, 0.005)
    ends_s = seconds
    return Side(
        idle,
        figures([*flood, *during]),
        idle_crawl[0],
        flood_crawl[0],
        recovery_s(after[0], ends_s, calm_s),
    )


def _send(load: Load) -> list[Answer]:
    command = [sys.executable, "-m", "benchmarks.serve.load"]
    ended = subprocess.run(
        command, input=load.to_json(), capture_output=True, text=True, check=True, cwd=ROOT
    )
    return [Answer(*fields) for fields in json.loads(ended.stdout)]


@contextmanager
def _crawling(file: Path, kind: str, seconds: float) -> Iterator[list[float]]:
    """Store new pages meanwhile; the list has the pages/s afterwards."""
    kind = f"{kind}-{time.time_ns()}"
    words = ["benchmarks.serve.writer", str(file), kind, str(seconds), str(_CRAWL_RATE)]
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        rates: list[float] = []
        yield rates
        out, _ = process.communicate()
        rates.append(float(out))


def _stopped(served: Served) -> Figures:
    """Stop the server for a second, in the middle of short queries."""

    def stop() -> None:
        os.kill(served.pid, signal.SIGSTOP)
        time.sleep(_STOP_S)
        os.kill(served.pid, signal.SIGCONT)

    timer = threading.Timer(3.0, stop)
    timer.start()
    load = Load(served.port, served.short, served.slow, _RATE, 0.0, 6.0)
    answers = _send(load)
    timer.join()
    return figures(answers)


def _show(name: str, side: Side) -> None:
    for what, found, crawl in (
        ("alone", side.idle, side.idle_crawl),
        ("beside the flood", side.flood, side.flood_crawl),
    ):
        slow = ", ".join(f"{number} × {status}" for status, number in sorted(found.slow.items()))
        print(
            f"{name}, {what}: {found.short} short queries, p50 {found.p50_s * 1000:.1f} ms, "
            f"p99 {found.p99_s * 1000:.1f} ms, p99.9 {found.p999_s * 1000:.1f} ms, "
            f"{found.errors} failed; stored {crawl:.0f} pages/s",
            flush=True,
        )
        if slow:
            after_ms = found.refused_p99_s * 1000
            print(f"{name}: slow queries by status: {slow}; 503 after {after_ms:.0f} ms (p99)")
    print(f"{name}: recovered {side.recovery_s:.2f} s after the flood", flush=True)


def _judge(side: Side, longest_s: float, stopped: Figures, other: Side | None) -> int:
    idle, flood = side.idle, side.flood
    checks = [
        ("short p99 beside the flood / alone", flood.p99_s / idle.p99_s, "≤", 2.0),
        ("short queries that failed", flood.errors + idle.errors, "≤", 0),
        ("503 of a slow query (p99, s)", flood.refused_p99_s, "≤", 0.1),
        ("longest query (s)", longest_s, "≤", _LIMIT_S + 0.2),
        ("pages stored beside the flood / alone", side.flood_crawl / side.idle_crawl, "≥", 0.9),
        ("recovery (s)", side.recovery_s, "≤", 2.0),
        ("p99.9 with the server stopped for 1 s", stopped.p999_s, "≥", 0.9),
    ]
    if other is not None:
        ratio = other.flood.p99_s / flood.p99_s
        checks.append(("short p99 of Datasette / ours, beside the flood", ratio, "≥", 10.0))
    missed = 0
    for what, value, sign, bound in checks:
        met = value <= bound if sign == "≤" else value >= bound
        missed += not met
        print(f"{'met   ' if met else 'MISSED'} {what}: {value:.3g} ({sign} {bound:g})")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
