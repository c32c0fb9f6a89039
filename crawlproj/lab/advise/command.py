"""The options of ``scrapy lab advise``, and what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.utils.conf import arglist_to_dict
from scrapy.utils.project import get_project_settings

from crawlproj.errors import ConfigError
from crawlproj.lab.advise.advisor import Advising
from crawlproj.lab.advise.crawls.own_site import OwnRuns
from crawlproj.lab.advise.crawls.user_site import UserRuns
from crawlproj.lab.advise.tables import advise_tables
from crawlproj.lab.fetch.site.process import LabSite
from crawlproj.lab.fetch.site.targets import OwnSite
from crawlproj.lab.options import latency_of, not_negative
from crawlproj.lab.report.terminal import measure_and_tell
from crawlproj.lab.system.machine import usable_cores

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from crawlproj.lab.advise.crawls.runs import Runs

    Say = Callable[[str, float], None]
    Advise = Callable[[Say], dict[str, Any]]

_IN_FLIGHT = 64
_MOST_IN_FLIGHT = 1024
_FEWEST_PAGES = 20
_ROUNDS = 3
_SAMPLE_PAGES, _PAGES = 60, 300


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    add = parser.add_argument
    add("--url", default="", metavar="URL,…",
        help="crawl this site of yours, politely, instead of the lab's own; -s GUARD_ALLOW=… "
        "for addresses that are not public")  # fmt: skip
    add("--sample-pages", type=int, default=_SAMPLE_PAGES, metavar="N",
        help="with --url: pages of a sample, of which there are two or three (default: "
        "%(default)s)")  # fmt: skip
    add("--pages", type=int, default=_PAGES, metavar="N",
        help="with --url: pages of the measurement (default: %(default)s)")  # fmt: skip
    add("--latency", default="lognormal:100ms,0.5", metavar="KIND:…",
        help="of the lab's site, as of scrapy lab fetch (default: %(default)s)")  # fmt: skip
    add("--page-bytes", type=int, default=10_000, metavar="N",
        help="size of a page of the lab's site (default: %(default)s)")  # fmt: skip
    add(
        "--parse-ms",
        type=float,
        default=0.0,
        metavar="M",
        help="milliseconds of pure Python that each page of the lab's site costs (default: 0)",
    )
    add(
        "--in-flight",
        type=int,
        default=_IN_FLIGHT,
        metavar="C",
        help="the most that the lab's site is to bear, over all workers (default: %(default)s)",
    )
    add("--rounds", type=int, default=0, metavar="N",
        help="of sampling and measuring; medians count (default: 3, with --url 1)")  # fmt: skip
    add("-s", dest="given", action="append", default=[], metavar="NAME=VALUE",
        help="with --url: a setting of its crawls (may be repeated)")  # fmt: skip
    add("--out", default="lab-report", metavar="DIR",
        help="where lab.json and lab.html go (default: %(default)s)")  # fmt: skip


def listing() -> Iterator[tuple[str, str]]:
    """Yield rows of what it does."""
    yield "--url URL ", "samples your site with scrapy crawl, recommends, measures that"
    yield "--latency …", "the same on the lab's own site"


def run(opts: argparse.Namespace) -> None:
    """Measure, print, and write; raises ConfigError."""
    if opts.rounds < 0:
        raise ConfigError("--rounds must be at least 1")
    advise = _on_user_site(opts) if opts.url else _on_own_site(opts)
    measure_and_tell("advise", opts.out, advise, advise_tables)


def _on_own_site(opts: argparse.Namespace) -> Advise:
    not_negative(opts, "page_bytes", "parse_ms")
    if not 1 <= opts.in_flight <= _MOST_IN_FLIGHT:
        raise ConfigError(f"--in-flight must be from 1 to {_MOST_IN_FLIGHT}")
    latency = latency_of(opts)
    words = f"{opts.page_bytes:,}-byte pages that come after {latency}"
    if opts.parse_ms:
        words += f" and cost {opts.parse_ms:g} ms to parse"

    def advise(say: Say) -> dict[str, Any]:
        with LabSite() as site:
            target = OwnSite(site, latency, opts.page_bytes)
            runs = OwnRuns(target, latency.mean_s, opts.parse_ms, opts.in_flight)
            return {"workload": words, **_advising(runs, opts, say)}

    return advise


def _on_user_site(opts: argparse.Namespace) -> Advise:
    for name in ("sample_pages", "pages"):
        if getattr(opts, name) < _FEWEST_PAGES:
            raise ConfigError(f"--{name.replace('_', '-')} must be at least {_FEWEST_PAGES}")
    try:
        given = arglist_to_dict([*opts.set, *opts.given])
    except ValueError:
        raise ConfigError("-s must be given as NAME=VALUE") from None
    settings = get_project_settings()
    settings.setdict(given, priority="cmdline")
    runs = UserRuns(opts.url, settings, given, (opts.sample_pages, opts.pages))
    return lambda say: {"workload": opts.url, **_advising(runs, opts, say)}


def _advising(runs: Runs, opts: argparse.Namespace, say: Say) -> dict[str, Any]:
    rounds = opts.rounds or (1 if opts.url else _ROUNDS)
    return Advising(runs, usable_cores(), rounds, say).run()
