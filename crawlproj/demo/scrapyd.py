"""``python -m crawlproj.demo.scrapyd``: the project under a scrapyd on loopback, step by step."""

from __future__ import annotations

import asyncio
import shutil
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
# A worker takes on as many sites as keep it busy: with few in flight it leaves some to the other.
SHARED = tuple(SiteSpec(f"site{n}", pages=40, latency_s=0.05) for n in range(16))
SETTINGS = {"GUARD_ALLOW": "127.0.0.0/8", "CONCURRENT_REQUESTS": "4"}
LONG = SiteSpec("long", "slow", pages=3000)
_CRAWL_TIMEOUT_S = 180.0
_DRAIN_TIMEOUT_S = 20.0
_WORTH_CANCELLING = 100  # requests after which the long crawl is well under way


def main() -> int:
    """Run it in ``demo-run/scrapyd``, made anew; returns 0 if everything was as it should be."""
    console = Console(highlight=False)
    if why := Scrapyd.missing():
        console.print(f"This needs scrapyd: {why}", style="red", markup=False)
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
            right = demo.share_a_crawl()
            demo.cancel_a_job()
    except CrawlprojError as exc:
        console.print(f"\n{exc}", style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; its processes have ended.")
        return 130
    console.print(
        f"\nThe jobs' logs:  {FOLDER}/scrapyd/logs/crawlproj/site"
        f"\nThe pages:       {FOLDER}/{store.name}, tables pages and failures"
        "\nOn your server:  docs/how-to/deploy.md",
        markup=False,
    )
    if not right:
        console.print("\nNot every page was stored and fetched once: see the logs.", style="red")
    return 0 if right else 1


class Demo:
    """The steps; each says what it does and what came of it."""

    def __init__(
        self, console: Console, web: DemoWeb, scrapyd: Scrapyd, redis_url: str, store: Path
    ) -> None:
        self._console = console
        self._web = web
        self._scrapyd = scrapyd
        self._redis_url = redis_url
        self._store = store
        self._say(f"On loopback: {len(web.urls)} sites, a Redis, a scrapyd with a password")

    def deploy(self, folder: Path) -> None:
        """Send the project as an egg."""
        self._say("The project, deployed as an egg", "scrapyd-deploy")
        checkout = self._scrapyd.pack(folder)
        with self._console.status("packing and sending it"):
            spiders = self._scrapyd.deploy(checkout)
        self._found(f"spiders there: {', '.join(spiders)}")

    def share_a_crawl(self) -> bool:
        """Let two jobs crawl the same sites; returns whether each page was stored and got once."""
        self._say(
            "Two jobs that share one crawl",
            "scrapyd-client schedule -p crawlproj site --arg url=…",
            "scrapyd-client schedule -p crawlproj site --arg url=…",
        )
        sites = [spec.name for spec in SHARED]
        arguments = {"url": ",".join(self._web.url(name) for name in sites)}
        jobs = [self._scrapyd.schedule("site", SETTINGS, arguments) for _ in range(2)]
        with self._console.status("they are crawling; some seconds"):
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
        """Stop a long crawl in order, and show that it lost nothing."""
        self._say(
            "A third job, cancelled",
            "curl -u USER:PASSWORD …/cancel.json -d project=crawlproj -d job=… -d signal=TERM",
        )
        url = self._web.url(LONG.name)
        job = self._scrapyd.schedule("site", SETTINGS, {"url": url})
        deadline = time.monotonic() + _CRAWL_TIMEOUT_S
        with self._console.status("it is crawling"):
            while sum(line.site == LONG.name for line in self._web.log()) < _WORTH_CANCELLING:
                if time.monotonic() > deadline:
                    raise CrawlprojError(f"it crawled nothing; its log:\n{self._scrapyd.log(job)}")
                time.sleep(0.1)
        began = time.monotonic()
        self._scrapyd.cancel(job)
        with self._console.status("it drains"):
            self._scrapyd.wait([job], _DRAIN_TIMEOUT_S)
        took_s = time.monotonic() - began
        totals = asyncio.run(totals_of(self._redis_url, f"site host {url}/"))
        self._found(
            f"ended after {took_s:.1f} s: {totals.done:,} URLs done, "
            f"{totals.pending:,} for whoever goes on, {totals.leased} still leased"
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
    """Return those of ``pages`` that were served more than once."""
    served = Counter(web.url(line.site) + line.path for line in web.log() if line.status == 200)
    return {url for url in pages if served[url] > 1}


async def totals_of(redis_url: str, job: str) -> Totals:
    """Return where the URLs of a job are."""
    admin = RedisAdmin(RedisConfig(redis_url), job)
    try:
        return await admin.totals()
    finally:
        await admin.close()


if __name__ == "__main__":
    sys.exit(main())
