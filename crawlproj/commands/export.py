"""``scrapy export``: a table of the store as a file that other tools read."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawlproj.commands.environment import ReadsEnvironment
from crawlproj.commands.pipes import while_read
from crawlproj.config import text
from crawlproj.errors import ConfigError, CrawlprojError
from crawlproj.plural import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from crawlproj.export.export import Request


class Command(ReadsEnvironment, ScrapyCommand):
    """Exit status: 0 written, 1 the store or the file failed, 2 wrong usage or a wrong setting."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - Scrapy's way

    def syntax(self) -> str:
        """Return what follows ``scrapy export``."""
        return "[options] <file>"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Write a table of the store to a CSV, JSON Lines, Excel, Parquet or SQLite file"

    def long_desc(self) -> str:
        """Return the description in ``scrapy export --help``."""
        return (
            "Write a table of the store that STORE_URL names to a file; its extension is the "
            "format: .csv, .jsonl, .xlsx, .parquet or .sqlite. The file appears whole or not at "
            "all, and replaces an older one. A crawl may write to the store meanwhile: the file "
            "has the rows as they were when the export began. Example: scrapy export pages.csv "
            "--columns url,title --site example.org --since 7d"
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options to Scrapy's."""
        super().add_options(parser)
        add = parser.add_argument
        add(
            "--table",
            default="",
            help="pages, failures, skipped, links, changes, dropped_items, or the table of an item "
            "class (default: the file's name without its extension)",
        )
        add(
            "--columns", default="", metavar="NAMES", help="with commas between them (default: all)"
        )
        add("--site", default="", metavar="HOSTS", help="rows of these hosts: a.example,b.example")
        add("--status", default="", help="pages or failures with these statuses: 200,301 or 4xx")
        add("--reason", default="", metavar="NAMES", help="rows with these reasons: timeout,dns")
        add("--content-type", default="", metavar="TYPE", help="pages whose type begins with this")
        add(
            "--since",
            metavar="TIME",
            help="rows of this time or later: 2026-11-28, or 7d for seven days ago; UTC",
        )
        add("--until", metavar="TIME", help="rows from before this time")
        add("--distinct", action="store_true", help="pages without those that equal an earlier one")
        add("--limit", type=int, metavar="N", help="at most N rows")

    @while_read
    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Export to the file named by ``args``."""
        # Scrapy imports every command to list them, and no other needs this.
        from crawlproj.export.export import export  # noqa: PLC0415
        from crawlproj.report.bar import RowsBar  # noqa: PLC0415

        if len(args) != 1:
            raise UsageError("name one file, for example: scrapy export pages.parquet")
        assert self.settings is not None  # noqa: S101 - Scrapy sets it
        # An interrupted export removes what it has written so far.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _end)
        path = Path(args[0])
        try:
            request = _request(path, opts)
            store_url = text(self.settings, "STORE_URL", "")
            frontier_url = text(self.settings, "FRONTIER_URL", "")
            with RowsBar(path.name) as bar:

                def begin(table: str, count: Callable[[], int]) -> None:
                    if not bar.disable:
                        bar.begin(table, count())

                done = export(
                    request, store_url, keep=(frontier_url,), begin=begin, progress=bar.show
                )
        except ConfigError as exc:
            raise UsageError(str(exc), print_help=False) from None
        except CrawlprojError as exc:
            print(f"error: {exc}", file=sys.stderr)
            self.exitcode = 1
        except KeyboardInterrupt:
            print(f"interrupted; {path} was not written", file=sys.stderr)
            self.exitcode = 130
        else:
            size = path.stat().st_size
            print(f"{path} has {counted(done.rows, 'row')} of {done.table} ({size:,} bytes)")
            for note in done.notes:
                print(f"note: {note}", file=sys.stderr)


def _request(path: Path, opts: argparse.Namespace) -> Request:
    from crawlproj.export import words  # noqa: PLC0415 - see above
    from crawlproj.export.export import Request  # noqa: PLC0415
    from crawlproj.export.selection import Filters  # noqa: PLC0415

    if opts.limit is not None and opts.limit < 1:
        raise ConfigError(f"--limit must be at least 1, not {opts.limit}")
    now = time.time()
    filters = Filters(
        site=words.sites(opts.site),
        status=words.statuses(opts.status),
        reason=words.names(opts.reason),
        content_type=words.names(opts.content_type),
        since=None if opts.since is None else words.moment("--since", opts.since, now),
        until=None if opts.until is None else words.moment("--until", opts.until, now),
        distinct=opts.distinct,
    )
    return Request(path, opts.table, words.names(opts.columns), filters, opts.limit)


def _end(number: int, _: Any) -> None:
    raise SystemExit(128 + number)
