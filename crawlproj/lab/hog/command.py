"""The options of ``scrapy lab hog``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.lab.hog.gil import GilPlan
from crawlproj.lab.hog.measure import Plan, measure
from crawlproj.lab.hog.models.job import HogJob
from crawlproj.lab.hog.models.table import MODELS
from crawlproj.lab.hog.tables import hog_tables
from crawlproj.lab.model import choose, list_models
from crawlproj.lab.options import add_models, add_out, check_not_negative
from crawlproj.lab.report.session import measure_and_report

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_AFTER_S, _QUICK_AFTER_S = 0.3, 0.15
_PERIOD_S = 0.01
_MIN_GIL_ROUNDS = 3  # the best of which counts
_HOG_FACTOR = 2.5  # times its CPU time, which the hog may take because it shares its core


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add_models(parser, MODELS)
    add("--tasks", type=int, default=100, metavar="N", help="short tasks (default: %(default)s)")
    add("--hog-ms", type=float, default=500.0, metavar="M",
        help="CPU time that the hog takes without a pause (default: %(default)g)")  # fmt: skip
    add("--rounds", type=int, default=0, metavar="N", help="measurements (default: 3)")
    add("--quick", action="store_true",
        help="one round, with a hog of at most 100 ms: some 12 seconds")  # fmt: skip
    add_out(parser)


def listing() -> Iterator[tuple[str, ...]]:
    """Yield the models that the command measures, as rows of text."""
    return list_models(MODELS)


def run(opts: argparse.Namespace) -> None:
    """Measure, print, and write; raises ConfigError."""
    measure_and_report("hog", opts.out, partial(measure, plan_of(opts)), hog_tables)


def plan_of(opts: argparse.Namespace) -> Plan:
    """Read the options; raises ConfigError, which names the option that is wrong."""
    if not 1 <= opts.tasks <= 500:
        raise ConfigError("--tasks must be from 1 to 500: one model runs a process for each")
    if not 10 <= opts.hog_ms <= 10_000:
        raise ConfigError("--hog-ms must be from 10 to 10000")
    check_not_negative(opts, "rounds")
    hog_s = min(opts.hog_ms, 100.0) / 1000 if opts.quick else opts.hog_ms / 1000
    after_s = _QUICK_AFTER_S if opts.quick else _AFTER_S
    rounds = opts.rounds or (1 if opts.quick else 3)
    job = HogJob(
        tasks=opts.tasks,
        turns=round((after_s + _HOG_FACTOR * hog_s) / _PERIOD_S),
        period_s=_PERIOD_S,
        hog_after_s=after_s,
        hog_cpu_s=hog_s,
    )
    sizes = {"python": 20_000, "hash": 50} if opts.quick else {"python": 60_000, "hash": 100}
    gil = GilPlan(sizes, rounds=max(rounds, _MIN_GIL_ROUNDS))
    return Plan(choose(MODELS, opts.models), job, gil, rounds)
