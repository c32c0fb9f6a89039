"""``scrapy demo``: the main job without the internet."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.demo import DEMO_SITES, DemoWeb

if TYPE_CHECKING:
    import argparse

DATABASE = "demo.db"


class Command(ScrapyCommand):
    """Starts the demo web on loopback, crawls it, and says where the results are."""

    requires_project = True
    default_settings = {"GUARD_ALLOW": ["127.0.0.0/8"]}  # noqa: RUF012 - Scrapy's way

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Crawl the built-in demo web, without the internet"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Crawl into demo.db in the working directory, from the start each time."""
        if args or opts.output:
            raise UsageError("demo takes no arguments")
        process = self.crawler_process
        assert process is not None  # noqa: S101 - Scrapy sets it
        url = f"sqlite:///{DATABASE}"
        for name, value in (
            ("FRONTIER_URL", url),
            ("STORE_URL", url),
            ("FRONTIER_RESET", True),
            ("RETRY_TIMES", 1),
        ):
            process.settings.set(name, value, priority="command")
        for leftover in Path().glob(f"{DATABASE}*"):
            leftover.unlink()
        with (
            tempfile.TemporaryDirectory() as folder,
            DemoWeb(DEMO_SITES, Path(folder, "access.log")) as web,
        ):
            process.crawl("site", url=",".join(web.urls.values()))
            process.start()
        query = "select status, title, duplicate_of from pages limit 5"
        sys.stderr.write(
            f"\nThe pages are in {DATABASE}. Look at them:\n"
            f"  sqlite3 {DATABASE} '{query}'\n"
            f"or: python -c \"import sqlite3; print(*sqlite3.connect('{DATABASE}').execute("
            f"'{query}'), sep='\\n')\"\n"
        )
