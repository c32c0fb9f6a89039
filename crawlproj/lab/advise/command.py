"""The options of ``scrapy lab advise``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.utils.conf import arglist_to_dict
from scrapy.utils.project import get_project_settings

from crawlproj.errors import ConfigError
from crawlproj.lab.advise.advisor import Advisor
from crawlproj.lab.advise.crawls.own_site import LabSiteCrawls
from crawlproj.lab.advise.crawls.user_site import UserSiteCrawls
from crawlproj.lab.advise.tables import advise_tables
from crawlproj.lab.fetch.site.latency import DEFAULT_LATENCY, LATENCY_FORMS, Latency
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.targets import LabTarget
from crawlproj.lab.options import add_out, check_not_negative
from crawlproj.lab.report.session import measure_and_report
from crawlproj.lab.system.machine import usable_cores

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from crawlproj.lab.advise.crawls.base import Crawls
    from crawlproj.lab.report.terminal import ReportProgress

    Advise = Callable[[ReportProgress], dict[str, Any]]

_DEFAULT_IN_FLIGHT, _MAX_IN_FLIGHT = 64, 1024
_MIN_PAGES = 20
_ROUNDS = 3
_SAMPLE_PAGES, _PAGES = 60, 300


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add = parser.add_argument
    add("--url", default="", metavar="URL,…",
        help="crawl your own site, politely, instead of the lab's; add -s GUARD_ALLOW=… if its "
        "address is not public")  # fmt: skip
    add("--sample-pages", type=int, default=_SAMPLE_PAGES, metavar="N",
        help="with --url: pages of each of the two or three samples (default: %(default)s)",
        )  # fmt: skip
    add("--pages", type=int, default=_PAGES, metavar="N",
        help="with --url: pages of the measurement (default: %(default)s)")  # fmt: skip
    add("--latency", default=DEFAULT_LATENCY, metavar="KIND:…",
        help=f"latency of the lab's site: {LATENCY_FORMS} (default: %(default)s)")  # fmt: skip
    add("--page-bytes", type=int, default=10_000, metavar="N",
        help="size of a page of the lab's site (default: %(default)s)")  # fmt: skip
    add("--parse-ms", type=float, default=0.0, metavar="M",
        help="milliseconds of pure Python that parsing a page of the lab's site takes (default: 0)",
        )  # fmt: skip
    add("--in-flight", type=int, default=_DEFAULT_IN_FLIGHT, metavar="C",
        help="maximum in flight at the lab's site, over all workers (default: %(default)s)",
        )  # fmt: skip
    add("--rounds", type=int, default=0, metavar="N",
        help="rounds of sampling and measuring, of which the median counts (default: 3, with "
        "--url 1)")  # fmt: skip
    add("-s", dest="given", action="append", default=[], metavar="NAME=VALUE",
        help="with --url: a setting for its crawls (may be repeated)")  # fmt: skip
    add_out(parser)


def listing() -> Iterator[tuple[str, ...]]:
    """Yield the ways to use the command, as rows of text."""
    yield "--url URL,…", "sample your site with scrapy crawl, recommend a load, measure it"
    yield "--latency …", "the same on the lab's own site"


def run(opts: argparse.Namespace) -> None:
    """Measure, print, and write; raises ConfigError."""
    check_not_negative(opts, "rounds")
    advise = _on_user_site(opts) if opts.url else _on_own_site(opts)
    measure_and_report("advise", opts.out, advise, advise_tables)


def _on_own_site(opts: argparse.Namespace) -> Advise:
    check_not_negative(opts, "page_bytes", "parse_ms")
    if not 1 <= opts.in_flight <= _MAX_IN_FLIGHT:
        raise ConfigError(f"--in-flight must be from 1 to {_MAX_IN_FLIGHT}")
    latency = Latency.from_option(opts.latency)
    workload = f"{opts.page_bytes:,}-byte pages, latency {latency}"
    if opts.parse_ms:
        workload += f", {opts.parse_ms:g} ms to parse"

    def advise(report_progress: ReportProgress) -> dict[str, Any]:
        with LabSite() as site:
            target = LabTarget(site, latency, opts.page_bytes)
            crawls = LabSiteCrawls(target, latency.mean_s, opts.parse_ms, opts.in_flight)
            return {"workload": workload, **_advise(crawls, opts, report_progress)}

    return advise


def _on_user_site(opts: argparse.Namespace) -> Advise:
    for name in ("sample_pages", "pages"):
        if getattr(opts, name) < _MIN_PAGES:
            raise ConfigError(f"--{name.replace('_', '-')} must be at least {_MIN_PAGES}")
    try:
        given = arglist_to_dict([*opts.set, *opts.given])
    except ValueError:
        raise ConfigError("-s must be given as NAME=VALUE") from None
    settings = get_project_settings()
    settings.setdict(given, priority="cmdline")
    crawls = UserSiteCrawls(opts.url, settings, given, (opts.sample_pages, opts.pages))
    return lambda progress: {"workload": opts.url, **_advise(crawls, opts, progress)}


def _advise(
    crawls: Crawls, opts: argparse.Namespace, report_progress: ReportProgress
) -> dict[str, Any]:
    rounds = opts.rounds or (1 if opts.url else _ROUNDS)
    return Advisor(crawls, usable_cores(), rounds, report_progress).run()
