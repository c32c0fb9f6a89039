"""``python -m benchmarks.weather_http``: compares crawlers on sites with weather."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.processes import ROOT, WrongResult, stop_when_terminated
from benchmarks.weather_http.report import Result, as_json, shown
from benchmarks.weather_http.runs import once
from benchmarks.weather_http.scenario import Scenario, Side, scenarios
from benchmarks.weather_http.unloaded import unloaded_p99_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.weather_http.measures import Figures

RESULTS = ROOT / "benchmarks" / "results"
_STARTING_S = 3.0  # time of a crawl and its web before the first page and after the last


def main() -> int:
    """Measure, print the tables and write the figures; return the exit status."""
    options = _options()
    stop_when_terminated()
    # In a pipe, rich assumes 80 columns; the tables need more.
    console = Console(width=None if sys.stdout.isatty() else 130)
    known = scenarios()
    chosen = [known[name] for name in options.scenarios or known]
    if options.sides:
        chosen = [replace(scenario, sides=options.sides) for scenario in chosen]
    results = measure(chosen, options.rounds, console)
    for result in results:
        console.print()
        console.print(shown(result), highlight=False)
    path = options.json
    if path is None:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"weather-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(as_json(results), indent=1) + "\n")
    console.print(f"\nThe figures of all runs are in {path}")
    missed = any(verdict.met is False for result in results for verdict in result.verdicts)
    broken = any(result.broken for result in results)
    return int(broken or (options.check and missed))


def measure(chosen: Sequence[Scenario], rounds: int, console: Console) -> list[Result]:
    """Run every side of every scenario ``rounds`` times, one by one except for light sides.

    A crawl that fails is reported and left out; the others continue.
    """
    runs: dict[str, dict[str, list[Figures]]] = {
        scenario.name: {side: [] for side in scenario.sides} for scenario in chosen
    }
    broken: dict[str, list[str]] = {scenario.name: [] for scenario in chosen}
    jobs = [(scenario, side) for scenario in chosen for side in scenario.sides]
    light = [job for job in jobs if job[1] in job[0].light]
    heavy = [job for job in jobs if job not in light]
    longest_s = max((scenario.duration_s for scenario, _ in light), default=0.0)
    one_by_one_s = sum(scenario.duration_s + _STARTING_S for scenario, _ in heavy)
    minutes = rounds * (longest_s + one_by_one_s) / 60
    console.print(f"{len(jobs) * rounds} crawls, about {minutes:.0f} minutes", style="dim")

    def measure_one(job: tuple[Scenario, str]) -> None:
        scenario, side = job
        try:
            found = once(scenario, Side(side))
        except WrongResult as exc:
            broken[scenario.name].append(side)
            words = f"{scenario.name}: {side} failed: {exc}"
            console.print(words, style="red", markup=False, highlight=False)
            return
        runs[scenario.name][side].append(found)
        line = f"{scenario.name}: {side}: goodput {found.goodput:.3f}, errors {found.errors:.1%}"
        console.print(line, style="dim", highlight=False)

    for _ in range(rounds):
        with ThreadPoolExecutor(max(1, len(light))) as pool:
            list(pool.map(measure_one, light))
        for job in heavy:
            measure_one(job)
    return [
        Result(
            scenario,
            {side: done for side, done in runs[scenario.name].items() if done},
            broken[scenario.name],
            unloaded(scenario),
        )
        for scenario in chosen
    ]


def unloaded(scenario: Scenario) -> float | None:
    """Measure the unloaded p99 in seconds; None if no requirement of the scenario uses it."""
    if scenario.require.p99_ratio is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        return unloaded_p99_s(scenario, Path(folder))


def _options() -> argparse.Namespace:
    names = list(scenarios())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.weather_http",
        description="Compares crawlproj with stock Scrapy and AutoThrottle on sites with weather.",
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="scenario", help=f"{', '.join(names)} (default: all)"
    )
    parser.add_argument(
        "--sides",
        type=_sides,
        metavar="SIDE,…",
        help="ours, stock-N, autothrottle, autothrottle-N (default: by scenario)",
    )
    parser.add_argument("--rounds", type=int, default=1, help="number of rounds (default: 1)")
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="default: a new file in results/",
    )
    parser.add_argument(
        "--check", action="store_true", help="exit status 1 if a requirement is missed"
    )
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(names):
        parser.error(f"unknown scenario: {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def _sides(words: str) -> tuple[str, ...]:
    names = tuple(words.split(","))
    for name in names:
        try:
            Side(name)
        except ValueError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from None
    return names


if __name__ == "__main__":
    sys.exit(main())
