"""``scrapy replay``: crawls from WARC files instead of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from crawlproj.commands import crawl

if TYPE_CHECKING:
    import argparse


class Command(crawl.Command):
    """Runs a spider as ``scrapy crawl`` does, with the same options and exit statuses."""

    def syntax(self) -> str:
        """Return what follows ``scrapy replay``."""
        return "[options] DIR [spider]"

    def short_desc(self) -> str:
        """Return the line of ``scrapy --help``."""
        return "Crawl from WARC files instead of the network"

    def long_desc(self) -> str:
        """Return the description in ``scrapy replay --help``."""
        return (
            "Run a spider on the responses in DIR, a folder with WARC files or one such file, "
            "by any writer. No request is sent. A page that the files do not have is skipped as "
            "not-archived. State and pages go to replay.db. Without a spider, take every URL in "
            "the archive. Example: scrapy replay warc site -a url=https://example.org"
        )

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Let the settings name the archive."""
        super().process_options(args, opts)
        if args:
            assert self.settings is not None  # noqa: S101 - Scrapy sets it
            self.settings.set("REPLAY_DIR", args[0], priority="cmdline")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider named by ``args``, or the one that takes the whole archive."""
        if not 1 <= len(args) <= 2:
            raise UsageError(
                "name a folder with WARC files, and perhaps a spider, for example: "
                "scrapy replay warc site -a url=…"
            )
        super().run(args[1:] or ["archived"], opts)
