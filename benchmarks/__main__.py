"""``python -m benchmarks``: stock Scrapy and crawlproj side by side.

See docs/explanation/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import pstats
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.cases import CASES, SIDES, Docs, case_of
from benchmarks.crawls import Crawls
from benchmarks.processes import ROOT, WrongResult, stop_when_terminated
from benchmarks.report import Compared, as_json, table_of
from benchmarks.sites import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.cases import Case, Side
    from benchmarks.crawls import Run

RESULTS = ROOT / "benchmarks" / "results"
_PROFILED = 25


def main() -> int:
    """Measure, print the table and write the figures; return the exit status."""
    options = _options()
    stop_when_terminated()
    # In a pipe, rich assumes 80 columns; the table needs more.
    console = Console(width=None if sys.stdout.isatty() else 130)
    cases = []
    names = options.cases or (() if options.docs else CASES)
    for case in [*(CASES[name] for name in names), *map(case_of, options.docs)]:
        if isinstance(case.source, Docs) and case.source.missing:
            console.print(f"{case.name}: skipped, {case.source.missing}", style="yellow")
        else:
            cases.append(case)
    try:
        if options.profile:
            for case in cases:
                profile(case, options.pages or case.pages)
            return 0
        compared = [
            compare(case, options.rounds, options.pages or case.pages, console) for case in cases
        ]
    except WrongResult as exc:
        console.print(f"no comparison, because the results are wrong: {exc}", style="bold red")
        return 1
    console.print(table_of(compared, options.rounds))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(as_json(compared), indent=1, default=str) + "\n")
    console.print(f"The figures of all runs are in {path.relative_to(ROOT)}")
    return int(options.check and not all(one.reached for one in compared))


def compare(case: Case, rounds: int, pages: int, console: Console) -> Compared:
    """Measure ``rounds`` rounds of one crawl of each side, between two start-ups of its own.

    So a machine that becomes slower or faster does the same to a crawl and to its start-up.
    """
    start_ups: dict[Side, list[float]] = {side: [] for side in SIDES}
    runs: dict[Side, list[Run]] = {side: [] for side in SIDES}
    with _crawls(case, pages) as crawls:
        for number in range(rounds):
            for side in SIDES:
                before_s = crawls.run(side, "one").cpu_s
                runs[side].append(crawls.run(side, "all"))
                after_s = crawls.run(side, "one").cpu_s
                start_ups[side].append((before_s + after_s) / 2)
            cost = ", ".join(f"{side} {runs[side][-1].cpu_s:.2f} s CPU" for side in SIDES)
            console.print(f"{case.name}: round {number + 1} of {rounds}: {cost}", style="dim")
    return Compared(case, crawls.pages, start_ups, runs)


def profile(case: Case, pages: int) -> None:
    """Print the CPU time of crawlproj on the reactor's thread, most expensive functions first."""
    with _crawls(case, pages) as crawls:
        stats = pstats.Stats(str(crawls.profile("all")))
    stats.sort_stats("tottime").print_stats(_PROFILED)


@contextmanager
def _crawls(case: Case, pages: int) -> Iterator[Crawls]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(case, pages, folder) as sites:
            yield Crawls(case, sites, pages, folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Compares crawlproj with stock Scrapy."
    )
    parser.add_argument(
        "cases", nargs="*", metavar="case", help=f"{', '.join(CASES)} (default: all)"
    )
    parser.add_argument(
        "--docs",
        metavar="path",
        type=lambda path: Path(path).resolve(),
        action="append",
        default=[],
        help="a folder of HTML files with an index.html, or the start page; may be repeated",
    )
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds (default: 3)")
    parser.add_argument("--pages", type=int, default=0, help="pages per crawl (default: by case)")
    parser.add_argument("--check", action="store_true", help="exit status 1 if a target is missed")
    parser.add_argument(
        "--profile", action="store_true", help="run crawlproj alone under cProfile instead"
    )
    options = parser.parse_args()
    if unknown := set(options.cases) - CASES.keys():
        parser.error(f"unknown case: {', '.join(sorted(unknown))}; choose from {', '.join(CASES)}")
    if options.rounds < 1 or options.pages < 0 or options.pages == 1:
        parser.error("--rounds must be at least 1, --pages at least 2")
    return options


if __name__ == "__main__":
    sys.exit(main())
