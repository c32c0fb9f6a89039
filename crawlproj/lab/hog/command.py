"""The options of ``scrapy lab hog``, and what it prints."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.lab.hog.gil import GilPlan
from crawlproj.lab.hog.job import HogJob
from crawlproj.lab.hog.measure import Plan, measured
from crawlproj.lab.hog.models.table import MODELS, chosen
from crawlproj.lab.hog.tables import hog_tables
from crawlproj.lab.report.terminal import measure_and_tell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_AFTER_S, _QUICK_AFTER_S = 0.3, 0.15
_PERIOD_S = 0.01
_LEAST_ROUNDS = 3  # of the CPU work, which is compared by its best
_ROOM = 2.5  # times the hog's CPU time, as it does not get a core to itself


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    add = parser.add_argument
    add("--models", default="", metavar="A,B", help=f"of: {', '.join(MODELS)} (default: all)")
    add("--tasks", type=int, default=100, metavar="N", help="short tasks (default: %(default)s)")
    add("--hog-ms", type=float, default=500.0, metavar="M",
        help="CPU time that the hog takes in one go (default: %(default)g)")  # fmt: skip
    add("--rounds", type=int, default=0, metavar="N", help="measurements (default: 3)")
    add("--quick", action="store_true", help="one round, a hog of 100 ms at most: some 12 seconds")
    add("--out", default="lab-report", metavar="DIR",
        help="where lab.json and lab.html go (default: %(default)s)")  # fmt: skip


def listing() -> Iterator[tuple[str, str, str]]:
    """Yield a row a model: its name, its title, and who ends a turn or why it cannot run."""
    for model in MODELS.values():
        yield f"{model.name:16}", f"{model.title:26}", model.missing() or model.switches


def run(opts: argparse.Namespace) -> None:
    """Measure, print, and write; raises ConfigError."""
    measure_and_tell("hog", opts.out, partial(measured, plan_of(opts)), hog_tables)


def plan_of(opts: argparse.Namespace) -> Plan:
    """Read the options; raises ConfigError naming the one that is wrong."""
    if not 1 <= opts.tasks <= 500:
        raise ConfigError("--tasks must be from 1 to 500: each is a process in one of the models")
    if not 10 <= opts.hog_ms <= 10_000:
        raise ConfigError("--hog-ms must be from 10 to 10000")
    if opts.rounds < 0:
        raise ConfigError("--rounds must be at least 1")
    try:
        models = chosen(opts.models)
    except ConfigError as exc:
        raise ConfigError(f"--models: {exc}") from None
    hog_s = min(opts.hog_ms, 100.0) / 1000 if opts.quick else opts.hog_ms / 1000
    after_s = _QUICK_AFTER_S if opts.quick else _AFTER_S
    rounds = opts.rounds or (1 if opts.quick else 3)
    job = HogJob(
        tasks=opts.tasks,
        times=round((after_s + _ROOM * hog_s) / _PERIOD_S),
        period_s=_PERIOD_S,
        hog_after_s=after_s,
        hog_cpu_s=hog_s,
    )
    sizes = {"python": 20_000, "hash": 50} if opts.quick else {"python": 60_000, "hash": 100}
    return Plan(models, job, GilPlan(sizes, rounds=max(rounds, _LEAST_ROUNDS)), rounds)
