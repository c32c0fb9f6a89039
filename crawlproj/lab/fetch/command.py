"""The options of ``scrapy lab fetch``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crawlproj.errors import ConfigError
from crawlproj.lab.fetch.measure import Plan, measure
from crawlproj.lab.fetch.models.table import MODELS
from crawlproj.lab.fetch.site.latency import DEFAULT_LATENCY, LATENCY_FORMS, Latency
from crawlproj.lab.fetch.tables import fetch_tables
from crawlproj.lab.model import choose, list_models
from crawlproj.lab.options import add_models, add_out, check_not_negative
from crawlproj.lab.report.session import measure_and_report
from crawlproj.lab.system.machine import usable_cores

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_MAX_IN_FLIGHT = 8192
_IN_FLIGHT, _QUICK_IN_FLIGHT = "1,8,64,512", "64"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add_models(parser, MODELS)
    add("--requests", type=int, default=0, metavar="N",
        help="pages of each run (default: as many as take 0.4 s)")  # fmt: skip
    add("--in-flight", default="", metavar="C,…",
        help=f"requests in flight, one load for each number (default: {_IN_FLIGHT})")  # fmt: skip
    add("--latency", default=DEFAULT_LATENCY, metavar="KIND:…",
        help=f"latency of the lab's site: {LATENCY_FORMS} (default: %(default)s)")  # fmt: skip
    add("--page-bytes", type=int, default=10_000, metavar="N",
        help="size of a page (default: %(default)s)")  # fmt: skip
    add("--parse-ms", type=float, default=0.0, metavar="M",
        help="milliseconds of pure Python that parsing a page takes (default: 0)")  # fmt: skip
    add("--url", default="",
        help="fetch from your own site instead, at http://host:port/path{n}, where {n} stands for "
        "the page's number; ignores robots.txt and requires --in-flight")  # fmt: skip
    add("--rounds", type=int, default=0, metavar="N",
        help="measurements of each load; of one request in flight only one (default: 3)",
        )  # fmt: skip
    add("--budget", type=float, default=0.0, metavar="S",
        help="seconds for everything; rounds that would end later are left out (default: 310)",
        )  # fmt: skip
    add("--quick", action="store_true",
        help=f"one round of short runs at {_QUICK_IN_FLIGHT} in flight: half a minute",
        )  # fmt: skip
    add_out(parser)


def listing() -> Iterator[tuple[str, ...]]:
    """Yield the models that the command measures, as rows of text."""
    return list_models(MODELS)


def run(opts: argparse.Namespace) -> None:
    """Measure, print, and write; raises ConfigError."""
    plan = plan_of(opts)
    measure_and_report(
        "fetch", opts.out, lambda progress: measure(plan, opts.url, progress), fetch_tables
    )


def plan_of(opts: argparse.Namespace) -> Plan:
    """Read the options; raises ConfigError, which names the option that is wrong."""
    check_not_negative(opts, "requests", "page_bytes", "parse_ms", "rounds", "budget")
    if opts.url and not opts.in_flight:
        raise ConfigError(
            "--url requires --in-flight: say how many requests at a time your site may receive"
        )
    latency = Latency.from_option(opts.latency)
    in_flight = _numbers(opts.in_flight or (_QUICK_IN_FLIGHT if opts.quick else _IN_FLIGHT))
    plan = Plan(
        models=choose(MODELS, opts.models),
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
            min_reuse=1,
            rounds=1,
            matrix_in_flight=(64,),
            matrix_parse_ms=(0.0, 2.0, 10.0),
            matrix_seconds=0.25,
            stress_in_flight=0,
            memory_in_flight=(8, 512),
        )
    if opts.url:  # the user has allowed --in-flight, and nothing beyond
        plan = replace(plan, matrix_in_flight=(), stress_in_flight=0, memory_in_flight=())
    if opts.rounds:
        plan = replace(plan, rounds=opts.rounds)
    return replace(plan, budget_s=opts.budget) if opts.budget else plan


def _numbers(text: str) -> list[int]:
    try:
        numbers = sorted({int(word) for word in text.split(",")})
    except ValueError:
        numbers = []
    if not numbers or numbers[0] < 1 or numbers[-1] > _MAX_IN_FLIGHT:
        raise ConfigError(
            f"--in-flight must be whole numbers from 1 to {_MAX_IN_FLIGHT}, such as {_IN_FLIGHT}; "
            f"not {text!r}"
        )
    return numbers
