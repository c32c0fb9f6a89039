"""``scrapy demo``: crawls the demo web, without the internet."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import SETTINGS_PRIORITIES

from crawlproj.commands.crawl import raise_setup_error
from crawlproj.commands.environment import warn_of_misspelt
from crawlproj.commands.pipes import while_read
from crawlproj.commands.usage import KnowsItsOptions
from crawlproj.masking import masked

if TYPE_CHECKING:
    import argparse

    from scrapy.settings import BaseSettings

DATABASE = "demo.db"


class Command(KnowsItsOptions, ScrapyCommand):
    """Starts the demo web on loopback, crawls it, and prints where the results are."""

    requires_project = True

    def syntax(self) -> str:
        """Return what follows ``scrapy demo``."""
        return "[options]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Crawl the built-in demo web, without the internet"

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Override the project's settings with those that the demo needs."""
        super().process_options(args, opts)
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        url = f"sqlite:///{DATABASE}"
        own = {
            "FRONTIER_URL": url,
            "STORE_URL": url,
            "FRONTIER_RESET": True,
            "GUARD_ALLOW": ["127.0.0.0/8"],
            "RETRY_TIMES": 1,
            "CONCURRENCY_REFUSALS": 10,
            "LOG_LEVEL": "ERROR",
        }
        for name, value in own.items():
            if (self.settings.getpriority(name) or 0) < SETTINGS_PRIORITIES["cmdline"]:
                self.settings.set(name, value, priority="cmdline")
        if self.settings["LOG_LEVEL"] == "ERROR":
            warn_of_misspelt(self.settings)

    @while_read
    def run(self, args: list[str], opts: argparse.Namespace) -> None:  # noqa: ARG002 - none used
        """Crawl into demo.db in the working directory, which is deleted first."""
        from crawlproj.demo import DEMO_SITES, DemoWeb  # noqa: PLC0415 - other commands need none

        if args:
            raise UsageError("demo takes no arguments")
        process = self.crawler_process
        assert process is not None  # noqa: S101 - Scrapy sets it
        for leftover in Path().glob(f"{DATABASE}*"):
            leftover.unlink()
        with (
            tempfile.TemporaryDirectory() as folder,
            DemoWeb(DEMO_SITES, Path(folder, "access.log")) as web,
        ):
            running = process.crawl("site", url=",".join(web.urls.values()))
            process.start()
        raise_setup_error(running)
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        sys.stderr.write(where_results_are(self.settings))


def where_results_are(settings: BaseSettings) -> str:
    """Return the lines that end a demo: where its results are, and how to see them."""
    own = f"sqlite:///{DATABASE}"
    frontier, store = (settings.get(name) or "" for name in ("FRONTIER_URL", "STORE_URL"))
    if store == own:
        lines = [
            f"The results are in {DATABASE}, tables pages and failures. To see some:",
            f"  sqlite3 {DATABASE} 'select url, title from pages limit 5'",
        ]
    elif store:
        lines = [f"The results are in {masked(store)}, which STORE_URL names."]
    else:
        lines = ["No results were stored, because STORE_URL is empty."]
    if frontier == own:
        lines += [
            "To see the state of each site:",
            f"  {scrapy_command()} status -s FRONTIER_URL={own}",
        ]
    return "\n" + "\n".join(lines) + "\n"


def scrapy_command() -> str:
    """Return how to start this environment's ``scrapy``, which may not be on the PATH."""
    own = str(Path(sys.executable).with_name("scrapy"))
    return "scrapy" if shutil.which("scrapy") == own else own
