"""The options of ``scrapy lab fetch``, and what it prints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.measure import Plan, measured
from crawlproj.lab.fetch.models.table import MODELS, chosen
from crawlproj.lab.fetch.tables import fetch_tables
from crawlproj.lab.options import latency_of, not_negative
from crawlproj.lab.report.terminal import measure_and_tell
from crawlproj.lab.system.machine import usable_cores

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

DEFAULT_OUT = "lab-report"
_MOST_IN_FLIGHT = 8192
_IN_FLIGHT, _QUICK_IN_FLIGHT = "1,8,64,512", "64"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    add = parser.add_argument
    add("--models", default="", metavar="A,B", help=f"of: {', '.join(MODELS)} (default: all)")
    add(
        "--requests",
        type=int,
        default=0,
        metavar="N",
        help="pages a run (default: as many as waiting alone would need 0.4 s for)",
    )
    add(
        "--in-flight",
        default="",
        metavar="C,…",
        help=f"requests in flight, one load each (default: {_IN_FLIGHT})",
    )
    add(
        "--latency",
        default="lognormal:100ms,0.5",
        metavar="KIND:…",
        help="of the lab's site: fixed:100ms, lognormal:MEDIAN,SIGMA, exponential:MEAN or "
        "uniform:LEAST,MOST (default: %(default)s)",
    )
    add(
        "--page-bytes",
        type=int,
        default=10_000,
        metavar="N",
        help="size of a page (default: %(default)s)",
    )
    add(
        "--parse-ms",
        type=float,
        default=0.0,
        metavar="M",
        help="milliseconds of pure Python that each page costs (default: 0)",
    )
    add(
        "--url",
        default="",
        help="fetch from a site of yours instead, http://host:port/path{n}, {n} being the page's "
        "number; asks no robots.txt and needs --in-flight",
    )
    add(
        "--rounds",
        type=int,
        default=0,
        metavar="N",
        help="measurements of each load, of one in flight but one (default: 3)",
    )
    add(
        "--budget",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds for all; rounds that would take longer are left out (default: 310)",
    )
    add(
        "--quick",
        action="store_true",
        help=f"one round of short runs at {_QUICK_IN_FLIGHT} in flight, half a minute",
    )
    add("--out", default=DEFAULT_OUT, metavar="DIR",
        help="where lab.json and lab.html go (default: %(default)s)")  # fmt: skip


def listing() -> Iterator[tuple[str, str, str]]:
    """Yield a row a model: its name, its title, and what it is there for or why it cannot run."""
    for model in MODELS.values():
        yield f"{model.name:15}", f"{model.title:33}", model.missing() or model.shows


def run(opts: argparse.Namespace) -> None:
    """Measure, print, and write; raises ConfigError."""
    plan = plan_of(opts)
    measure_and_tell("fetch", opts.out, lambda say: measured(plan, opts.url, say), fetch_tables)


def plan_of(opts: argparse.Namespace) -> Plan:
    """Read the options; raises ConfigError naming the one that is wrong."""
    not_negative(opts, "requests", "page_bytes", "parse_ms", "rounds")
    if opts.url and not opts.in_flight:
        raise ConfigError(
            "--url needs --in-flight: say how many requests at a time your site is to bear"
        )
    latency = latency_of(opts)
    in_flight = _numbers(opts.in_flight or (_QUICK_IN_FLIGHT if opts.quick else _IN_FLIGHT))
    try:
        models = chosen(opts.models)
    except ConfigError as exc:
        raise ConfigError(f"--models: {exc}") from None
    plan = Plan(
        models=models,
        in_flight=in_flight,
        latency=latency,
        cores=usable_cores(),
        page_bytes=opts.page_bytes,
        parse_ms=opts.parse_ms,
        pages=opts.requests,
    )
    if opts.quick:
        plan = replace(
            plan,
            seconds=0.25,
            turns=1,
            rounds=1,
            matrix_in_flight=(64,),
            matrix_parse_ms=(0.0, 2.0, 10.0),
            matrix_seconds=0.25,
            reach=0,
            memory_in_flight=(8, 512),
        )
    if opts.url:
        # What else it bears is for its owner to say.
        plan = replace(plan, matrix_in_flight=(), reach=0, memory_in_flight=())
    if opts.rounds:
        plan = replace(plan, rounds=opts.rounds)
    return replace(plan, budget_s=opts.budget) if opts.budget else plan


def _numbers(text: str) -> list[int]:
    try:
        numbers = sorted({int(word) for word in text.split(",")})
    except ValueError:
        numbers = []
    if not numbers or numbers[0] < 1 or numbers[-1] > _MOST_IN_FLIGHT:
        raise ConfigError(
            f"--in-flight must be whole numbers from 1 to {_MOST_IN_FLIGHT}, such as {_IN_FLIGHT}; "
            f"not {text!r}"
        )
    return numbers
