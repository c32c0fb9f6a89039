"""The options of ``scrapy lab serve``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.lab.model import choose, list_models
from crawlproj.lab.options import add_models, add_out, check_not_negative
from crawlproj.lab.report.session import measure_and_report
from crawlproj.lab.serve.measure import Plan, measure
from crawlproj.lab.serve.models.table import MODELS
from crawlproj.lab.serve.tables import serve_tables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_LIMIT = 5  # times a slow query's wait: the time limit of the model that has one


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add_models(parser, MODELS)
    add("--rate", type=float, default=150.0, metavar="N",
        help="queries per second, short and slow (default: %(default)g)")  # fmt: skip
    add("--slow-ms", type=float, default=200.0, metavar="M",
        help="how long a slow query waits (default: %(default)g)")  # fmt: skip
    add("--slow-share", type=float, default=0.05, metavar="S",
        help="share of slow queries, 0 to 0.5 (default: %(default)g)")  # fmt: skip
    add("--seconds", type=float, default=0.0, metavar="S", help="of each load (default: 2.5)")
    add("--rounds", type=int, default=0, metavar="N", help="measurements (default: 2)")
    add("--quick", action="store_true",
        help="one round of short loads, four models at a time: some 15 seconds")  # fmt: skip
    add_out(parser)


def listing() -> Iterator[tuple[str, ...]]:
    """Yield the models that the command measures, as rows of text."""
    return list_models(MODELS)


def run(opts: argparse.Namespace) -> None:
    """Measure, print, and write; raises ConfigError."""
    measure_and_report("serve", opts.out, partial(measure, plan_of(opts)), serve_tables)


def plan_of(opts: argparse.Namespace) -> Plan:
    """Read the options; raises ConfigError, which names the option that is wrong."""
    if not 1 <= opts.rate <= 2000:
        raise ConfigError("--rate must be from 1 to 2000")
    if not 1 <= opts.slow_ms <= 5000:
        raise ConfigError("--slow-ms must be from 1 to 5000")
    if not 0 <= opts.slow_share <= 0.5:
        raise ConfigError("--slow-share must be from 0 to 0.5")
    check_not_negative(opts, "seconds", "rounds")
    slow_s = opts.slow_ms / 1000
    return Plan(
        models=choose(MODELS, opts.models),
        rate=opts.rate,
        seconds=opts.seconds or (0.6 if opts.quick else 2.5),
        slow_share=opts.slow_share,
        slow_s=slow_s,
        limit_s=_LIMIT * slow_s,
        rounds=opts.rounds or (1 if opts.quick else 2),
        at_once=4 if opts.quick else 1,
    )
