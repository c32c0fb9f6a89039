"""``python -m benchmarks.redis_frontier``: the shared frontier against stock scrapy-redis.

See docs/explanation/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from benchmarks.processes import ROOT, WrongResult, stop_when_terminated
from benchmarks.redis_frontier.parts import PARTS
from benchmarks.report import measured_on

if TYPE_CHECKING:
    from benchmarks.redis_frontier.parts import Part

_QUIET = 0.05  # share of the machine that other programs may use


def main() -> int:
    """Measure, print the table and write the figures; return the exit status."""
    options = _options()
    stop_when_terminated()
    console = Console(width=None if sys.stdout.isatty() else 110)
    parts: dict[str, Part] = {}
    try:
        for name in options.parts or PARTS:
            console.print(f"{name} …", style="dim")
            parts[name] = PARTS[name](options)
    except WrongResult as exc:
        console.print(f"no comparison, because the results are wrong: {exc}", style="bold red")
        return 1
    console.print(_table(parts, options.rounds))
    busy = max((part.others for part in parts.values()), default=0.0)
    if busy > _QUIET:
        console.print(
            f"Other programs used up to {busy:.0%} of the machine during a run, so the figures say "
            "little. Measure again when the machine is idle",
            style="yellow",
        )
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"redis-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    figures: dict[str, Any] = {name: part.data for name, part in parts.items()}
    path.write_text(json.dumps({**measured_on(), **figures}, indent=1) + "\n")
    console.print(f"The figures of all runs are in {path.relative_to(ROOT)}")
    reached = all(row.reached in {None, True} for part in parts.values() for row in part.rows)
    return int(options.check and not reached)


def _table(parts: dict[str, Part], rounds: int) -> Table:
    table = Table(title=f"median (min to max) of {rounds} rounds", title_justify="left")
    for heading in ("measure", "result", "target", ""):
        table.add_column(heading)
    verdicts = {None: "", True: "reached", False: "[bold red]missed[/]"}
    for part in parts.values():
        for row in part.rows:
            table.add_row(row.what, row.measured, row.target, verdicts[row.reached])
        table.add_section()
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.redis_frontier",
        description="Compares the frontier on Redis with stock scrapy-redis.",
    )
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds (default: 3)")
    parser.add_argument("--pages", type=int, default=0, help="pages per site (default: by part)")
    parser.add_argument(
        "--urls", type=int, default=1_000_000, help="URLs of the part memory (default: 1000000)"
    )
    parser.add_argument("--check", action="store_true", help="exit status 1 if a target is missed")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"unknown part: {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    if options.rounds < 1 or options.pages < 0 or options.pages == 1 or options.urls < 1:
        parser.error("--rounds and --urls must be at least 1, --pages at least 2")
    return options


if __name__ == "__main__":
    sys.exit(main())
