"""``python -m crawlproj.demo.scrapyd``: the project in a scrapyd on loopback, step by step."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from crawlproj.demo import DemoWeb, SiteSpec
from crawlproj.demo.scrapyd_server import Scrapyd
from crawlproj.errors import CrawlprojError
from crawlproj.fleet.server import EmbeddedRedis
from crawlproj.frontier.redis.admin import RedisAdmin
from crawlproj.frontier.redis.connection import RedisConfig

if TYPE_CHECKING:
    from crawlproj.frontier.base import Totals

FOLDER = Path("demo-run/scrapyd")
# A worker claims only as many sites as keep it busy; with few in flight it leaves some for others.
SHARED = tuple(SiteSpec(f"site{n}", pages=40, latency_s=0.05) for n in range(16))
SETTINGS = {"GUARD_ALLOW": "127.0.0.0/8", "CONCURRENT_REQUESTS": "4"}
LONG = SiteSpec("long", "slow", pages=3000)
_CRAWL_TIMEOUT_S = 180.0
_DRAIN_TIMEOUT_S = 20.0
_MIN_REQUESTS = 100  # of the long crawl, before it is cancelled


def main() -> int:
    """Run in ``demo-run/scrapyd``, which is emptied first; returns 0 if every step succeeded."""
    console = Console(highlight=False)
    if why := Scrapyd.missing():
        console.print(f"This demo needs scrapyd: {why}", style="red", markup=False)
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    folder = FOLDER.resolve()
    (folder / "scrapyd").mkdir(parents=True)
    store = folder / "pages.db"
    try:
        with (
            DemoWeb([*SHARED, LONG], folder / "access.log") as web,
            EmbeddedRedis(folder / "redis") as redis,
            Scrapyd(
                folder / "scrapyd",
                {"CRAWLPROJ_REDIS_URL": redis.url, "CRAWLPROJ_STORE_URL": f"sqlite:///{store}"},
            ) as scrapyd,
        ):
            demo = Demo(console, web, scrapyd, redis.url, store)
            demo.deploy(folder)
            succeeded = demo.share_a_crawl()
            demo.cancel_a_job()
    except CrawlprojError as exc:
        console.print(f"\n{exc}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        # Not by the console: the signal may have come while it printed.
        sys.stdout.write("\nStopped, and all its processes with it.\n")
        return 130
    console.print(
        f"\nThe jobs' logs:  {FOLDER}/scrapyd/logs/crawlproj/site"
        f"\nThe pages:       {FOLDER}/{store.name}, tables pages and failures"
        "\nOn your server:  docs/how-to/deploy.md",
        markup=False,
    )
    if not succeeded:
        console.print(
            "\nNot every page was stored and fetched exactly once: see the logs.", style="red"
        )
    return 0 if succeeded else 1


class Demo:
    """The steps of the demo; each prints its purpose and its result."""

    def __init__(
        self, console: Console, web: DemoWeb, scrapyd: Scrapyd, redis_url: str, store: Path
    ) -> None:
        self._console = console
        self._web = web
        self._scrapyd = scrapyd
        self._redis_url = redis_url
        self._store = store
        self._say(f"Running on loopback: {len(web.urls)} sites, Redis, and scrapyd with a password")

    def deploy(self, folder: Path) -> None:
        """Deploy the project as an egg."""
        self._say("Deploy the project as an egg", "scrapyd-deploy")
        checkout = self._scrapyd.pack(folder)
        with self._console.status("packing and uploading"):
            spiders = self._scrapyd.deploy(checkout)
        self._found(f"spiders deployed: {', '.join(spiders)}")

    def share_a_crawl(self) -> bool:
        """Let two jobs share a crawl; returns whether each page was fetched once and stored."""
        self._say(
            "Start two jobs that share one crawl",
            "scrapyd-client schedule -p crawlproj site --arg url=…",
            "scrapyd-client schedule -p crawlproj site --arg url=…",
        )
        sites = [spec.name for spec in SHARED]
        arguments = {"url": ",".join(self._web.url(name) for name in sites)}
        jobs = [self._scrapyd.schedule("site", SETTINGS, arguments) for _ in range(2)]
        with self._console.status("crawling, for some seconds"):
            self._scrapyd.wait(jobs, _CRAWL_TIMEOUT_S)
        for job in jobs:
            self._found(f"job {job}: {len(self._scrapyd.items(job)):,} items")
        wanted = set[str]().union(*(self._web.expected(name).pages for name in sites))
        stored = self._stored()
        twice = repeated(self._web, wanted)
        self._found(
            f"{len(stored & wanted):,} of {len(wanted):,} pages stored, {len(twice)} fetched twice"
        )
        return stored == wanted and not twice

    def cancel_a_job(self) -> None:
        """Cancel a long crawl and show that it loses nothing."""
        self._say(
            "Start a third job and cancel it",
            "curl -u USER:PASSWORD …/cancel.json -d project=crawlproj -d job=… -d signal=TERM",
        )
        url = self._web.url(LONG.name)
        job = self._scrapyd.schedule("site", SETTINGS, {"url": url})
        deadline = time.monotonic() + _CRAWL_TIMEOUT_S
        with self._console.status("crawling"):
            while sum(line.site == LONG.name for line in self._web.log()) < _MIN_REQUESTS:
                if time.monotonic() > deadline:
                    raise CrawlprojError(
                        f"the job did not crawl; its log:\n{self._scrapyd.log(job)}"
                    )
                time.sleep(0.1)
        began = time.monotonic()
        self._scrapyd.cancel(job)
        with self._console.status("draining"):
            self._scrapyd.wait([job], _DRAIN_TIMEOUT_S)
        took_s = time.monotonic() - began
        totals = asyncio.run(totals_of(self._redis_url, f"site host {url}/"))
        self._found(
            f"ended after {took_s:.1f} s: {totals.done:,} URLs done, "
            f"{totals.pending:,} left for the next job, {totals.leased} still leased"
        )

    def _stored(self) -> set[str]:
        with closing(sqlite3.connect(self._store)) as db:
            return {url for (url,) in db.execute("SELECT url FROM pages")}

    def _say(self, step: str, *commands: str) -> None:
        self._console.print(f"\n[bold]{step}[/bold]")
        for command in commands:
            self._console.print(f"  $ {command}", style="dim", markup=False, soft_wrap=True)

    def _found(self, text: str) -> None:
        self._console.print(f"  {text}", markup=False)


def repeated(web: DemoWeb, pages: set[str]) -> set[str]:
    """Return the URLs among ``pages`` that were served more than once."""
    served = Counter(web.url(line.site) + line.path for line in web.log() if line.status == 200)
    return {url for url in pages if served[url] > 1}


async def totals_of(redis_url: str, job: str) -> Totals:
    """Return the totals of a job."""
    admin = RedisAdmin(RedisConfig(redis_url), job)
    try:
        return await admin.totals()
    finally:
        await admin.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: end what was started
    sys.exit(main())
