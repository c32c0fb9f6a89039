"""``python -m benchmarks.weather``: compares admission policies on simulated sites."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks.weather.families import FAMILIES, SEVERAL
from benchmarks.weather.policies import POLICIES, policy_of
from benchmarks.weather.report import as_json, matrix, scenario_table, summary_table
from benchmarks.weather.running import run_all
from benchmarks.weather.scenario import Scenario, load_all
from benchmarks.weather.spread import BEST_FIXED, CEILING, Draw, run_draws, runs_table, spread_table
from benchmarks.weather.trace import as_csv, as_lines, as_plot, trace
from crawlproj.errors import ConfigError

_COLUMNS = 120


def main() -> int:
    """Run the command line; return the exit status."""
    options = _options()
    try:
        scenarios = [s for s in load_all() if options.set in {"all", s.half}]
        if options.random:
            return _random(options)
        if options.trace:
            return _trace(scenarios, options)
        if options.scenarios:
            named = [s for name in options.scenarios for s in _named(scenarios, name)]
            scenarios = [scenario for scenario in scenarios if scenario in named]
        policies = options.policies.split(",")
        for name in policies:
            policy_of(name)
    except ConfigError as exc:
        print(exc, file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else _COLUMNS)
    results = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("simulating", total=len(scenarios) * len(policies))
        for result in run_all(scenarios, policies, options.seeds, options.jobs):
            results.append(result)
            progress.advance(task)
    if options.details or options.scenarios:
        for _, group in groupby(results, key=lambda r: (r.scenario.half, r.scenario.name)):
            console.print(scenario_table(list(group)))
    console.print(matrix(results))
    for half, group in groupby(results, key=lambda r: r.scenario.half):
        results_of_half = list(group)
        console.print(runs_table(results_of_half))
        console.print(summary_table(half, results_of_half))
    print(f"{options.seeds} seeds; ± is half of the 95 % confidence interval over them.")
    if options.json:
        options.json.write_text(json.dumps(as_json(results, options.seeds), indent=1) + "\n")
    return 0


def _random(options: argparse.Namespace) -> int:
    """Crawl random sites of every family, and print how the figures are spread."""
    families = options.families.split(",")
    if unknown := set(families) - set(FAMILIES):
        raise ConfigError(f"unknown family {min(unknown)!r}; choose from {', '.join(FAMILIES)}")
    policies = tuple(options.policies.split(","))
    for name in set(policies) - {CEILING, BEST_FIXED}:
        policy_of(name)
    seed = options.draw if options.draw is not None else secrets.randbelow(1_000_000)
    draws = [Draw(f, n, seed, policies) for f in families for n in range(options.random)]
    console = Console(width=None if sys.stdout.isatty() else _COLUMNS)
    console.print(f"sites drawn with --draw {seed}")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        runs = run_draws(draws, options.jobs)
        drawn = list(progress.track(runs, len(draws), description="sites"))
    for name, group in groupby(drawn, key=lambda each: each.draw.family):
        console.print(spread_table(name, list(group)))
    if len(families) > 1:
        console.print(spread_table("all families", drawn))
    if options.json:
        data = {"draw": seed, "sites": [each.as_json() for each in drawn]}
        options.json.write_text(json.dumps(data, indent=1) + "\n")
    return 0


def _trace(scenarios: list[Scenario], options: argparse.Namespace) -> int:
    name, policy, seed = options.trace
    if not seed.isdigit():
        raise ConfigError(f"the seed must be a whole number, not {seed!r}")
    scenario = _named(scenarios, name)[0]
    if not 0 <= options.site < len(scenario.sites):
        raise ConfigError(f"--site must be from 0 to {len(scenario.sites) - 1} for {scenario.name}")
    points, decisions = trace(scenario, policy, int(seed), options.site, options.step)
    if options.csv:
        print(as_csv(points))
    else:
        print(f"{scenario.half} {scenario.name}: {scenario.about}; {policy}, seed {seed}\n")
        print(as_plot(points))
        if decisions:
            print(f"\nThe last {len(decisions)} changes of the limit:\n{as_lines(decisions)}")
    return 0


def _named(scenarios: list[Scenario], name: str) -> list[Scenario]:
    """Return the scenarios called ``name``, or the one called half/name."""
    half, _, plain = name.rpartition("/")
    found = [s for s in scenarios if s.name == plain and half in {"", s.half}]
    if not found:
        names = ", ".join(dict.fromkeys(s.name for s in scenarios))
        raise ConfigError(f"unknown scenario {name!r}; choose from {names}")
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weather", description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", metavar="scenario", help="name or half/name (default: all of --set)"
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument(
        "--policies", default=",".join(POLICIES), help="comma-separated, also fixed-N"
    )
    parser.add_argument("--set", choices=("tuned", "held-out", "all"), default="tuned")
    parser.add_argument(
        "--random", type=int, metavar="N", help="crawl N random sites of each family instead"
    )
    parser.add_argument("--draw", type=int, metavar="SEED", help="draw the same sites again")
    parser.add_argument(
        "--families",
        default=",".join(SEVERAL),
        help=f"families of --random, comma-separated (of {', '.join(FAMILIES)})",
    )
    parser.add_argument("--jobs", type=int, default=2, help="number of processes")
    parser.add_argument("--details", action="store_true", help="also print a table per scenario")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures, by seed")
    parser.add_argument("--trace", nargs=3, metavar=("SCENARIO", "POLICY", "SEED"))
    parser.add_argument("--csv", action="store_true", help="print the trace as CSV, not as a plot")
    parser.add_argument("--site", type=int, default=0, help="site of the trace, from 0")
    parser.add_argument("--step", type=float, default=1.0, help="seconds per point of the trace")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
