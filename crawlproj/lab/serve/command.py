"""The options of ``scrapy lab serve``, and what it prints."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.lab.report.terminal import measure_and_tell
from crawlproj.lab.serve.measure import Plan, measured
from crawlproj.lab.serve.models.table import MODELS, chosen
from crawlproj.lab.serve.tables import serve_tables

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_LIMIT = 5  # times a slow query's wait, after which the model with a time limit gives it up


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    add = parser.add_argument
    add("--models", default="", metavar="A,B", help=f"of: {', '.join(MODELS)} (default: all)")
    add("--rate", type=float, default=150.0, metavar="N",
        help="queries a second, short and slow (default: %(default)g)")  # fmt: skip
    add("--slow-ms", type=float, default=200.0, metavar="M",
        help="what a slow query waits (default: %(default)g)")  # fmt: skip
    add("--slow-share", type=float, default=0.05, metavar="S",
        help="slow ones among all, 0 to 0.5 (default: %(default)g)")  # fmt: skip
    add("--seconds", type=float, default=0.0, metavar="S", help="of each load (default: 2.5)")
    add("--rounds", type=int, default=0, metavar="N", help="measurements (default: 2)")
    add("--quick", action="store_true",
        help="one round of short loads, four models at a time: some 15 seconds")  # fmt: skip
    add("--out", default="lab-report", metavar="DIR",
        help="where lab.json and lab.html go (default: %(default)s)")  # fmt: skip


def listing() -> Iterator[tuple[str, str, str]]:
    """Yield a row a model: its name, its title, and what queries wait in or why it cannot run."""
    for model in MODELS.values():
        yield f"{model.name:16}", f"{model.title:26}", model.missing() or model.places


def run(opts: argparse.Namespace) -> None:
    """Measure, print, and write; raises ConfigError."""
    measure_and_tell("serve", opts.out, partial(measured, plan_of(opts)), serve_tables)


def plan_of(opts: argparse.Namespace) -> Plan:
    """Read the options; raises ConfigError naming the one that is wrong."""
    if not 1 <= opts.rate <= 2000:
        raise ConfigError("--rate must be from 1 to 2000")
    if not 1 <= opts.slow_ms <= 5000:
        raise ConfigError("--slow-ms must be from 1 to 5000")
    if not 0 <= opts.slow_share <= 0.5:
        raise ConfigError("--slow-share must be from 0 to 0.5")
    if opts.seconds < 0 or opts.rounds < 0:
        raise ConfigError("--seconds and --rounds must not be negative")
    try:
        models = chosen(opts.models)
    except ConfigError as exc:
        raise ConfigError(f"--models: {exc}") from None
    slow_s = opts.slow_ms / 1000
    return Plan(
        models=models,
        rate=opts.rate,
        seconds=opts.seconds or (0.6 if opts.quick else 2.5),
        slow_share=opts.slow_share,
        slow_s=slow_s,
        limit_s=_LIMIT * slow_s,
        rounds=opts.rounds or (1 if opts.quick else 2),
        at_once=4 if opts.quick else 1,
    )
