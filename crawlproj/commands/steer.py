"""The base of the commands that steer a crawl. Not a command itself."""

from __future__ import annotations

import asyncio
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from scrapy.exceptions import UsageError

from crawlproj.commands.environment import ReadsEnvironment
from crawlproj.commands.fleets import frontiers_of_fleets
from crawlproj.commands.pipes import while_read
from crawlproj.errors import CrawlprojError, FrontierError
from crawlproj.frontier.commands import Verb
from crawlproj.frontier.finding import ALIVE_S, choose, controls_of, jobs_at
from crawlproj.masking import masked
from crawlproj.plural import counted
from crawlproj.scheduling.crawl_config import CrawlConfig
from crawlproj.steering import misspelt, verbs

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from crawlproj.frontier.command_log import Controls
    from crawlproj.frontier.commands import Command, Preview, Selection

_WAIT_S = 5.0  # for workers to obey
_WAIT_LONG_S = 60.0  # for a command that changes entries
_LOOK_S = 0.1
_SITES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a command is given: the job's controls and its name, who gives it, and when."""

    controls: Controls
    job: str
    who: str
    at: float
    dry_run: bool

    async def give(self, command: Command, what: str) -> None:
        """Append a command and say what comes of it.

        what: the command in words, such as "pause a.test".
        """
        generation, finished = await self.controls.generation()
        place = f"job {self.job!r}, generation {generation}"
        if self.dry_run:
            print(f"Would {what} ({place}). Nothing was changed.")
            await self._doubt(command)
            return
        number = await self.controls.append(command)
        print(f"Command {number}: {what} ({place})")
        await self._doubt(command)
        alive = {one.worker for one in await self.controls.workers(time.time() - ALIVE_S)}
        if (meant := command.arguments.get("worker")) is not None:
            alive &= {meant}
        if not alive:
            print(_of_next_run(command, finished=finished))
            return
        await self._follow(number, command, alive)

    async def _doubt(self, command: Command) -> None:
        """Say so if the job does not have the site, because it may be misspelt."""
        if doubt := misspelt.of_command(command, await self.controls.known_sites()):
            print(f"  {plain(doubt)}")

    async def check_worker(self, name: str) -> None:
        """Raise FrontierError, naming those there are, if no worker of this name is alive."""
        alive = {one.worker for one in await self.controls.workers(time.time() - ALIVE_S)}
        if name not in alive:
            known = ", ".join(sorted(alive)) or "none, because no crawl runs"
            raise FrontierError(f"there is no worker {name!r}; the workers are: {known}")

    async def _follow(self, number: int, command: Command, alive: set[str]) -> None:
        """Print results until every worker that is alive, or the one that is needed, has one."""
        began, shown = time.monotonic(), set[str]()
        patience_s = _WAIT_LONG_S if command.changes else _WAIT_S
        while time.monotonic() - began < patience_s:
            record = await self.controls.record(number)
            for result in record.results if record is not None else ():
                if result.worker not in shown:
                    shown.add(result.worker)
                    urls = f": {counted(result.urls, 'URL')}" if command.changes else ""
                    note = f" ({result.note})" if result.note else ""
                    delay_s = max(0.0, result.at - self.at)
                    print(f"  obeyed by {result.worker} after {delay_s:.1f} s{urls}{note}")
            if shown >= alive or (command.changes and shown):
                return
            await asyncio.sleep(_LOOK_S)
        left = ", ".join(sorted(alive - shown))
        print(f"  no answer yet from {left}: the command stays, and is obeyed when they answer")

    async def preview(self, verb: Verb, selection: Selection, state: str) -> Preview:
        """Count what a selection selects, and print that; of none, which words may be misspelt.

        state: of the URLs, "pending" or "failed".
        """
        found = await self.controls.preview(verb, selection)
        print(f"Selected: {counted(found.urls, f'{state} URL')}")
        for site, urls in list(found.sites.items())[:_SITES_SHOWN]:
            print(f"  {urls:>9,}  {plain(site)}")
        if (more := len(found.sites) - _SITES_SHOWN) > 0:
            print(f"  and {more:,} more sites")
        if found.urls:
            print("for example")
            for url in found.examples[:3]:
                print(f"  {plain(url)}")
        else:
            for doubt in await misspelt.why_nothing(self.controls, selection):
                print(f"  {plain(doubt)}")
        return found


class Steers(ReadsEnvironment, ABC):
    """A command of Scrapy that gives a command to a crawl; mixed into ScrapyCommand.

    Exit statuses: 0 done, 1 the frontier cannot be reached, 2 wrong usage.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar = {"LOG_ENABLED": False}
    exitcode: int
    dry_run = True  # whether there is the option

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add what every such command takes."""
        super().add_options(parser)
        parser.add_argument("--job", default="", help="the job, if the frontier has several")
        if self.dry_run:
            parser.add_argument(
                "-n",
                "--dry-run",
                action="store_true",
                help="say what would happen, and change nothing",
            )

    @abstractmethod
    async def steer(self, desk: Desk, args: list[str], opts: argparse.Namespace) -> None:
        """Give the command. Raises UsageError or CrawlprojError."""

    @while_read
    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Find the job, and give the command."""
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        try:
            config = CrawlConfig.from_settings(self.settings)
            config.frontier()
        except CrawlprojError as exc:
            raise UsageError(str(exc), print_help=False) from None
        urls = frontiers_of_fleets(self.settings) or [config.frontier_url]
        try:
            asyncio.run(self._steer(urls, config, args, opts))
        except FrontierError as exc:
            print(f"error: {exc}", file=sys.stderr)
            self.exitcode = 1
        except CrawlprojError as exc:
            raise UsageError(str(exc), print_help=False) from None

    async def _steer(
        self, urls: list[str], config: CrawlConfig, args: list[str], opts: argparse.Namespace
    ) -> None:
        if len(urls) > 1:
            places = ", ".join(map(masked, urls))
            raise FrontierError(
                f"several fleets run here: say which one is meant, with -s FRONTIER_URL=…: {places}"
            )
        (url,) = urls
        job = choose(await jobs_at(url, config.redis_params), opts.job)
        controls = controls_of(url, job, config.redis_params)
        dry_run = bool(getattr(opts, "dry_run", False))
        try:
            desk = Desk(controls, job, verbs.user(), time.time(), dry_run)
            await self.steer(desk, args, opts)
        finally:
            await controls.close()


def sites_in(args: list[str]) -> list[str]:
    """Return the sites that are given; all of them if none is."""
    return args or ["*"]


def of_sites(site: str) -> str:
    """Return a pattern of sites in words."""
    return "the crawl" if site == "*" else plain(site)


def selected(chosen: Selection) -> str:
    """Return a selection in words."""
    return plain(chosen.words)


def batched(urls: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield ``urls`` in lists of at most ``size``."""
    for at in range(0, len(urls), size):
        yield urls[at : at + size]


def clock(at: float | None) -> str:
    """Return ", until …" in local time; "" for None."""
    if at is None:
        return ""
    form = "%H:%M:%S" if at - time.time() < 43_200 else "%Y-%m-%d %H:%M"
    return f" until {time.strftime(form, time.localtime(at))}"


def plain(text: str) -> str:
    """Return text from elsewhere as it reads, unable to steer a terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def add_until(parser: argparse.ArgumentParser) -> None:
    """Add the option that says when a command ends by itself."""
    parser.add_argument(
        "--until",
        metavar="WHEN",
        help="when that ends by itself: 10m, 2h, 15:30 or 2026-11-28T15:30 (default: never)",
    )


def until(opts: argparse.Namespace, now: float) -> float | None:
    """Return the time that ``--until`` gives."""
    return verbs.moment(opts.until, now) if opts.until else None


def _of_next_run(command: Command, *, finished: bool) -> str:
    if finished and not command.reopens and command.changes:
        return "  The job is finished, so there is nothing to change."
    if command.reopens:
        return (
            "  No crawl runs. The next run of the same spider continues the job, and fetches them."
        )
    if command.verb is Verb.DRAIN:
        return "  No crawl runs, so nothing is drained: the next run does not obey it."
    return "  No crawl runs. The next run obeys it."
